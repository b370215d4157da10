//! Watches pods and nodes for ever, and hands on each second what has changed.

use super::config::{KubernetesConfig, NodeNames};
use super::connect::{Heard, client, settings};
use super::nodes::Nodes;
use super::object::{Node, Pod};
use super::pods::Pods;
use super::trouble::{Then, trouble};
use super::{jobs, maintenance};
use crate::clock::now_ns;
use crate::operations::{Announced, Book, JobsInForce, Source, Troubles, aside, guarded, old};
use futures::stream::{BoxStream, SelectAll};
use futures::{Stream, StreamExt};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, Config};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::MissedTickBehavior;

/// So often what has changed is handed on: of a job of 1,000 pods that begin within a minute not each by itself.
const EVERY: Duration = Duration::from_secs(1);
/// The way to the API server is looked up anew after so long, where there was none.
const CONNECT_AGAIN: Duration = Duration::from_secs(5);
/// Pods that wait for a node are of no interest. Those that ended are: with `status.phase=Running` the API server would tell of a
/// pod that ended as one that was deleted, and not when it ended.
const ON_A_NODE: &str = "spec.nodeName!=";

/// Watches for ever. Dropping it ends the watching.
pub async fn watch(config: KubernetesConfig, in_force: JobsInForce, book: Arc<Book>) {
    let mut watcher = Watcher::new(config, in_force.clone(), book);
    guarded(Source::Kubernetes, async move { watcher.watch_for_ever().await }, in_force).await;
}

/// What is watched, and what became of it.
#[derive(Debug)]
struct Watched {
    /// `None`: of all namespaces, or of nodes.
    namespace: Option<String>,
    /// Number of its pods; `None`: it watches nodes.
    pods: Option<usize>,
    heard: Heard,
    /// When it failed last, and how.
    failed: Option<(Instant, String)>,
}

enum Told {
    Pod(Event<Pod>),
    Node(Event<Node>),
}

/// What the watch of this number tells.
type Item = (usize, watcher::Result<Told>);

struct Watcher {
    config: KubernetesConfig,
    in_force: JobsInForce,
    book: Arc<Book>,
    watched: Vec<Watched>,
    /// One a watched namespace.
    pods: Vec<Pods>,
    nodes: Nodes,
    has_news: bool,
    /// What the book was told last.
    announced: Option<Vec<Announced>>,
    troubles: Troubles,
    /// Of the way to the API server, and of the book.
    failed: [Option<String>; 2],
}

const CONNECTING: usize = 0;
const KEEPING: usize = 1;

impl Watcher {
    fn new(config: KubernetesConfig, in_force: JobsInForce, book: Arc<Book>) -> Watcher {
        let all = [None];
        let namespaces: Vec<Option<String>> = match config.namespaces.as_slice() {
            [] => all.to_vec(),
            named => named.iter().cloned().map(Some).collect(),
        };
        let watched = |namespace, pods| Watched { namespace, pods, heard: Heard::default(), failed: None };
        let pods: Vec<Pods> = namespaces.iter().map(|_| Pods::default()).collect();
        let mut all: Vec<Watched> =
            namespaces.into_iter().enumerate().map(|(at, namespace)| watched(namespace, Some(at))).collect();
        if config.maintenance || config.node_names == NodeNames::Hostname {
            all.push(watched(None, None));
        }
        Watcher {
            troubles: Troubles::new(Source::Kubernetes, in_force.clone()),
            config,
            in_force,
            book,
            watched: all,
            pods,
            nodes: Nodes::default(),
            has_news: false,
            announced: None,
            failed: [None, None],
        }
    }

    async fn watch_for_ever(&mut self) {
        loop {
            match self.connect().await {
                Ok((server, told)) => {
                    self.failed[CONNECTING] = None;
                    self.follow(&server, told).await;
                }
                Err(failure) => {
                    metrics::counter!("weft_kubernetes_errors_total").increment(1);
                    self.failed[CONNECTING] = Some(old(&failure, self.heard(), "pods"));
                }
            }
            self.say();
            tokio::time::sleep(CONNECT_AGAIN).await;
        }
    }

    /// The address of the API server, and all watches together.
    async fn connect(&self) -> Result<(String, SelectAll<BoxStream<'static, Item>>), String> {
        let settings = settings(&self.config).await?;
        let mut told = SelectAll::new();
        for (at, watched) in self.watched.iter().enumerate() {
            told.push(self.stream(at, watched, &settings)?);
        }
        Ok((settings.cluster_url.to_string(), told))
    }

