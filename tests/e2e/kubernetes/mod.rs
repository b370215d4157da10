//! Kubernetes as a running analyzer watches it, by its real client over HTTP: lists, changes, versions that are too old, refusals,
//! a token that is renewed, and an API server that is away.

mod api_server;

use api_server::{ApiServer, Cluster, fixture};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use weft_analyzer::kubernetes::{KubernetesConfig, watch};
use weft_analyzer::operations::{Book, JobsInForce, Source};
use weft_wire::plan::PlanJob;

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what} did not come");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn kubeconfig(dir: &Path, address: &str, token: &str) -> PathBuf {
    let path = dir.join("config");
    let text = format!(
        "{{apiVersion: v1, kind: Config, current-context: c, contexts: [{{name: c, context: {{cluster: k, user: u}}}}], clusters: \
         [{{name: k, cluster: {{server: \"http://{address}\"}}}}], users: [{{name: u, user: {{token: {token}}}}}]}}"
    );
    std::fs::write(dir.join("new"), text).expect("a kubeconfig");
    std::fs::rename(dir.join("new"), &path).expect("in its place");
    path
}

/// The rows that were told last, as far as they still run: job and device.
#[derive(Default)]
struct Rows(Vec<PlanJob>);

impl Rows {
    fn are(&mut self, jobs: &JobsInForce, is_so: impl Fn(&[String]) -> bool) -> bool {
        self.0 = jobs.take().unwrap_or(std::mem::take(&mut self.0));
        let running = self.0.iter().filter(|row| row.end_ns.is_none());
        is_so(&running.map(|row| format!("{} {}", row.job, row.device)).collect::<Vec<_>>())
    }
}

fn recorded_events(name: &str) -> Vec<Value> {
    fixture(name).lines().map(|line| serde_json::from_str(line).expect("an event")).collect()
}

fn times(asked: &[String], what: &str) -> usize {
    asked.iter().filter(|asked| asked.starts_with(what)).count()
}

#[tokio::test]
async fn pods_and_nodes_are_followed_through_all_that_an_api_server_may_say() {
    let (server, dir) = (ApiServer::start(Cluster::recorded()).await, tempfile::tempdir().unwrap());
    let address = server.address.to_string();
    let config = KubernetesConfig {
        enabled: true,
        kubeconfig: Some(kubeconfig(dir.path(), &address, "first")),
        ..KubernetesConfig::default()
    };
    let (jobs, book) = (JobsInForce::default(), Arc::new(Book::default()));
    let watching = tokio::spawn(watch(config, jobs.clone(), book.clone()));
    let (mut rows, has) = (Rows::default(), |rows: &[String], row: &str| rows.iter().any(|told| told == row));
    until("the list", || rows.are(&jobs, |rows| rows.len() == 8)).await;
    until("the watches", || times(&server.asked(), "watch ") == 2).await;
    assert!(jobs.troubles().is_empty() && book.list().is_empty());

    // Changes: the pod of a Job on gpu002 fails and is made anew on gpu005; gpu003 is cordoned, and drained.
    let moved = |rows: &[String]| {
        !has(rows, "team-a/resnet gpu002.cluster.example") && !rows.iter().any(|row| row.contains("gpu003"))
    };
    let is_cordon = |event: &Value| event["object"]["spec"]["unschedulable"] == true;
    let cordons: Vec<Value> = recorded_events("nodes-watch.jsonl").into_iter().filter(is_cordon).collect();
    server.change(|cluster| {
        cluster.pods.events = recorded_events("pods-watch.jsonl");
        cluster.nodes.events = cordons;
    });
    until("the changes", || rows.are(&jobs, moved)).await;
    until("the cordon", || book.list().len() == 1).await;
    assert_eq!(book.list()[0].parts[0].device, "gpu003.cluster.example");

    // A watch ends and goes on from where it was; one that is too old lists all anew: a pod is gone, and was not told of.
    let lists = times(&server.asked(), "list pods");
    server.interrupt(|_| {});
    let at = format!("watch pods {}", 1000 + recorded_events("pods-watch.jsonl").len());
    until("the watch again", || times(&server.asked(), &at) == 1).await;
    assert_eq!(times(&server.asked(), "list pods"), lists);
    server.interrupt(|cluster| {
        cluster.pods.items.retain(|pod| pod["metadata"]["name"] == "notebook-0");
        cluster.pods.oldest = cluster.pods.events.len() + 1;
        cluster.pods.events.push(serde_json::json!({"type": "BOOKMARK", "object": {"kind": "Pod", "metadata": {}}}));
    });
    until("the new list", || rows.are(&jobs, |rows| *rows == ["team-b/notebook gpu006.cluster.example"])).await;
    assert!(jobs.troubles().is_empty(), "{:?}", jobs.troubles());

    // Who asks may no more: what is wrong, how to mend it, and no job has ended.
    server.interrupt(|cluster| cluster.forbids = vec!["/"]);
    until("the trouble", || jobs.troubles().iter().any(|said| said.contains("watch pods"))).await;
    let said = jobs.troubles().remove(0);
    assert!(
        said.starts_with("kubernetes: ") && said.contains("resources: [pods], verbs: [get, list, watch]"),
        "{said}"
    );
    assert!(said.contains("what it said of pods") && said.contains("s ago stays in force"), "{said}");
    server.interrupt(|cluster| cluster.forbids = Vec::new());
    until("the mend", || jobs.troubles().is_empty()).await;

    // The token is over, and its file renewed.
    server.interrupt(|cluster| cluster.token = "second".to_owned());
    until("the trouble", || jobs.troubles().iter().any(|said| said.contains("renew the token"))).await;
    assert!(rows.are(&jobs, |rows| rows.len() == 1), "no job has ended");
    kubeconfig(dir.path(), &address, "second");
    until("the mend", || jobs.troubles().is_empty()).await;
    assert_eq!((rows.are(&jobs, |rows| rows.len() == 1), book.list().len()), (true, 1));
    watching.abort();
}

