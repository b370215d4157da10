//! What is made of pods and nodes, as an API server told of them and step by step.

use super::config::{KubernetesConfig, NodeNames};
use super::jobs::rows;
use super::maintenance::announced;
use super::nodes::Nodes;
use super::object::{Node, Pod, ns};
use super::pods::Pods;
use super::trouble::{Then, trouble};
use kube::core::Status;
use kube::runtime::watcher::{Error, Event};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const S: i64 = 1_000_000_000;
const PODS: &str = include_str!("fixtures/pods-list.json");
const PODS_WATCH: &str = include_str!("fixtures/pods-watch.jsonl");
const NODES: &str = include_str!("fixtures/nodes-list.json");
const NODES_WATCH: &str = include_str!("fixtures/nodes-watch.jsonl");

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

#[test]
fn the_owner_is_the_first_kind_whose_label_a_pod_has() {
    let by = |kind: &str, name: &str| json!([{"kind": kind, "name": name, "uid": "u", "apiVersion": "v1", "controller": true}]);
    let jobset = json!({
        "jobset.sigs.k8s.io/jobset-name": "llama", "jobset.sigs.k8s.io/replicatedjob-name": "node",
        "batch.kubernetes.io/job-name": "llama-node-0", "batch.kubernetes.io/job-completion-index": "3",
    });
    let operator = |role: &str| {
        let of = |key: &str| format!("training.kubeflow.org/{key}");
        json!({of("job-name"): "llm", of("replica-type"): role, of("replica-index"): "3", "job-name": "llm-launcher"})
    };
    let none = json!({});
    for (labels, owners, expected) in [
        (jobset.clone(), by("Job", "llama-node-0"), "JobSet llama node 3"),
        (operator("Worker"), none.clone(), "training-operator llm worker 3"),
        (operator("master"), none.clone(), "training-operator llm worker 3 leads"),
        (operator("ps"), none.clone(), "training-operator llm ps 3"),
        (
            json!({"volcano.sh/job-name": "v", "volcano.sh/task-spec": "trainer", "volcano.sh/task-index": "1"}),
            none.clone(),
            "Volcano Job v trainer 1",
        ),
        (
            json!({
                "leaderworkerset.sigs.k8s.io/name": "l", "leaderworkerset.sigs.k8s.io/group-index": "1",
                "leaderworkerset.sigs.k8s.io/worker-index": "2",
            }),
            by("StatefulSet", "l-1"),
            "LeaderWorkerSet l 1 2",
        ),
        (
            json!({"kueue.x-k8s.io/pod-group-name": "g", "kueue.x-k8s.io/pod-group-pod-index": "2"}),
            none.clone(),
            "Kueue pod group g  2",
        ),
        (json!({"ray.io/cluster": "r", "ray.io/group": "gpus"}), by("RayCluster", "r"), "RayCluster r gpus -"),
        (json!({"job-name": "old"}), by("Job", "old"), "Job old  -"),
        (json!({"pod-template-hash": "5d7"}), by("ReplicaSet", "vllm-a-5d7"), "Deployment vllm-a p -"),
        (json!({"apps.kubernetes.io/pod-index": "4"}), by("StatefulSet", "s"), "StatefulSet s  4"),
        (none.clone(), by("TrainingRun", "own"), "TrainingRun own  -"),
        (none.clone(), by("Node", "gpu001"), "Pod p  -"),
        (none.clone(), by("DaemonSet", "burn-in"), "none"),
        (none.clone(), none.clone(), "Pod p  -"),
        (json!({"site/run": "r7", "site/part": "eval", "site/n": "5", "job-name": "x"}), none, "job label r7 eval 5"),
    ] {
        let mut pod = pod("p", "n", labels.clone(), running(0));
        if owners.is_array() {
            pod["metadata"]["ownerReferences"] = owners;
        }
        let keys = |key: &str| vec![key.to_owned()];
        let config = KubernetesConfig {
            job_labels: keys("site/run"),
            group_labels: keys("site/part"),
            rank_labels: keys("site/n"),
            ..KubernetesConfig::default()
        };
        let owner = super::owners::owner(&parsed(pod), &config);
        let shown = owner.map_or_else(
            || "none".to_owned(),
            |owner| {
                assert_eq!(owner.namespace, "team-a");
                let index = owner.index.map_or_else(|| "-".to_owned(), |index| index.to_string());
                let leads = if owner.is_leader { " leads" } else { "" };
                format!("{} {} {} {index}{leads}", owner.kind, owner.name, owner.group)
            },
        );
        assert_eq!(shown, expected, "{labels}");
    }
}

