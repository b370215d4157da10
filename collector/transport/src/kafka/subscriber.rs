//! A member of the consumer group, and beside it a reader of the whole inventory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::context::{Context, Role};
use super::poller::{Event, Group, GroupContext, Poller};
use super::properties::{client_config, refused};
use super::topics::Topics;
use crate::stats::add;
use crate::{Health, Incoming, Subscriber, SubscriberOptions, Topic, TransportError, TransportStats};

/// Deliveries between the polling thread and the subscriber; librdkafka prefetches behind it, up to 64 MiB.
const QUEUE: usize = 256;
const COMMIT_WITHIN: Duration = Duration::from_secs(5);

pub(crate) struct KafkaSubscriber {
    events: mpsc::Receiver<Event>,
    /// Weak: the polling thread must be the one to close it, for that takes a while.
    group: Weak<Group>,
    topic_name: String,
    group_name: String,
    context: Context,
    assigned: Arc<Mutex<BTreeSet<i32>>>,
    /// The broker's time of the last delivery of each partition, for the commit's metadata.
    last_ms: BTreeMap<i32, i64>,
    committing: Arc<Semaphore>,
    _stop: DropGuard,
}

impl KafkaSubscriber {
    /// Errors are wrong settings; a cluster that is away is waited for.
    pub fn new(bootstrap: &str, options: &SubscriberOptions) -> Result<Self, TransportError> {
        let context = Context::new(bootstrap, Role::Subscriber, &options.kafka);
        let (tell, events) = mpsc::channel(QUEUE);
        let assigned = Arc::new(Mutex::new(BTreeSet::new()));
        let hooks = GroupContext {
            client: context.clone(),
            group: options.group.clone(),
            rewind: options.rewind,
            events: tell.clone(),
            assigned: Arc::clone(&assigned),
        };
        let group: Group = group_config(bootstrap, options).create_with_context(hooks).map_err(refused)?;
        let group = Arc::new(group);
        let stop = CancellationToken::new();
        let subscriber = KafkaSubscriber {
            events,
            group: Arc::downgrade(&group),
            topic_name: options.topics.name(options.topic),
            group_name: options.group.clone(),
            context: context.clone(),
            assigned,
            last_ms: BTreeMap::new(),
            committing: Arc::new(Semaphore::new(1)),
            _stop: stop.clone().drop_guard(),
        };
        start(
            bootstrap,
            options,
            Poller {
                group,
                group_name: options.group.clone(),
                topic: options.topic,
                topic_name: options.topics.name(options.topic),
                inventory: None,
                inventory_name: options.topics.name(Topic::Inventory),
                inventory_partitions: 0,
                context,
                missed: Box::new(|_| ()),
                events: tell,
                stop,
            },
        )?;
        Ok(subscriber)
    }

    /// The positions that are this member's to commit; another's would move that one back.
    fn owned(&self, positions: &[(i32, i64)]) -> KafkaResult<TopicPartitionList> {
        let assigned = self.assigned.lock().unwrap_or_else(PoisonError::into_inner);
        let mut list = TopicPartitionList::new();
        for (partition, next_offset) in positions.iter().filter(|(partition, _)| assigned.contains(partition)) {
            let mut entry = list.add_partition(&self.topic_name, *partition);
            entry.set_offset(Offset::Offset(*next_offset))?;
            if let Some(last_ms) = self.last_ms.get(partition) {
                entry.set_metadata(last_ms.to_string());
            }
        }
        Ok(list)
    }

    fn failed(&self, source: KafkaError) -> TransportError {
        let code = source.rdkafka_error_code();
        if let Some((_, sentence)) = code.and_then(|code| self.context.note(code, &self.topic_name, &self.group_name)) {
            return TransportError::Waiting { sentence };
        }
        TransportError::Kafka { bootstrap: self.context.bootstrap().to_owned(), action: "cannot commit", source }
    }

    fn late(&self) -> TransportError {
        let peer = format!("kafka at {}", self.context.bootstrap());
        TransportError::Timeout { peer, waited_s: COMMIT_WITHIN.as_secs() }
    }
}

#[async_trait]
impl Subscriber for KafkaSubscriber {
    async fn next(&mut self) -> Result<Incoming, TransportError> {
        let incoming = self.events.recv().await.unwrap_or(Err(TransportError::Closed))?;
        if let Incoming::Delivery(delivery) = &incoming
            && let Some(broker_ms) = delivery.broker_ts_ms
        {
            self.last_ms.insert(delivery.partition, broker_ms);
        }
        Ok(incoming)
    }

