//! Sees to topics: looks whether they are there and creates them where they are absent, with the declared partitions and
//! settings. A task of its own asks until all that are wanted are there, and asks again when something is amiss.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::context::Context;
use super::properties::refused;
use crate::{Cause, Topic, TopicLayout, TransportError};

const ANSWER_WITHIN: Duration = Duration::from_secs(10);
const SLOWEST_RETRY: Duration = Duration::from_secs(3);

/// The partition counts of the topics that are there.
pub(super) type Present = BTreeMap<Topic, i32>;

/// Keeps the task alive.
pub(super) struct Topics {
    wanted: watch::Sender<BTreeSet<Topic>>,
    present: watch::Sender<Present>,
    _task: AbortOnDropHandle<()>,
}

impl Topics {
    /// Begins with `wanted`. Errors are wrong settings. Needs a Tokio runtime.
    pub fn new(
        layout: &TopicLayout,
        config: &ClientConfig,
        context: &Context,
        wanted: &[Topic],
    ) -> Result<Self, TransportError> {
        // Its statistics would overwrite those of the client it serves.
        let mut config = config.clone();
        config.set("statistics.interval.ms", "0");
        let admin = config.create_with_context(context.clone()).map_err(refused)?;
        let wanted = watch::Sender::new(wanted.iter().copied().collect());
        let present = watch::Sender::new(Present::new());
        let looker = Looker { layout: layout.clone(), admin: Arc::new(admin), context: context.clone() };
        let task = tokio::spawn(looker.keep(wanted.subscribe(), present.clone()));
        Ok(Topics { wanted, present, _task: AbortOnDropHandle::new(task) })
    }

    /// Waits until the topic is there; answers with its number of partitions.
    pub async fn wait(&self, topic: Topic) -> Result<i32, TransportError> {
        self.wanted.send_if_modified(|wanted| wanted.insert(topic));
        let mut present = self.present.subscribe();
        let there = present.wait_for(|present| present.contains_key(&topic)).await;
        there.ok().and_then(|present| present.get(&topic).copied()).ok_or(TransportError::Closed)
    }

    pub fn is_there(&self, topic: Topic) -> bool {
        self.present.borrow().contains_key(&topic)
    }

    /// It was there and is no more, or is another.
    pub fn missed(&self, topic: Topic) {
        missed(&self.present, topic);
    }

    /// To say the same from a thread that does not have the topics.
    pub fn misser(&self) -> impl Fn(Topic) + Send + 'static {
        let present = self.present.clone();
        move |topic| missed(&present, topic)
    }
}

fn missed(present: &watch::Sender<Present>, topic: Topic) {
    present.send_if_modified(|present| present.remove(&topic).is_some());
}

struct Looker {
    layout: TopicLayout,
    admin: Arc<AdminClient<Context>>,
    context: Context,
}

impl Looker {
    async fn keep(self, mut wanted: watch::Receiver<BTreeSet<Topic>>, present: watch::Sender<Present>) {
        let backoff = ExponentialBuilder::default().with_min_delay(Duration::from_millis(50));
        let backoff = backoff.with_max_delay(SLOWEST_RETRY).without_max_times().with_jitter();
        let mut delays = backoff.build();
        let mut changed = present.subscribe();
        loop {
            let asked = wanted.borrow_and_update().clone();
            changed.mark_unchanged();
            let missing: Vec<Topic> =
                asked.iter().copied().filter(|topic| !present.borrow().contains_key(topic)).collect();
            let is_whole = match missing.is_empty() {
                // Something is amiss with the brokers: is one there?
                true => self.is_answered(&asked).await,
                false => self.attempt(&missing, &present).await,
            };
            let pause = match is_whole {
                true => {
                    delays = backoff.build();
                    None
                }
                false => Some(delays.next().unwrap_or(SLOWEST_RETRY)),
            };
            let asked_again = async {
                tokio::select! {
                    end = wanted.changed() => drop(end),
                    end = changed.changed() => drop(end),
                    () = self.context.health().raised(), if is_whole => {}
                }
            };
            match pause {
                None => asked_again.await,
                Some(pause) => drop(tokio::time::timeout(pause, asked_again).await),
            }
        }
    }