    fn stream(&self, at: usize, watched: &Watched, settings: &Config) -> Result<BoxStream<'static, Item>, String> {
        let client = client(settings, &watched.heard)?;
        let plain = watcher::Config::default().timeout(self.config.timeout_s);
        if watched.pods.is_none() {
            return Ok(events(Api::<Node>::all(client), plain).map(move |told| (at, told.map(Told::Node))).boxed());
        }
        let pods = match self.config.selector.as_str() {
            "" => plain.fields(ON_A_NODE),
            selector => plain.fields(ON_A_NODE).labels(selector),
        };
        let api = pods_of(client, watched.namespace.as_deref());
        Ok(events(api, pods).map(move |told| (at, told.map(Told::Pod))).boxed())
    }

    /// Until the way in has to be looked up anew.
    async fn follow(&mut self, server: &str, mut told: SelectAll<BoxStream<'static, Item>>) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                heard = told.next() => match heard {
                    Some((at, Ok(told))) => self.take_in(at, told),
                    Some((at, Err(error))) => if self.fail(at, &error, server) == Then::ConnectAnew { return },
                    None => return,
                },
                _ = tick.tick() => self.hand_on().await,
            }
        }
    }

    fn take_in(&mut self, at: usize, told: Told) {
        self.has_news = true;
        self.watched[at].heard.note();
        match (told, self.watched[at].pods) {
            (Told::Pod(event), Some(pods)) => self.pods[pods].take_in(event, &self.config, now_ns()),
            (Told::Node(event), _) => self.nodes.take_in(event, &self.config, now_ns()),
            (Told::Pod(_), None) => {}
        }
    }

    fn fail(&mut self, at: usize, error: &watcher::Error, server: &str) -> Then {
        let watched = &mut self.watched[at];
        let (then, failure) = trouble(error, &watched.what(), server);
        // A watch that is told at its beginning that it is too old would begin again as it was.
        let is_stuck = then == Then::ListsAnew && matches!(error, watcher::Error::WatchStartFailed(_));
        if then == Then::ListsAnew {
            tracing::info!("kubernetes: {failure}");
            return if is_stuck { Then::ConnectAnew } else { then };
        }
        metrics::counter!("weft_kubernetes_errors_total").increment(1);
        watched.failed = Some((Instant::now(), failure));
        then
    }

    /// What has changed since the last call. Nothing is handed on before all was listed once: a job that is not known yet would be
    /// taken for one that has ended.
    async fn hand_on(&mut self) {
        let now_ns = now_ns();
        for pods in &mut self.pods {
            self.has_news |= pods.settle(now_ns);
        }
        let watches_nodes = self.watched.iter().any(|watched| watched.pods.is_none());
        let is_whole = self.pods.iter().all(|pods| pods.is_listed) && (!watches_nodes || self.nodes.is_listed);
        if is_whole && self.has_news {
            self.has_news = false;
            let all = || self.pods.iter().flat_map(Pods::all);
            self.in_force.put(Source::Kubernetes, jobs::rows(all(), &self.nodes, &self.config));
            if self.config.maintenance {
                let announced = maintenance::announced(all(), &self.nodes);
                self.announce(announced).await;
            }
        }
        self.say();
    }

    async fn announce(&mut self, announced: Vec<Announced>) {
        if self.announced.as_ref() == Some(&announced) {
            return;
        }
        let (book, told) = (self.book.clone(), announced.clone());
        let replace = move || book.replace(maintenance::SOURCE, told, now_ns()).map_err(|error| error.to_string());
        let kept = aside(replace).await;
        self.announced = kept.is_ok().then_some(announced);
        // What could not be kept is tried again.
        self.has_news |= kept.is_err();
        self.failed[KEEPING] = kept.err();
    }

    /// When pods were heard of last, by the watch that was heard the longest ago; `None` where one was not heard yet.
    fn heard(&self) -> Option<Instant> {
        let of_pods = self.watched.iter().filter(|watched| watched.pods.is_some());
        of_pods.map(|watched| watched.heard.last()).min().flatten()
    }

    fn say(&mut self) {
        if let Some(heard) = self.heard() {
            metrics::gauge!("weft_kubernetes_age_seconds").set(heard.elapsed().as_secs_f64());
        }
        let refused: u64 = self.pods.iter().map(|pods| pods.refused).sum();
        let refused = (refused > 0).then(|| {
            format!("{refused} times there was no room for another pod with GPUs: narrow them by [kubernetes] selector")
        });
        let failed = self.failed.iter().flatten().cloned().chain(refused);
        let all: Vec<String> = failed.chain(self.watched.iter().filter_map(Watched::trouble)).collect();
        self.troubles.say(Some(all.join("; ")).filter(|all| !all.is_empty()));
    }
}

impl Watched {
    fn what(&self) -> String {
        match (self.pods, &self.namespace) {
            (None, _) => "nodes".to_owned(),
            (Some(_), None) => "pods".to_owned(),
            (Some(_), Some(namespace)) => format!("pods of namespace {namespace}"),
        }
    }

    /// A failure that no good answer has followed.
    fn trouble(&self) -> Option<String> {
        let (at, failure) = self.failed.as_ref()?;
        let heard = self.heard.last();
        let is_over = heard.is_some_and(|heard| heard > *at);
        (!is_over).then(|| old(failure, heard, &self.what()))
    }
}

fn pods_of(client: Client, namespace: Option<&str>) -> Api<Pod> {
    namespace.map_or_else(|| Api::all(client.clone()), |namespace| Api::namespaced(client.clone(), namespace))
}

/// All objects that there are, and then every change; after a failure later each time, half a minute apart at most.
fn events<K>(api: Api<K>, config: watcher::Config) -> impl Stream<Item = watcher::Result<Event<K>>> + Send
where
    K: kube::Resource + Clone + serde::de::DeserializeOwned + Debug + Send + 'static,
{
    watcher(api, config).default_backoff()
}
