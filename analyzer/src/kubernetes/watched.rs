//! One watch: of the pods of a namespace, of all pods, or of nodes; what it tells, and how it does.

use super::config::KubernetesConfig;
use super::connect::{Heard, client};
use super::object::{Node, Pod};
use super::pods::Pods;
use crate::operations::old;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Config, Resource};
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::time::Instant;

/// Pods that wait for a node are of no interest. Those that ended are: with `status.phase=Running` the API server would tell of a
/// pod that ended as one that was deleted, and not when it ended.
const ON_A_NODE: &str = "spec.nodeName!=";

#[derive(Debug)]
pub enum About {
    /// Of this namespace, or of all.
    Pods(Option<String>, Pods),
    Nodes,
}

#[derive(Debug)]
pub struct Watched {
    pub about: About,
    pub heard: Heard,
    /// When it failed last, and how.
    pub failed: Option<(Instant, String)>,
}

pub enum Told {
    Pod(Event<Pod>),
    Node(Event<Node>),
}

impl Told {
    /// Whether the API server said it. That a list begins is told before it is asked for.
    pub fn was_heard(&self) -> bool {
        !matches!(self, Told::Pod(Event::Init) | Told::Node(Event::Init))
    }
}

/// What one of several watches tells, with its number.
pub type Item = (usize, watcher::Result<Told>);

impl Watched {
    pub fn new(about: About) -> Watched {
        Watched { about, heard: Heard::default(), failed: None }
    }

    /// In words.
    pub fn what(&self) -> String {
        match &self.about {
            About::Nodes => "nodes".to_owned(),
            About::Pods(None, _) => "pods".to_owned(),
            About::Pods(Some(namespace), _) => format!("pods of namespace {namespace}"),
        }
    }

    pub fn pods(&self) -> Option<&Pods> {
        match &self.about {
            About::Pods(_, pods) => Some(pods),
            About::Nodes => None,
        }
    }

    /// A failure that no good answer has followed.
    pub fn trouble(&self) -> Option<String> {
        let (at, failure) = self.failed.as_ref()?;
        let heard = self.heard.last();
        let is_over = heard.is_some_and(|heard| heard > *at);
        (!is_over).then(|| old(failure, heard, &self.what()))
    }

    /// `number`: of this watch among the others.
    pub fn stream(
        &self,
        number: usize,
        config: &KubernetesConfig,
        settings: &Config,
    ) -> Result<BoxStream<'static, Item>, String> {
        let client = client(settings, &self.heard)?;
        let plain = watcher::Config::default().timeout(config.timeout_s);
        let About::Pods(namespace, _) = &self.about else {
            return Ok(events(Api::all(client), plain).map(move |told| (number, told.map(Told::Node))).boxed());
        };
        let on_a_node = plain.fields(ON_A_NODE);
        let pods = if config.selector.is_empty() { on_a_node } else { on_a_node.labels(&config.selector) };
        let api = match namespace {
            Some(namespace) => Api::namespaced(client, namespace),
            None => Api::all(client),
        };
        Ok(events(api, pods).map(move |told| (number, told.map(Told::Pod))).boxed())
    }
}

/// All objects that there are, and then every change; after a failure it tries again, later each time, half a minute apart at most.
fn events<K>(api: Api<K>, config: watcher::Config) -> impl Stream<Item = watcher::Result<Event<K>>> + Send
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    watcher(api, config).default_backoff()
}