/// Of one pod, from what to what it works.
#[test]
fn a_pod_works_while_its_containers_with_gpus_do() {
    let sidecar = |train: Value| {
        json!({"phase": "Running", "containerStatuses": [
            {"name": "proxy", "state": {"running": {"startedAt": at(1)}}}, {"name": "train", "state": train}]})
    };
    let over = json!({"terminated": {"exitCode": 0, "startedAt": at(5), "finishedAt": at(90)}});
    let crashed = json!({"terminated": {"exitCode": 1, "startedAt": at(5), "finishedAt": at(90)}});
    let waits = json!({"waiting": {"reason": "ContainerCreating"}});
    let evicted = json!({"phase": "Failed", "reason": "Evicted", "conditions": [
        {"type": "Ready", "lastTransitionTime": at(70)}, {"type": "PodScheduled", "lastTransitionTime": at(1)}]});
    let lost = json!({"phase": "Failed", "containerStatuses": [{"name": "train", "state": {"running": {"startedAt": at(5)}}}]});
    for (policy, status, expected) in [
        ("Never", status("Pending", waits), "-..-"),
        ("Never", running(5), "5..-"),
        ("Never", sidecar(over.clone()), "5..90"),
        ("Never", sidecar(crashed.clone()), "5..90"),
        ("OnFailure", sidecar(over.clone()), "5..90"),
        ("OnFailure", sidecar(crashed.clone()), "5..-"),
        ("Always", sidecar(over), "5..-"),
        ("Always", ended("Failed", 5, 60), "5..60"),
        ("Never", evicted, "-..70"),
        ("Never", lost, "5..100"),
    ] {
        let mut told = pod("p", "n", json!({}), status.clone());
        told["spec"]["restartPolicy"] = policy.into();
        let span = super::span::span(&parsed(told), &["train"], t() + 100 * S);
        let seconds = |ns: Option<i64>| ns.map_or_else(|| "-".to_owned(), |ns| ((ns - t()) / S).to_string());
        assert_eq!(format!("{}..{}", seconds(span.start_ns), seconds(span.end_ns)), expected, "{policy} {status}");
    }
}

#[test]
fn a_job_all_of_whose_pods_are_made_anew_goes_on_under_its_name() {
    let mut scene = Scene::default();
    let two = |name: &str, nodes: [&str; 2], status: Value| {
        let one = |n: usize| apply(pod(&format!("{name}-{n}"), nodes[n], job("llama"), status.clone()));
        [one(0), one(1)].into_iter().flatten()
    };
    let (first, second) = (["n1", "n2"], ["n2", "n3"]);
    for (events, expected) in [
        (two("a", first, status("Pending", json!({}))).collect::<Vec<_>>(), &[][..]),
        (two("a", first, running(10)).collect(), &["team-a/llama n1 - 10..runs", "team-a/llama n2 - 10..runs"]),
        (two("a", first, ended("Failed", 10, 99)).collect(), &["team-a/llama n1 - 10..99", "team-a/llama n2 - 10..99"]),
        (two("b", second, running(110)).collect(), &["team-a/llama n2 - 110..runs", "team-a/llama n3 - 110..runs"]),
        (
            two("b", second, ended("Succeeded", 110, 200)).collect(),
            &["team-a/llama n2 - 110..200", "team-a/llama n3 - 110..200"],
        ),
    ] {
        assert_eq!(scene.pods(events, 120).jobs(), expected);
    }
}

