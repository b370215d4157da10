//! What is made of pods and nodes, as an API server told of them and step by step.

mod jobs;
mod nodes;
mod recorded;
mod said;

use super::config::KubernetesConfig;
use super::jobs::rows;
use super::maintenance::announced;
use super::nodes::Nodes;
use super::object::{Node, Pod, ns};
use super::pods::Pods;
use kube::runtime::watcher::Event;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const S: i64 = 1_000_000_000;

/// The second in which the first pods of the fixtures started.
fn t() -> i64 {
    ns(Some("2026-11-30T20:33:51Z")).unwrap()
}

fn parsed<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// A whole list, as a watch begins with it.
fn list<K: DeserializeOwned>(items: &[Value]) -> Vec<Event<K>> {
    let listed = items.iter().cloned().map(|item| Event::InitApply(parsed(item)));
    [Event::Init].into_iter().chain(listed).chain([Event::InitDone]).collect()
}

/// A cluster as it is known.
#[derive(Default)]
struct Scene {
    config: KubernetesConfig,
    pods: Pods,
    nodes: Nodes,
}

impl Scene {
    fn pods(&mut self, events: impl IntoIterator<Item = Event<Pod>>, now_s: i64) -> &mut Scene {
        events.into_iter().for_each(|event| self.pods.take_in(event, &self.config, t() + now_s * S));
        self
    }

    fn nodes(&mut self, events: impl IntoIterator<Item = Event<Node>>, now_s: i64) -> &mut Scene {
        events.into_iter().for_each(|event| self.nodes.take_in(event, &self.config, t() + now_s * S));
        self
    }

    /// Job, device, rank, start and end in seconds from [`t`], group.
    fn jobs(&self) -> Vec<String> {
        let seconds = |ns: Option<i64>| ns.map_or_else(|| "runs".to_owned(), |ns| ((ns - t()) / S).to_string());
        let all = rows(self.pods.all(), &self.nodes, &self.config);
        let line = |row: weft_wire::plan::PlanJob| {
            let rank = row.rank.map_or_else(|| "-".to_owned(), |rank| rank.to_string());
            let device = row.device.trim_end_matches(".cluster.example");
            let (start, end) = (seconds(row.start_ns), seconds(row.end_ns));
            format!("{} {device} {rank} {start}..{end} {}", row.job, row.group).trim_end().to_owned()
        };
        all.into_iter().map(line).collect()
    }

    /// Device, beginning, who and why.
    fn maintenance(&self) -> Vec<String> {
        let line = |told: crate::operations::Announced| {
            assert_eq!((told.until_ns, told.source.as_str(), told.parts.len()), (None, "kubernetes", 1));
            let device = told.parts[0].device.trim_end_matches(".cluster.example");
            format!("{device} {} {}: {}", (told.from_ns - t()) / S, told.who, told.reason)
        };
        announced(self.pods.all(), &self.nodes).into_iter().map(line).collect()
    }
}

/// A pod of one container with eight GPUs.
fn pod(name: &str, node: &str, labels: Value, status: Value) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "team-a", "uid": format!("uid of {name}"), "labels": labels},
        "spec": {
            "nodeName": node, "restartPolicy": "Never",
            "containers": [{"name": "train", "resources": {"limits": {"cpu": "90", "nvidia.com/gpu": "8"}}}],
        },
        "status": status,
    })
}

fn at(s: i64) -> String {
    jiff::Timestamp::from_nanosecond((t() + s * S).into()).unwrap().to_string()
}

fn status(phase: &str, state: Value) -> Value {
    json!({"phase": phase, "containerStatuses": [{"name": "train", "state": state}]})
}

fn running(from_s: i64) -> Value {
    status("Running", json!({"running": {"startedAt": at(from_s)}}))
}

fn ended(phase: &str, from_s: i64, to_s: i64) -> Value {
    let state = json!({"exitCode": 1, "startedAt": at(from_s), "finishedAt": at(to_s)});
    status(phase, json!({"terminated": state}))
}

fn job(name: &str) -> Value {
    json!({"batch.kubernetes.io/job-name": name})
}

fn apply(pod: Value) -> [Event<Pod>; 1] {
    [Event::Apply(parsed(pod))]
}
