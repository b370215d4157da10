//! The pods with GPUs that one watch tells of: those that work, and for five minutes those that did.
//!
//! A pod takes some 430 bytes here, whatever its own size (measured, docs/journal/2026-11-30-kube.md), and one without GPUs none: 12,500
//! nodes with a pod of eight GPUs each are 5 MB.

use super::config::KubernetesConfig;
use super::object::{Container, Pod, Resources, ns};
use super::owners::{Owner, owner};
use super::span::{Span, span};
use kube::runtime::watcher::Event;
use std::collections::{HashMap, HashSet};
use xxhash_rust::xxh3::xxh3_128;

/// Pods with GPUs that are remembered: 100,000 GPUs, each a pod of its own, and as many that ended of late.
const MOST: usize = 400_000;
/// A pod that ended is told with its end for so long, as Slurm tells of its jobs (`MinJobAge`).
const TOLD_NS: i64 = 300_000_000_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpuPod {
    /// `None`: of no job, but of its node (a DaemonSet).
    pub owner: Option<Owner>,
    pub node: String,
    pub span: Span,
    /// When it is deleted at the latest.
    pub deadline_ns: Option<i64>,
}

impl GpuPod {
    pub fn works(&self) -> bool {
        self.span.start_ns.is_some() && self.span.end_ns.is_none()
    }

    /// By this time it is over.
    fn end(&mut self, now_ns: i64) {
        let end_ns = self.deadline_ns.map_or(now_ns, |deadline_ns| deadline_ns.min(now_ns));
        self.span.end_ns.get_or_insert(end_ns);
    }
}

/// A pod's uid, shortened to a hash.
type Uid = u128;

#[derive(Debug, Default)]
pub struct Pods {
    known: HashMap<Uid, GpuPod>,
    /// Those that the list which is being told has so far.
    listing: Option<HashSet<Uid>>,
    /// Whether a whole list was told once.
    pub is_listed: bool,
    /// Pods for which there was no room.
    pub refused: u64,
}

impl Pods {
    pub fn all(&self) -> impl Iterator<Item = &GpuPod> {
        self.known.values()
    }

    /// Takes in what the watch tells. `now_ns`: the present time, for what ended at no known time.
    pub fn take_in(&mut self, event: Event<Pod>, config: &KubernetesConfig, now_ns: i64) {
        match event {
            Event::Init => self.listing = Some(HashSet::new()),
            Event::InitApply(pod) => {
                let uid = self.put(&pod, config, now_ns);
                self.listing.get_or_insert_default().extend(uid);
            }
            Event::InitDone => {
                let listed = self.listing.take().unwrap_or_default();
                let gone = self.known.iter_mut().filter(|(uid, _)| !listed.contains(*uid));
                gone.for_each(|(_, pod)| pod.end(now_ns));
                self.is_listed = true;
            }
            Event::Apply(pod) => _ = self.put(&pod, config, now_ns),
            Event::Delete(pod) => {
                let gone = self.put(&pod, config, now_ns).and_then(|uid| self.known.get_mut(&uid));
                gone.into_iter().for_each(|pod| pod.end(now_ns));
            }
        }
    }

    /// Ends those whose time to be deleted is past, and forgets those that were over for five minutes. Whether there were any.
    pub fn settle(&mut self, now_ns: i64) -> bool {
        let is_due = |pod: &&mut GpuPod| {
            pod.span.end_ns.is_none() && pod.deadline_ns.is_some_and(|deadline_ns| deadline_ns <= now_ns)
        };
        let due = self.known.values_mut().filter(is_due).map(|pod| pod.end(now_ns)).count();
        let before = self.known.len();
        self.known.retain(|_, pod| pod.span.end_ns.is_none_or(|end_ns| end_ns.saturating_add(TOLD_NS) > now_ns));
        due > 0 || self.known.len() < before
    }

    /// `None` of a pod without GPUs or node, or for which there is no room.
    fn put(&mut self, pod: &Pod, config: &KubernetesConfig, now_ns: i64) -> Option<Uid> {
        let gpus: Vec<&str> =
            pod.spec.containers.iter().filter(|own| has_gpus(own, config)).map(|own| own.name.as_str()).collect();
        if gpus.is_empty() || pod.spec.node_name.is_empty() {
            return None;
        }
        let uid = xxh3_128(pod.metadata.uid.as_deref()?.as_bytes());
        let mut span = span(pod, &gpus, now_ns);
        let before = self.known.get(&uid);
        if before.is_none() && self.known.len() >= MOST {
            self.refused += 1;
            return None;
        }
        if let Some(Span { start_ns, end_ns }) = before.map(|before| before.span) {
            // Kubernetes tells of the last start alone: a container that was started again worked before.
            span.start_ns = [start_ns, span.start_ns].into_iter().flatten().min();
            // What ended at no known time ended when that was heard first.
            span.end_ns = span.end_ns.map(|end| end_ns.unwrap_or(end).min(end));
        }
        let deletion = pod.metadata.deletion_timestamp.as_ref().map(|time| time.0.to_string());
        let known = GpuPod {
            owner: owner(pod, config),
            node: pod.spec.node_name.clone(),
            span,
            deadline_ns: ns(deletion.as_deref()),
        };
        self.known.insert(uid, known);
        Some(uid)
    }
}

fn has_gpus(container: &Container, config: &KubernetesConfig) -> bool {
    let Resources { limits, requests, claims } = &container.resources;
    limits.iter().chain(requests).any(|(resource, quantity)| quantity != "0" && config.is_gpu(resource))
        || claims.iter().any(|claim| config.claims_gpus(&claim.name))
}
