//! Watches pods and nodes for ever, and hands on each second what has changed.

use super::config::{KubernetesConfig, NodeNames};
use super::connect::settings;
use super::nodes::Nodes;
use super::pods::Pods;
use super::trouble::{Then, trouble};
use super::watched::{About, Item, Told, Watched};
use super::{jobs, maintenance};
use crate::clock::now_ns;
use crate::operations::{Announced, Book, JobsInForce, Source, Troubles, aside, guarded, old};
use futures::StreamExt;
use futures::stream::{BoxStream, SelectAll};
use kube::runtime::watcher::Error;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::MissedTickBehavior;
use weft_wire::plan::PlanJob;

/// So often what has changed is handed on: of a job of 1,000 pods that begin within a minute not each by itself.
const EVERY: Duration = Duration::from_secs(1);
/// The way to the API server is looked up anew after so long, where there was none.
const CONNECT_AGAIN: Duration = Duration::from_secs(5);

/// Watches for ever. Dropping it ends the watching.
pub async fn watch(config: KubernetesConfig, in_force: JobsInForce, book: Arc<Book>) {
    let mut watcher = Watcher::new(config, in_force.clone(), book);
    guarded(Source::Kubernetes, async move { watcher.watch_for_ever().await }, in_force).await;
}

struct Watcher {
    config: KubernetesConfig,
    in_force: JobsInForce,
    book: Arc<Book>,
    watched: Vec<Watched>,
    nodes: Nodes,
    has_news: bool,
    /// What the book was told last.
    announced: Option<Vec<Announced>>,
    troubles: Troubles,
    /// What is wrong with the way to the API server.
    no_way: Option<String>,
    /// Why the book does not hold what is announced.
    not_kept: Option<String>,
}

impl Watcher {
    fn new(config: KubernetesConfig, in_force: JobsInForce, book: Arc<Book>) -> Watcher {
        let named: BTreeSet<&String> = config.namespaces.iter().collect();
        let pods = |namespace: Option<String>| Watched::new(About::Pods(namespace, Pods::default()));
        let mut watched: Vec<Watched> = named.into_iter().map(|namespace| pods(Some(namespace.clone()))).collect();
        if watched.is_empty() {
            watched.push(pods(None));
        }
        if config.maintenance || config.node_names == NodeNames::Hostname {
            watched.push(Watched::new(About::Nodes));
        }
        Watcher {
            troubles: Troubles::new(Source::Kubernetes, in_force.clone()),
            config,
            in_force,
            book,
            watched,
            nodes: Nodes::default(),
            has_news: false,
            announced: None,
            no_way: None,
            not_kept: None,
        }
    }

    async fn watch_for_ever(&mut self) {
        loop {
            match self.connect().await {
                Ok((server, told)) => {
                    self.no_way = None;
                    self.follow(&server, told).await;
                }
                Err(failure) => {
                    metrics::counter!("weft_kubernetes_errors_total").increment(1);
                    self.no_way = Some(old(&failure, self.heard(), "pods"));
                }
            }
            self.say();
            tokio::time::sleep(CONNECT_AGAIN).await;
        }
    }

    /// The address of the API server, and all watches together.
    async fn connect(&self) -> Result<(String, SelectAll<BoxStream<'static, Item>>), String> {
        let settings = settings(&self.config).await?;
        let all = self.watched.iter().enumerate();
        let told = all.map(|(number, watched)| watched.stream(number, &self.config, &settings));
        Ok((settings.cluster_url.to_string(), told.collect::<Result<_, _>>()?))
    }

