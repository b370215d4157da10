//! Creates topics where they are absent, with the declared partitions and settings.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::context::Context;
use super::properties::refused;
use crate::{Topic, TopicLayout, TransportError};

const ANSWER_WITHIN: Duration = Duration::from_secs(10);
const SLOWEST_RETRY: Duration = Duration::from_secs(3);

/// One look at the cluster: the partition counts of the topics that are there.
type Present = BTreeMap<Topic, i32>;

pub(super) struct Topics {
    layout: TopicLayout,
    admin: Arc<AdminClient<Context>>,
    context: Context,
}

impl Topics {
    /// Errors are wrong settings.
    pub fn new(layout: &TopicLayout, config: &ClientConfig, context: &Context) -> Result<Self, TransportError> {
        // Its statistics would overwrite those of the client it serves.
        let mut config = config.clone();
        config.set("statistics.interval.ms", "0");
        let admin = config.create_with_context(context.clone()).map_err(refused)?;
        Ok(Topics { layout: layout.clone(), admin: Arc::new(admin), context: context.clone() })
    }

    /// Asks for ever until all of `wanted` are there; answers with their partition counts.
    pub async fn ensure(&self, wanted: &[Topic]) -> Present {
        let backoff = ExponentialBuilder::default().with_min_delay(Duration::from_millis(50));
        let mut delays = backoff.with_max_delay(SLOWEST_RETRY).without_max_times().with_jitter().build();
        loop {
            match self.attempt(wanted).await {
                Ok(present) if present.len() == wanted.len() => return present,
                Ok(_) => {} // Just created: the cluster has yet to spread the word.
                Err(error) => self.context.complain("cannot see to the topics", &error),
            }
            tokio::time::sleep(delays.next().unwrap_or(SLOWEST_RETRY)).await;
        }
    }

    async fn attempt(&self, wanted: &[Topic]) -> Result<Present, KafkaError> {
        let mut present = Present::new();
        for &topic in wanted {
            if let Some(partitions) = self.look(topic).await? {
                present.insert(topic, partitions);
            }
        }
        let missing: Vec<Topic> = wanted.iter().copied().filter(|topic| !present.contains_key(topic)).collect();
        if !missing.is_empty() {
            self.create(&missing).await?;
        }
        Ok(present)
    }

    /// The partition count, or `None` when there is no such topic.
    async fn look(&self, topic: Topic) -> Result<Option<i32>, KafkaError> {
        let (admin, name) = (Arc::clone(&self.admin), self.layout.name(topic));
        let look = move || admin.inner().fetch_metadata(Some(&name), ANSWER_WITHIN);
        let metadata = tokio::task::spawn_blocking(look).await.map_err(|_| KafkaError::Canceled)??;
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
                Err((name, code)) => self.context.complain(&self.mend(&name), &code),
            }
        }
        Ok(())
    }

    /// What an operator can do when weft may not create a topic itself.
    fn mend(&self, name: &str) -> String {
        let partitions =
            Topic::ALL.into_iter().find(|t| self.layout.name(*t) == name).map_or(1, |t| self.layout.partitions(t));
        format!("cannot create topic {name}; create it with {partitions} partitions, or grant this client CREATE")
    }
}
