//! What an API server really told.

use super::{S, Scene, list, parsed, t};
use crate::kubernetes::config::KubernetesConfig;
use crate::kubernetes::maintenance::announced;
use crate::kubernetes::object::{Node, Pod};
use kube::runtime::watcher::Event;
use serde::de::DeserializeOwned;
use serde_json::Value;

const PODS: &str = include_str!("../fixtures/pods-list.json");
const PODS_WATCH: &str = include_str!("../fixtures/pods-watch.jsonl");
const NODES: &str = include_str!("../fixtures/nodes-list.json");
const NODES_WATCH: &str = include_str!("../fixtures/nodes-watch.jsonl");

fn listed<K: DeserializeOwned>(answer: &str) -> Vec<Event<K>> {
    let answer: Value = serde_json::from_str(answer).unwrap();
    list(answer["items"].as_array().unwrap())
}

/// The changes of a recorded watch; bookmarks are kept from readers by kube's watcher.
fn changes<K: DeserializeOwned>(recorded: &str) -> Vec<Event<K>> {
    let lines = recorded.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let event = |line: Value| match line["type"].as_str().unwrap() {
        "ADDED" | "MODIFIED" => Some(Event::Apply(parsed(line["object"].clone()))),
        "DELETED" => Some(Event::Delete(parsed(line["object"].clone()))),
        _ => None,
    };
    lines.filter_map(event).collect()
}

/// Two jobs share gpu003; `web` has no GPU, and `waits` no node.
#[test]
fn jobs_are_read_off_a_recorded_list() {
    let mut scene = Scene::default();
    scene.pods(listed(PODS), 1).nodes(listed(NODES), 1);
    assert_eq!(
        scene.jobs(),
        [
            "team-a/llm gpu004 0 1..runs worker",
            "team-a/llm gpu005 1 1..runs worker",
            "team-a/resnet gpu001 0 0..runs",
            "team-a/resnet gpu002 1 0..runs",
            "team-b/bert-a gpu003 0 0..runs",
            "team-b/bert-b gpu003 0 1..runs",
            "team-b/notebook gpu006 0 1..runs",
            "team-b/vllm gpu003 - 1..runs vllm-9fd859f7d-bpqlm",
        ]
    );
    assert!(scene.maintenance().is_empty());
}

/// A container that is started again in place, a pod of a Job that fails and is made anew, a pod that ends, two that are drained
/// from a cordoned node, and the end of the Job: after each event that changes something, the lines of the job that it is about.
#[test]
fn a_recorded_watch_is_followed_event_by_event() {
    let mut scene = Scene::default();
    scene.pods(listed(PODS), 1);
    let mut told: Vec<(String, Vec<String>)> = Vec::new();
    for event in changes(PODS_WATCH) {
        let of = |pod: &Pod| pod.metadata.name.clone().unwrap();
        let name = match &event {
            Event::Apply(pod) => of(pod),
            Event::Delete(pod) => format!("{} is deleted", of(pod)),
            _ => unreachable!(),
        };
        let stem = format!(
            "/{} ",
            name.split('-').take(if name.starts_with("bert") { 2 } else { 1 }).collect::<Vec<_>>().join("-")
        );
        let before = scene.jobs();
        let after = scene.pods([event], 30).jobs();
        if before != after {
            told.push((name, after.into_iter().filter(|line| line.contains(&stem)).collect()));
        }
    }
    let expected: [(&str, &[&str]); 7] = [
        ("resnet-1-76qxs", &["team-a/resnet gpu001 0 0..runs"]),
        ("resnet-1-hzglr", &["team-a/resnet gpu001 0 0..runs", "team-a/resnet gpu005 1 18..runs"]),
        ("bert-a-0-2l76s", &["team-b/bert-a gpu003 0 0..22"]),
        ("bert-b-0-bjwqm", &["team-b/bert-b gpu003 0 1..25"]),
        ("vllm-9fd859f7d-bpqlm", &["team-b/vllm gpu003 - 1..26 vllm-9fd859f7d-bpqlm"]),
        ("resnet-0-z24rj", &["team-a/resnet gpu005 1 18..runs"]),
        ("resnet-1-hzglr", &["team-a/resnet gpu001 0 0..28", "team-a/resnet gpu005 1 18..29"]),
    ];
    assert_eq!(told.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), expected.map(|(name, _)| name));
    for ((name, lines), (_, expected)) in told.iter().zip(expected) {
        assert_eq!(lines, expected, "{name}");
    }
    assert!(scene.pods.settle(t() + 400 * S));
    assert_eq!(scene.jobs().len(), 3, "what was over for five minutes is forgotten: {:?}", scene.jobs());
}

#[test]
fn a_recorded_cordon_is_maintenance_once_the_last_job_there_has_ended() {
    let reason_annotations = vec!["other".to_owned(), "site.example/reason".to_owned()];
    let config = KubernetesConfig { reason_annotations, ..KubernetesConfig::default() };
    let mut scene = Scene { config, ..Scene::default() };
    scene.pods(listed(PODS), 1).nodes(listed(NODES), 1);
    let [annotated, cordoned, tainted, uncordoned, untainted] =
        <[Event<Node>; 5]>::try_from(changes(NODES_WATCH)).unwrap();
    scene.nodes([annotated, cordoned], 21);
    assert!(scene.maintenance().is_empty(), "three jobs run there");
    scene.pods(changes(PODS_WATCH), 30);
    assert_eq!(scene.maintenance(), ["gpu003 26 kubectl: new firmware"], "from the end of the last pod there");
    let id = |scene: &Scene| announced(scene.pods.all(), &scene.nodes)[0].id.clone();
    let before = id(&scene);
    scene.nodes([tainted], 31);
    assert_eq!((id(&scene), scene.maintenance().len()), (before, 1), "the taint comes a moment later");
    scene.nodes([uncordoned], 40);
    assert!(scene.maintenance().is_empty());
    scene.nodes([untainted], 41);
    assert!(scene.maintenance().is_empty());
}

/// Two pods of a JobSet on one node, each with two GPUs by a resource claim.
#[test]
fn pods_may_claim_their_gpus() {
    let recorded = || listed(include_str!("../fixtures/claims-pods-list.json"));
    assert!(Scene::default().pods(recorded(), 1).jobs().is_empty(), "a claim may be one of anything");
    let config = KubernetesConfig { claims: vec!["gpu*".into()], ..KubernetesConfig::default() };
    let mut scene = Scene { config, ..Scene::default() };
    assert_eq!(scene.pods(recorded(), 1).jobs(), ["team-c/diffusion gpu001 0 2592..runs workers"]);
}