    /// Until the way in has to be looked up anew.
    async fn follow(&mut self, server: &str, mut told: SelectAll<BoxStream<'static, Item>>) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                heard = told.next() => match heard {
                    Some((number, Ok(told))) => self.take_in(number, told),
                    Some((number, Err(error))) => if self.fail(number, &error, server) == Then::ConnectAnew { return },
                    None => return,
                },
                _ = tick.tick() => self.hand_on().await,
            }
        }
    }

    fn take_in(&mut self, number: usize, told: Told) {
        self.has_news = true;
        let watched = &mut self.watched[number];
        if told.was_heard() {
            watched.heard.note();
        }
        match (told, &mut watched.about) {
            (Told::Pod(event), About::Pods(_, pods)) => pods.take_in(event, &self.config, now_ns()),
            (Told::Node(event), _) => self.nodes.take_in(event, &self.config, now_ns()),
            (Told::Pod(_), About::Nodes) => {}
        }
    }

    fn fail(&mut self, number: usize, error: &Error, server: &str) -> Then {
        let watched = &mut self.watched[number];
        let (then, failure) = trouble(error, &watched.what(), server);
        if then == Then::ListsAnew {
            tracing::info!("kubernetes: {failure}");
            // A watch that is told at its beginning that it is too old would begin again as it was.
            return if matches!(error, Error::WatchStartFailed(_)) { Then::ConnectAnew } else { then };
        }
        metrics::counter!("weft_kubernetes_errors_total").increment(1);
        watched.failed = Some((Instant::now(), failure));
        then
    }

    /// What has changed since the last call. Jobs and maintenance are handed on each by itself: a watch that fails holds up nothing
    /// that others tell.
    async fn hand_on(&mut self) {
        let now_ns = now_ns();
        for watched in &mut self.watched {
            if let About::Pods(_, pods) = &mut watched.about {
                self.has_news |= pods.settle(now_ns);
            }
        }
        if std::mem::take(&mut self.has_news) {
            if let Some(rows) = self.rows() {
                self.in_force.put(Source::Kubernetes, rows);
            }
            // Before all pods were listed once, a node on which one works may seem to be idle.
            let is_whole = self.nodes.is_listed && self.pods().all(|pods| pods.is_listed);
            if self.config.maintenance && is_whole {
                self.announce(maintenance::announced(self.pods().flat_map(Pods::all), &self.nodes)).await;
            }
        }
        self.say();
    }

    fn pods(&self) -> impl Iterator<Item = &Pods> {
        self.watched.iter().filter_map(Watched::pods)
    }

    /// The rows of all jobs; those of namespaces whose pods were not listed yet are as an earlier run had them: a job that is not known
    /// yet has not ended. `None` before any namespace was listed, or before nodes have the names that rows need.
    fn rows(&self) -> Option<Vec<PlanJob>> {
        let has_names = self.config.node_names != NodeNames::Hostname || self.nodes.is_listed;
        let listed = || self.pods().filter(|pods| pods.is_listed);
        if listed().next().is_none() || !has_names {
            return None;
        }
        let mut rows = jobs::rows(listed().flat_map(Pods::all), &self.nodes, &self.config);
        let of_unlisted = |watched: &'_ Watched| match &watched.about {
            About::Pods(Some(namespace), pods) if !pods.is_listed => Some(format!("{namespace}/")),
            _ => None,
        };
        let unlisted: Vec<String> = self.watched.iter().filter_map(of_unlisted).collect();
        if !unlisted.is_empty() {
            let before = self.in_force.told().remove(&Source::Kubernetes).unwrap_or_default();
            let is_of = |row: &PlanJob| unlisted.iter().any(|namespace| row.job.starts_with(namespace));
            rows.extend(before.into_iter().filter(is_of));
        }
        Some(rows)
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
        self.not_kept = kept.err();
    }

    /// When pods were heard of last, by the watch that was heard the longest ago; `None` where one was not heard yet.
    fn heard(&self) -> Option<Instant> {
        let of_pods = self.watched.iter().filter(|watched| watched.pods().is_some());
        of_pods.map(|watched| watched.heard.last()).min().flatten()
    }

    fn say(&mut self) {
        if let Some(heard) = self.heard() {
            metrics::gauge!("weft_kubernetes_age_seconds").set(heard.elapsed().as_secs_f64());
        }
        let refused: u64 = self.pods().map(|pods| pods.refused).sum();
        let refused = (refused > 0).then(|| {
            format!("{refused} times there was no room for another pod with GPUs: narrow them by [kubernetes] selector")
        });
        let failed = [self.no_way.clone(), self.not_kept.clone(), refused];
        let all: Vec<String> =
            failed.into_iter().flatten().chain(self.watched.iter().filter_map(Watched::trouble)).collect();
        self.troubles.say(Some(all.join("; ")).filter(|all| !all.is_empty()));
    }
}
