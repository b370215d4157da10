//! Pods and their jobs, step by step.

use super::{S, Scene, apply, at, ended, job, list, parsed, pod, running, status, t};
use crate::kubernetes::config::KubernetesConfig;
use crate::kubernetes::owners::owner;
use crate::kubernetes::span::span;
use kube::runtime::watcher::Event;
use serde_json::{Value, json};

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
        let found = owner(&parsed(pod), &config);
        let shown = found.map_or_else(
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
        let span = span(&parsed(told), &["train"], t() + 100 * S);
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
    // Of one kind yesterday, of another today.
    let mut scene = Scene::default();
    let over = pod("q", "n2", json!({"jobset.sigs.k8s.io/jobset-name": "x"}), ended("Failed", 0, 9));
    scene.pods(apply(over), 10).pods(apply(pod("p", "n1", job("x"), running(20))), 21);
    assert_eq!(scene.jobs(), ["team-a/x n1 - 20..runs", "team-a/x (JobSet) n2 - 0..9"]);
}

#[test]
fn leaders_are_numbered_before_workers_where_both_count_from_0() {
    for (pods, expected) in [
        (&[("master", 0), ("worker", 0), ("worker", 1)][..], &["0", "1", "2"][..]),
        (&[("launcher", 0), ("worker", 1), ("worker", 2)], &["0", "1", "2"]),
        (&[("worker", 0), ("worker", 1)], &["0", "1"]),
        (&[("ps", 0), ("worker", 0)], &["-", "-"]),
    ] {
        let mut scene = Scene::default();
        for (role, index) in pods {
            let of = |key: &str| format!("training.kubeflow.org/{key}");
            let labels = json!({of("job-name"): "x", of("replica-type"): role, of("replica-index"): index.to_string()});
            let name = format!("{role}-{index}");
            scene.pods(apply(pod(&name, &name, labels, running(0))), 1);
        }
        let ranks: Vec<String> =
            scene.jobs().iter().map(|line| line.split(' ').nth(2).unwrap_or_default().to_owned()).collect();
        assert_eq!(ranks, expected, "{pods:?}");
    }
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