#[test]
fn what_a_new_list_does_not_have_ended_when_that_was_heard() {
    let mut scene = Scene::default();
    let [a, b] = ["a", "b"].map(|name| pod(name, "n1", json!({}), running(0)));
    scene.pods(list(&[a.clone(), b]), 1);
    scene.pods([Event::Init, Event::InitApply(parsed(a.clone()))], 50);
    assert_eq!(scene.jobs(), ["team-a/a n1 - 0..runs", "team-a/b n1 - 0..runs"], "the list is not whole yet");
    scene.pods([Event::InitDone], 50);
    assert_eq!(scene.jobs(), ["team-a/a n1 - 0..runs", "team-a/b n1 - 0..50"]);
    scene.pods([Event::Delete(parsed(a))], 60);
    assert_eq!(scene.jobs(), ["team-a/a n1 - 0..60", "team-a/b n1 - 0..50"]);
}

/// The kubelet of a lost node ends no pod, and its pods are told as terminating for ever.
#[test]
fn a_pod_whose_time_to_be_deleted_is_past_has_ended() {
    let mut scene = Scene::default();
    let mut lost = pod("a", "n1", json!({}), running(0));
    lost["metadata"]["deletionTimestamp"] = at(30).into();
    scene.pods(apply(lost.clone()), 5);
    assert!(!scene.pods.settle(t() + 29 * S));
    assert_eq!(scene.jobs(), ["team-a/a n1 - 0..runs"]);
    assert!(scene.pods.settle(t() + 31 * S));
    assert_eq!(scene.jobs(), ["team-a/a n1 - 0..30"]);
    scene.pods(apply(lost), 40);
    assert_eq!((scene.pods.settle(t() + 41 * S), scene.jobs().len()), (true, 1));
}

#[test]
fn two_kinds_of_one_name_are_two_jobs_and_roles_that_count_alike_have_no_ranks() {
    let mut scene = Scene::default();
    let of_set = |name: &str, node: &str, role: &str| {
        let labels = json!({
            "jobset.sigs.k8s.io/jobset-name": "x", "jobset.sigs.k8s.io/replicatedjob-name": role,
            "batch.kubernetes.io/job-completion-index": "0",
        });
        apply(pod(name, node, labels, running(0)))
    };
    scene.pods(apply(pod("p", "n1", job("x"), running(0))), 1);
    assert_eq!(scene.jobs(), ["team-a/x n1 - 0..runs"]);
    scene.pods(of_set("q", "n2", "actor").into_iter().chain(of_set("r", "n3", "learner")), 1);
    // Two pods of one role on one node are one row.
    scene.pods(of_set("s", "n3", "learner"), 1);
    assert_eq!(
        scene.jobs(),
        ["team-a/x n2 - 0..runs actor", "team-a/x n3 - 0..runs learner", "team-a/x (Job) n1 - 0..runs"]
    );
}

#[test]
fn nodes_go_by_the_name_that_their_collectors_have() {
    for (node_names, expected) in [
        (NodeNames::Name, "ip-10-0-0-1.ec2.internal"),
        (NodeNames::Short, "ip-10-0-0-1"),
        (NodeNames::Hostname, "gpu001"),
    ] {
        let config = KubernetesConfig { node_names, ..KubernetesConfig::default() };
        let mut scene = Scene { config, ..Scene::default() };
        let name = "ip-10-0-0-1.ec2.internal";
        let node = json!({
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": "gpu001"}}, "spec": {"unschedulable": true},
        });
        scene.nodes(list(&[node]), 7);
        assert_eq!(scene.maintenance(), [format!("{expected} 7 : cordoned")]);
        scene.pods(apply(pod("p", name, json!({}), running(0))), 1);
        assert_eq!(scene.jobs(), [format!("team-a/p {expected} - 0..runs")]);
        scene.nodes([Event::Init, Event::InitDone], 9);
        assert!(scene.maintenance().is_empty());
    }
}

#[test]
fn a_taint_may_announce_maintenance_and_a_daemon_set_holds_nobody_up() {
    let config = KubernetesConfig { maintenance_taints: vec!["site/repair".into()], ..KubernetesConfig::default() };
    let mut scene = Scene { config, ..Scene::default() };
    let node = |key: &str| {
        let taints = json!([{"key": key, "value": "psu", "effect": "NoSchedule", "timeAdded": at(3)}]);
        json!({"metadata": {"name": "n1"}, "spec": {"taints": taints}})
    };
    let mut burn_in = pod("p", "n1", json!({}), running(0));
    burn_in["metadata"]["ownerReferences"] =
        json!([{"kind": "DaemonSet", "name": "d", "uid": "u", "apiVersion": "v1", "controller": true}]);
    scene.pods(apply(burn_in), 1).nodes(list(&[node("nvidia.com/gpu")]), 7);
    assert!(scene.maintenance().is_empty() && scene.jobs().is_empty());
    scene.nodes([Event::Apply(parsed(node("site/repair")))], 8);
    assert_eq!(scene.maintenance(), ["n1 3 : site/repair=psu"]);
}