/// Of three watches two are refused, and hold up nothing that the third one tells.
#[tokio::test]
async fn what_may_not_be_watched_holds_up_nothing_else() {
    let forbids = vec!["/api/v1/namespaces/team-b", "/api/v1/nodes"];
    let (server, dir) =
        (ApiServer::start(Cluster { forbids, ..Cluster::recorded() }).await, tempfile::tempdir().unwrap());
    let config = KubernetesConfig {
        enabled: true,
        kubeconfig: Some(kubeconfig(dir.path(), &server.address.to_string(), "first")),
        namespaces: vec!["team-a".into(), "team-b".into()],
        ..KubernetesConfig::default()
    };
    let (jobs, book) = (JobsInForce::default(), Arc::new(Book::default()));
    jobs.asks(Source::Kubernetes);
    let earlier = |job: &str| PlanJob { job: job.into(), device: "n1".into(), ..PlanJob::default() };
    jobs.remember([(Source::Kubernetes, vec![earlier("team-a/over"), earlier("team-b/goes on")])].into());
    let watching = tokio::spawn(watch(config, jobs.clone(), book.clone()));
    let mut rows = Rows::default();
    let expected =
        ["team-a/llm gpu004", "team-a/llm gpu005", "team-a/resnet gpu001", "team-a/resnet gpu002", "team-b/goes on n1"];
    let is_so = |rows: &[String]| {
        rows.iter().map(|row| row.trim_end_matches(".cluster.example")).collect::<Vec<_>>() == expected
    };
    until("the jobs of team-a", || rows.are(&jobs, is_so)).await;
    until("the trouble", || jobs.troubles().iter().any(|said| said.contains("pods of namespace team-b"))).await;
    server.change(|cluster| cluster.forbids = vec!["/api/v1/nodes"]);
    until("the jobs of team-b", || rows.are(&jobs, |rows| rows.len() == 8)).await;
    until("the other trouble", || jobs.troubles().iter().any(|said| said.contains("nothing is known of nodes"))).await;
    watching.abort();
}

#[tokio::test]
async fn an_api_server_that_is_not_there_ends_no_job_of_an_earlier_run() {
    let dir = tempfile::tempdir().unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let jobs = JobsInForce::default();
    jobs.asks(Source::Kubernetes);
    let row = PlanJob { job: "team-a/llama".into(), device: "n1".into(), ..PlanJob::default() };
    jobs.remember([(Source::Kubernetes, vec![row.clone()])].into());
    for (kubeconfig, said) in [
        (kubeconfig(dir.path(), &closed, "t"), "cannot be asked to list pods"),
        (dir.path().join("nowhere"), "name another file in [kubernetes] kubeconfig"),
    ] {
        let config = KubernetesConfig { enabled: true, kubeconfig: Some(kubeconfig), ..KubernetesConfig::default() };
        let watching = tokio::spawn(watch(config, jobs.clone(), Arc::default()));
        until(said, || jobs.troubles().iter().any(|trouble| trouble.contains(said))).await;
        watching.abort();
    }
    assert_eq!(jobs.take(), Some(vec![row]));
}