    /// Whether a broker answers, and knows these topics still.
    async fn is_answered(&self, topics: &BTreeSet<Topic>) -> bool {
        let Some(&topic) = topics.first() else { return true };
        match self.look(topic).await {
            Ok(_) => true,
            Err(error) => {
                self.complain(topic, &error);
                false
            }
        }
    }

    /// True when all of them are there now.
    async fn attempt(&self, missing: &[Topic], present: &watch::Sender<Present>) -> bool {
        let mut absent = Vec::new();
        let mut found = 0;
        for &topic in missing {
            match self.look(topic).await {
                Ok(Some(partitions)) => {
                    found += 1;
                    let name = self.layout.name(topic);
                    self.context.health().clear(Cause::NoTopic, &name);
                    // It may be seen; whether it may be read or written shows with the first message.
                    self.context.health().clear(Cause::Denied, &name);
                    present.send_if_modified(|present| present.insert(topic, partitions) != Some(partitions));
                }
                Ok(None) => absent.push(topic),
                Err(error) => {
                    self.complain(topic, &error);
                    if is_about_all(&error) {
                        return false;
                    }
                }
            }
        }
        if !absent.is_empty()
            && let Err(error) = self.create(&absent).await
        {
            self.context.complain("cannot create topics", &error);
        }
        found == missing.len()
    }

    fn complain(&self, topic: Topic, error: &KafkaError) {
        let noted = error.rdkafka_error_code().and_then(|code| self.context.note(code, &self.layout.name(topic), ""));
        if noted.is_none() {
            self.context.complain(&format!("cannot look at topic {}", self.layout.name(topic)), error);
        }
    }

    /// The partition count, or `None` when there is no such topic.
    async fn look(&self, topic: Topic) -> Result<Option<i32>, KafkaError> {
        let (admin, name) = (Arc::clone(&self.admin), self.layout.name(topic));
        let asked = name.clone();
        let look = move || admin.inner().fetch_metadata(Some(&asked), ANSWER_WITHIN);
        let metadata = tokio::task::spawn_blocking(look).await.map_err(|_| KafkaError::Canceled)??;
        self.context.health().reached();
        let Some(found) = metadata.topics().first() else { return Ok(None) };
        match found.error().map(RDKafkaErrorCode::from) {
            None => Ok(Some(found.partitions().len() as i32).filter(|count| *count > 0)),
            Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::LeaderNotAvailable) => Ok(None),
            Some(code) => Err(KafkaError::MetadataFetch(code)),
        }
    }

    async fn create(&self, missing: &[Topic]) -> Result<(), KafkaError> {
        let named: Vec<_> =
            missing.iter().map(|&topic| (topic, self.layout.name(topic), self.layout.settings(topic))).collect();
        let new = named.iter().map(|(topic, name, settings)| {
            let replication = TopicReplication::Fixed(self.layout.replication);
            let topic = NewTopic::new(name, self.layout.partitions(*topic), replication);
            settings.iter().fold(topic, |topic, (key, value)| topic.set(key, value))
        });
        let new: Vec<NewTopic<'_>> = new.collect();
        let options = AdminOptions::new().operation_timeout(Some(ANSWER_WITHIN));
        for created in self.admin.create_topics(&new, &options).await? {
            match created {
                Ok(name) => tracing::info!("kafka at {}: created topic {name}", self.context.bootstrap()),
                // Another client was first: that is as good.
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((name, code)) => {
                    self.context.health().raise(Cause::NoTopic, &name, &self.mend(&name, code));
                }
            }
        }
        Ok(())
    }

    /// What an operator can do when weft may not create a topic itself.
    fn mend(&self, name: &str, code: RDKafkaErrorCode) -> String {
        let topic = Topic::ALL.into_iter().find(|t| self.layout.name(*t) == name);
        let partitions = topic.map_or(1, |t| self.layout.partitions(t));
        let bootstrap = self.context.bootstrap();
        format!(
            "kafka at {bootstrap}: topic {name} is not there and cannot be created ({code}); create it with \
             {partitions} partitions, or grant this client CREATE on the cluster"
        )
    }
}

/// Not this topic's fault: the next would fail alike.
fn is_about_all(error: &KafkaError) -> bool {
    !matches!(error, KafkaError::MetadataFetch(RDKafkaErrorCode::TopicAuthorizationFailed))
}