    async fn commit_all(&mut self, positions: &[(i32, i64)]) -> Result<(), TransportError> {
        let list = self.owned(positions).map_err(|error| self.failed(error))?;
        if list.count() == 0 {
            return Ok(());
        }
        let group = self.group.upgrade().ok_or(TransportError::Closed)?;
        // One at a time: while the cluster is away the one that waits for it holds a thread.
        let place = Arc::clone(&self.committing).try_acquire_owned().map_err(|_| self.late())?;
        let count = list.count() as u64;
        let commit = tokio::task::spawn_blocking(move || {
            let _place = place;
            group.commit(&list, CommitMode::Sync)
        });
        let committed = timeout(COMMIT_WITHIN, commit).await.map_err(|_| self.late())?;
        committed.map_err(|_| TransportError::Closed)?.map_err(|error| self.failed(error))?;
        add(&self.context.counters().committed, count);
        Ok(())
    }

    fn stats(&self) -> TransportStats {
        self.context.counters().snapshot()
    }

    fn health(&self) -> Health {
        self.context.health().clone()
    }
}

/// Sees to the topics, then polls, on a thread of its own.
fn start(bootstrap: &str, options: &SubscriberOptions, mut poller: Poller) -> Result<(), TransportError> {
    let plain = client_config(bootstrap, &options.client_id, &[], &options.kafka, &[]);
    let mut wanted = vec![options.topic];
    if options.inventory && options.topic != Topic::Inventory {
        wanted.push(Topic::Inventory);
        let inventory = inventory_config(bootstrap, options).create_with_context(poller.context.clone());
        poller.inventory = Some(inventory.map_err(refused)?);
    }
    let topics = Topics::new(&options.topics, &plain, &poller.context, &wanted)?;
    poller.missed = Box::new(topics.misser());
    tokio::spawn(async move {
        let stop = poller.stop.clone();
        let waiting = async {
            for topic in wanted {
                let partitions = topics.wait(topic).await?;
                if topic == Topic::Inventory {
                    poller.inventory_partitions = partitions;
                }
            }
            Ok::<_, TransportError>(poller)
        };
        let Some(Ok(poller)) = stop.run_until_cancelled(waiting).await else { return };
        let events = poller.events.clone();
        if let Err(error) = std::thread::Builder::new().name("weft-kafka".into()).spawn(move || poller.run()) {
            let refused = TransportError::Setting { key: "threads".into(), reason: error.to_string() };
            drop(events.send(Err(refused)).await);
        }
        // The topics are seen to as long as they are read.
        stop.cancelled().await;
        drop(topics);
    });
    Ok(())
}

pub(super) fn group_config(bootstrap: &str, options: &SubscriberOptions) -> ClientConfig {
    let session_ms = options.session_timeout.as_millis();
    let tunable =
        [("session.timeout.ms", session_ms.to_string()), ("heartbeat.interval.ms", (session_ms / 5).to_string())];
    let mut insisted = vec![
        ("group.id", options.group.clone()),
        ("partition.assignment.strategy", "cooperative-sticky".to_owned()),
        ("enable.auto.commit", "false".to_owned()),
        ("enable.auto.offset.store", "false".to_owned()),
        // What was never committed was never taken in.
        ("auto.offset.reset", "earliest".to_owned()),
    ];
    if let Some(instance) = &options.instance {
        insisted.push(("group.instance.id", instance.clone()));
    }
    client_config(bootstrap, &options.client_id, &tunable, &options.kafka, &insisted)
}

pub(super) fn inventory_config(bootstrap: &str, options: &SubscriberOptions) -> ClientConfig {
    let insisted = [
        // It joins no group, but librdkafka assigns nothing without a name for one. The same name as the group's, so that
        // no right on a second one is needed.
        ("group.id", options.group.clone()),
        ("enable.auto.commit", "false".to_owned()),
        ("auto.offset.reset", "earliest".to_owned()),
        // Tells when all that there is was read.
        ("enable.partition.eof", "true".to_owned()),
        // The group's figures are the ones to publish.
        ("statistics.interval.ms", "0".to_owned()),
    ];
    client_config(bootstrap, &options.client_id, &[], &options.kafka, &insisted)
}
