//! The nodes that the watch tells of: by which name weft knows each, and which of them are cordoned, since when, by whom and why.

use super::config::{KubernetesConfig, NodeNames};
use super::object::{Node, Taint, ns};
use crate::operations::one_line;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use kube::runtime::watcher::Event;
use std::collections::{HashMap, HashSet};

const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
const HOSTNAME: &str = "kubernetes.io/hostname";
/// Of a reason, characters that are kept.
const MOST_SAID: usize = 300;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownNode {
    /// As weft's collector there is called.
    pub device: String,
    pub cordon: Option<Cordon>,
}

/// A node that takes no further pods because somebody said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cordon {
    pub since_ns: i64,
    /// The program by which it was cordoned: `kubectl`. Kubernetes keeps no name of a person.
    pub who: String,
    pub reason: String,
}

#[derive(Debug, Default)]
pub struct Nodes {
    known: HashMap<String, KnownNode>,
    listing: Option<HashSet<String>>,
    pub is_listed: bool,
}

impl Nodes {
    pub fn all(&self) -> impl Iterator<Item = (&str, &KnownNode)> {
        self.known.iter().map(|(name, node)| (name.as_str(), node))
    }

    /// The device that a node of this name is to weft.
    pub fn device<'a>(&'a self, name: &'a str, names: NodeNames) -> &'a str {
        match (names, self.known.get(name)) {
            (NodeNames::Name, _) => name,
            (_, Some(node)) => &node.device,
            (_, None) => short(name),
        }
    }

    pub fn take_in(&mut self, event: Event<Node>, config: &KubernetesConfig, now_ns: i64) {
        match event {
            Event::Init => self.listing = Some(HashSet::new()),
            Event::InitApply(node) => {
                let name = self.put(&node, config, now_ns);
                self.listing.get_or_insert_default().extend(name);
            }
            Event::InitDone => {
                let listed = self.listing.take().unwrap_or_default();
                self.known.retain(|name, _| listed.contains(name));
                self.is_listed = true;
            }
            Event::Apply(node) => _ = self.put(&node, config, now_ns),
            Event::Delete(node) => _ = node.metadata.name.and_then(|name| self.known.remove(&name)),
        }
    }

    fn put(&mut self, node: &Node, config: &KubernetesConfig, now_ns: i64) -> Option<String> {
        let name = node.metadata.name.clone()?;
        let before = self.known.get(&name).and_then(|known| known.cordon.as_ref());
        // The first word about a cordon counts: its taint is added a moment later, with a time of its own.
        let since_ns = before.map(|cordon| cordon.since_ns);
        let cordon = cordon(node, config).map(|(told_ns, who, reason)| Cordon {
            since_ns: since_ns.or(told_ns).unwrap_or(now_ns).min(now_ns),
            who,
            reason,
        });
        self.known.insert(name.clone(), KnownNode { device: device(node, &name, config.node_names), cordon });
        Some(name)
    }
}

fn device(node: &Node, name: &str, names: NodeNames) -> String {
    let hostname = || node.metadata.labels.as_ref()?.get(HOSTNAME);
    match names {
        NodeNames::Name => name,
        NodeNames::Short => short(name),
        NodeNames::Hostname => hostname().map_or(name, String::as_str),
    }
    .to_owned()
}

fn short(name: &str) -> &str {
    name.split_once('.').map_or(name, |(first, _)| first)
}

/// Since when, by whom and why; `None` of a node that is not cordoned.
fn cordon(node: &Node, config: &KubernetesConfig) -> Option<(Option<i64>, String, String)> {
    let is_told = |taint: &&Taint| config.maintenance_taints.contains(&taint.key);
    let announcing = node.spec.taints.iter().find(is_told);
    if !node.spec.unschedulable && announcing.is_none() {
        return None;
    }
    let manager = node.metadata.managed_fields.iter().flatten().find(|entry| sets_unschedulable(entry));
    let taint = announcing.or_else(|| node.spec.taints.iter().find(|taint| taint.key == UNSCHEDULABLE));
    let by_manager = manager.and_then(|entry| ns(Some(&entry.time.as_ref()?.0.to_string())));
    let since_ns = taint.and_then(|taint| ns(taint.time_added.as_deref())).or(by_manager);
    let who = manager.and_then(|entry| entry.manager.clone()).unwrap_or_default();
    let said = |key: &String| node.metadata.annotations.as_ref()?.get(key).filter(|text| !text.trim().is_empty());
    let by_taint = |taint: &Taint| match taint.value.as_deref() {
        None | Some("") => taint.key.clone(),
        Some(value) => format!("{}={value}", taint.key),
    };
    let reason = config.reason_annotations.iter().find_map(said).cloned();
    let reason = reason.or_else(|| announcing.map(by_taint)).unwrap_or_else(|| "cordoned".to_owned());
    Some((since_ns, who, one_line(&reason).chars().take(MOST_SAID).collect()))
}

/// Kubernetes notes by which program each field was set last.
fn sets_unschedulable(entry: &ManagedFieldsEntry) -> bool {
    entry.fields_v1.as_ref().is_some_and(|fields| fields.0.pointer("/f:spec/f:unschedulable").is_some())
}
