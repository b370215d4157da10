//! A server that speaks as an API server of Kubernetes does, about pods and nodes: lists in pages, watches that go on from a
//! resource version, bookmarks, versions that are too old, and refusals. What it tells was recorded from a real one.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::net::SocketAddr;
use tokio::sync::watch::{Receiver, Sender, channel};
use tokio::task::JoinHandle;

/// Objects of one page of a list, however many are asked for.
const PAGE: usize = 4;
/// The resource version at the beginning.
const FIRST: usize = 1000;

pub fn fixture(name: &str) -> String {
    let path = format!("{}/../analyzer/src/kubernetes/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("a fixture of the repository")
}

#[derive(Clone, Debug, Default)]
pub struct Kind {
    /// What a list holds.
    pub items: Vec<Value>,
    /// What a watch tells, one a resource version.
    pub events: Vec<Value>,
    /// Watches from before this number of events are told that they are too old.
    pub oldest: usize,
}

#[derive(Clone, Debug, Default)]
pub struct Cluster {
    pub pods: Kind,
    pub nodes: Kind,
    pub token: String,
    /// Nobody may ask about what has such paths: `/api/v1/nodes`.
    pub forbids: Vec<&'static str>,
    /// Watches that began under another number end.
    pub generation: u64,
    /// Lists and watches that were answered, in their order: `list pods`, `watch pods 1003`.
    pub asked: Vec<String>,
}

impl Cluster {
    /// As the fixtures' lists have it, before anything changes.
    pub fn recorded() -> Cluster {
        let kind = |list: &str| {
            let list: Value = serde_json::from_str(&fixture(list)).expect("a list");
            Kind { items: list["items"].as_array().expect("items").clone(), ..Kind::default() }
        };
        Cluster {
            pods: kind("pods-list.json"),
            nodes: kind("nodes-list.json"),
            token: "first".to_owned(),
            ..Cluster::default()
        }
    }

    /// What a path speaks of; the pods of a namespace too.
    fn kind(&self, path: &str) -> Option<(&'static str, Kind)> {
        match path.strip_prefix("/api/v1/")? {
            "pods" => Some(("pods", self.pods.clone())),
            "nodes" => Some(("nodes", self.nodes.clone())),
            path => {
                let namespace = path.strip_prefix("namespaces/")?.strip_suffix("/pods")?;
                let mut pods = self.pods.clone();
                pods.items.retain(|pod| pod["metadata"]["namespace"] == namespace);
                Some(("pods", pods))
            }
        }
    }
}

/// Runs until it is dropped.
pub struct ApiServer {
    pub cluster: Sender<Cluster>,
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ApiServer {
    pub async fn start(cluster: Cluster) -> ApiServer {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let cluster = channel(cluster).0;
        let router = Router::new().fallback(answer).with_state(cluster.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        ApiServer { cluster, address, task }
    }

    pub fn change(&self, change: impl FnOnce(&mut Cluster)) {
        self.cluster.send_modify(change);
    }

    /// Changes it, and ends all watches.
    pub fn interrupt(&self, change: impl FnOnce(&mut Cluster)) {
        self.cluster.send_modify(|cluster| {
            change(cluster);
            cluster.generation += 1;
        });
    }

    pub fn asked(&self) -> Vec<String> {
        self.cluster.borrow().asked.clone()
    }
}

async fn answer(State(cluster): State<Sender<Cluster>>, headers: HeaderMap, uri: Uri) -> Response {
    let now = cluster.borrow().clone();
    let token = headers.get("authorization").and_then(|token| token.to_str().ok()).unwrap_or_default();
    if token != format!("Bearer {}", now.token) {
        return (StatusCode::UNAUTHORIZED, fixture("unauthorized.json")).into_response();
    }
    if now.forbids.iter().any(|forbidden| uri.path().starts_with(forbidden)) {
        return (StatusCode::FORBIDDEN, fixture("forbidden.json")).into_response();
    }
    let Some((name, kind)) = now.kind(uri.path()) else { return StatusCode::NOT_FOUND.into_response() };
    let query = |key: &str| -> Option<String> {
        let pairs = uri.query().unwrap_or_default().split('&');
        pairs.filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == key).map(|(_, value)| value.to_owned())
    };
    let number = |key: &str| query(key).and_then(|text| text.parse::<usize>().ok());
    if query("watch").is_some() {
        let from = number("resourceVersion").expect("a watch begins somewhere") - FIRST;
        let is_too_old = from < kind.oldest;
        cluster.send_modify(|cluster| cluster.asked.push(format!("watch {name} {}", from + FIRST)));
        if is_too_old {
            return fixture("expired.jsonl").into_response();
        }
        return Body::from_stream(told(uri.path().to_owned(), from, cluster.subscribe())).into_response();
    }
    let from = number("continue").unwrap_or(0);
    let page: Vec<Value> = kind.items.iter().skip(from).take(PAGE).cloned().collect();
    let mut metadata = json!({"resourceVersion": (FIRST + kind.events.len()).to_string()});
    if from + PAGE < kind.items.len() {
        metadata["continue"] = (from + PAGE).to_string().into();
    } else {
        cluster.send_modify(|cluster| cluster.asked.push(format!("list {name}")));
    }
    axum::Json(json!({"kind": "List", "apiVersion": "v1", "metadata": metadata, "items": page})).into_response()
}

/// The events from a number on, and each further one when it comes.
fn told(
    path: String,
    from: usize,
    cluster: Receiver<Cluster>,
) -> impl futures::Stream<Item = Result<String, Infallible>> + Send {
    let generation = cluster.borrow().generation;
    stream::unfold((path, from, cluster), move |(path, from, mut cluster)| async move {
        loop {
            let now = cluster.borrow_and_update().clone();
            let (_, kind) = now.kind(&path)?;
            if now.generation != generation {
                return None;
            }
            let lines: String = kind.events.iter().enumerate().skip(from).map(|(at, event)| line(at, event)).collect();
            if !lines.is_empty() {
                let upto = kind.events.len();
                return Some((Ok(lines), (path, upto, cluster)));
            }
            cluster.changed().await.ok()?;
        }
    })
}

/// With the resource version that stands for it here.
fn line(at: usize, event: &Value) -> String {
    let mut event = event.clone();
    event["object"]["metadata"]["resourceVersion"] = (FIRST + at + 1).to_string().into();
    format!("{event}\n")
}
