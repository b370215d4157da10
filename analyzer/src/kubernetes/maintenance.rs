//! What Kubernetes says of work at nodes.
//!
//! | Kubernetes | weft |
//! |---|---|
//! | a node that is cordoned, and no pod with GPUs works there any more | under maintenance until it is uncordoned |
//! | a node that is cordoned, and whose last job still runs | watched: that job has a right to know |
//! | a node with one of `maintenance_taints` | as one that is cordoned |
//! | a node that is not ready | watched: nobody announced that |
//! | a node whose object is deleted | watched by what its collector tells; its maintenance is over |
//!
//! Pods of DaemonSets keep no node at work: they stay there while it is drained. The work begins with the cordon, or with the end of
//! the last pod there, where that came later.

use super::nodes::Nodes;
use super::pods::GpuPod;
use crate::operations::{Announced, AnnouncedPart};
use std::collections::{HashMap, HashSet};

pub const SOURCE: &str = "kubernetes";
const SECOND_NS: i64 = 1_000_000_000;

pub fn announced<'a>(pods: impl Iterator<Item = &'a GpuPod>, nodes: &Nodes) -> Vec<Announced> {
    let (mut busy, mut ended): (HashSet<&str>, HashMap<&str, i64>) = (HashSet::new(), HashMap::new());
    for pod in pods.filter(|pod| pod.owner.is_some()) {
        if pod.works() {
            busy.insert(&pod.node);
        }
        let end_ns = pod.span.end_ns.unwrap_or(i64::MIN);
        ended.entry(&pod.node).and_modify(|last| *last = end_ns.max(*last)).or_insert(end_ns);
    }
    let idle = nodes.all().filter(|(name, _)| !busy.contains(name));
    let mut all: Vec<Announced> = idle
        .filter_map(|(name, node)| {
            let cordon = node.cordon.as_ref()?;
            Some(Announced {
                id: format!("cordon-{name}-{}", cordon.since_ns / SECOND_NS),
                parts: vec![AnnouncedPart { device: node.device.clone(), ..AnnouncedPart::default() }],
                from_ns: ended.get(name).map_or(cordon.since_ns, |end_ns| cordon.since_ns.max(*end_ns)),
                until_ns: None,
                who: cordon.who.clone(),
                reason: cordon.reason.clone(),
                source: SOURCE.to_owned(),
            })
        })
        .collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    all
}
