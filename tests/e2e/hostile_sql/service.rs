//! The corpus over HTTP to a whole analyzer, which then still judges.

use super::corpus::{SHAPES, SINGLE, SIZES};
use super::fabric;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;
use tokio::net::TcpListener;
use weft_analyzer::config::Config;
use weft_analyzer::service::{self, ServiceOptions};
use weft_transport::in_process;

/// The service's own bound on a query is the one below; the rest is for a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const TIMEOUT_MS: u64 = 3_000;
const CHILD: &str = "WEFT_TEST_HOSTILE";
const COUNTED: &str = "queries over HTTP";
/// Of a body, as the service is configured by default, less its JSON.
const MOST_BYTES: usize = 1_000_000;

struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    async fn sql(&self, sql: &str) -> (u16, Value) {
        let body = json!({"sql": sql, "timeout_ms": TIMEOUT_MS, "max_rows": 10});
        let answer = self.http.post(format!("{}/api/v1/sql", self.url)).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// A body over the server's limit: refused by its length, or hung up on while it is sent.
    async fn too_long(&self) {
        let body = json!({"sql": "SELECT 1 ".repeat(MOST_BYTES)});
        let answer = self.http.post(format!("{}/api/v1/sql", self.url)).json(&body).send().await;
        assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status() == 413));
    }

    async fn incidents(&self) -> Vec<Value> {
        let answer = self.http.get(format!("{}/api/v1/incidents?limit=100", self.url)).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["items"].as_array().cloned().unwrap()
    }
}

/// In a process of its own: a query that ends it ends no other test, and what it counts stands on no other's `/metrics`.
#[test]
fn the_analyzer_answers_and_judges_after_every_hostile_query() {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.args(["--exact", "hostile_sql::service::analyzer_process", "--nocapture"]).env(CHILD, "1");
    let output = process.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let last = said.lines().rev().take(30).collect::<Vec<_>>();
    assert!(
        output.status.success(),
        "the analyzer's process: {}; its last lines, last first: {last:#?}",
        output.status
    );
    let count = said.lines().find(|line| line.contains(COUNTED)).expect("the child ran the corpus");
    println!("{count}");
}

/// No test of its own: does nothing unless it was started as the child.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn analyzer_process() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let (publisher, subscriber) = in_process(64);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = service::start(ServiceOptions {
        plan: fabric::plan(),
        state_dir: None,
        config: Config::default(),
        subscriber,
        dead_letters: None,
        listener,
        page: None,
    });
    let service = service.await.unwrap();
    let client =
        Client { http: reqwest::Client::builder().timeout(PATIENCE).pool_max_idle_per_host(0).build().unwrap(), url };

    let shapes = SHAPES.iter().flat_map(|(name, make)| SIZES.map(|size| (format!("{name} of {size}"), make(size))));
    let singles = SINGLE.iter().map(|(name, sql)| ((*name).to_owned(), (*sql).to_owned()));
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    for (name, sql) in shapes.chain(singles).filter(|(_, sql)| sql.len() <= MOST_BYTES) {
        let (status, answer) = client.sql(&sql).await;
        assert!(matches!(status, 200 | 400 | 403 | 408 | 413), "{name}: {status} {answer}");
        let words = answer["error"]["message"].as_str().is_some_and(|message| !message.is_empty());
        assert!(status == 200 || words, "{name}: {status} {answer}");
        *statuses.entry(status).or_default() += 1;
    }
    client.too_long().await;
    println!("{} {COUNTED}: {statuses:?}", statuses.values().sum::<usize>());

    assert_eq!(client.sql("SELECT count(*) FROM incident").await.1["rows"], json!([[0]]));
    for second in 0..40 {
        fabric::publish(publisher.as_ref(), second, 20).await;
    }
    let judged = async {
        loop {
            let incidents = client.incidents().await;
            if let Some(incident) = incidents.iter().find(|i| i["class"] == "link_down") {
                return incident.clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let incident = tokio::time::timeout(PATIENCE, judged).await.expect("the link that went down is an incident");
    assert_eq!((&incident["culprits"][0]["device"], &incident["culprits"][0]["port"]), (&json!("h1"), &json!("eth1")));
    service.shutdown().await.unwrap();
}