#[test]
fn gpus_are_told_by_patterns() {
    let config = KubernetesConfig::default();
    for (resource, is_gpu) in [
        ("nvidia.com/gpu", true),
        ("nvidia.com/mig-1g.10gb", true),
        ("amd.com/gpu", true),
        ("nvidia.com/gpumem", false),
        ("rdma/hca", false),
    ] {
        let mut told = pod("p", "n1", json!({}), running(0));
        told["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "1", resource: "2"}});
        let mut scene = Scene { config: config.clone(), ..Scene::default() };
        assert_eq!(scene.pods(apply(told.clone()), 1).jobs().len(), usize::from(is_gpu), "{resource}");
        told["spec"]["containers"][0]["resources"] = json!({"limits": {resource: "0"}});
        let mut scene = Scene { config: config.clone(), ..Scene::default() };
        assert!(scene.pods(apply(told), 1).jobs().is_empty());
    }
}

#[test]
fn what_is_wrong_is_said_with_what_to_do() {
    let status = |text: &str| -> Box<Status> { serde_json::from_str(text).unwrap() };
    let forbidden = || status(include_str!("fixtures/forbidden.json"));
    let unauthorized = || status(include_str!("fixtures/unauthorized.json"));
    let expired: Value = serde_json::from_str(include_str!("fixtures/expired.jsonl")).unwrap();
    let expired = || status(&expired["object"].to_string());
    let api = |status| kube::Error::Api(status);
    let service = |text: &'static str| kube::Error::Service(text.into());
    for (error, then, said) in [
        (
            Error::InitialListFailed(api(forbidden())),
            Then::TriesAgain,
            "forbids weft to list pods (pods is forbidden: User \"weft\" cannot list resource \"pods\" in API group \"\" at the \
             cluster scope); add the rule {apiGroups: [\"\"], resources: [pods], verbs: [get, list, watch]}",
        ),
        (Error::WatchStartFailed(api(forbidden())), Then::TriesAgain, "forbids weft to watch pods"),
        (Error::InitialListFailed(api(unauthorized())), Then::ConnectAnew, "renew the token"),
        (Error::WatchError(expired()), Then::ListsAnew, "too old resource version: 201 (373)"),
        (
            Error::InitialListFailed(service("Connection refused")),
            Then::TriesAgain,
            "https://k cannot be asked to list pods",
        ),
        (Error::WatchStartFailed(service("invalid peer certificate")), Then::TriesAgain, "see certificate-authority"),
        (Error::NoResourceVersion, Then::TriesAgain, "is it an API server"),
    ] {
        let (does, text) = trouble(&error, "pods", "https://k");
        assert!(does == then && text.contains(said), "{does:?} {text}");
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let sound = KubernetesConfig { enabled: true, namespaces: vec!["team-a".into()], ..KubernetesConfig::default() };
    assert_eq!((sound.check(), KubernetesConfig::default().check()), (Ok(()), Ok(())));
    for (config, said) in [
        (KubernetesConfig { gpus: Vec::new(), ..sound.clone() }, "write [\"nvidia.com/gpu\"]"),
        (KubernetesConfig { gpus: vec!["*".into()], ..sound.clone() }, "names no resource"),
        (KubernetesConfig { gpus: vec!["a*b".into()], ..sound.clone() }, "names no resource"),
        (KubernetesConfig { namespaces: vec!["a b".into()], ..sound.clone() }, "leave the key out"),
        (KubernetesConfig { timeout_s: 1, ..sound }, "5 to 3600"),
    ] {
        assert!(config.check().unwrap_err().to_string().contains(said), "{said}");
    }
}
