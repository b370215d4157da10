//! The thread that polls librdkafka. Its rebalance callback may block, so it is no Tokio thread; it hands everything to
//! the subscriber through one bounded channel, so that deliveries and changes of assignment keep their order.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::statistics::Statistics;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Message as _, Offset, TopicPartitionList};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::context::Context;
use super::rewind::start_offsets;
use crate::stats::add;
use crate::{Cause, Delivery, Incoming, Topic, TransportError, UNCOMMITTED};

const POLL: Duration = Duration::from_millis(50);

pub(super) type Event = Result<Incoming, TransportError>;
pub(super) type Group = BaseConsumer<GroupContext>;
pub(super) type Inventory = BaseConsumer<Context>;

/// What the group's consumer shares with librdkafka's callbacks.
pub(super) struct GroupContext {
    pub client: Context,
    pub group: String,
    pub rewind: Option<Duration>,
    pub events: mpsc::Sender<Event>,
    /// The partitions of this member now.
    pub assigned: Arc<Mutex<BTreeSet<i32>>>,
}

impl ClientContext for GroupContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.client.log(level, facility, line);
    }

    fn stats(&self, statistics: Statistics) {
        self.client.stats(statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.client.error(error, reason);
    }
}

impl ConsumerContext for GroupContext {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, what: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let partitions: Vec<i32> = list.elements().iter().map(|partition| partition.partition()).collect();
        let changed = if what == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.rewound(consumer, list);
            self.lock().extend(&partitions);
            // Whoever is given partitions is in the group.
            self.client.health().reached();
            self.client.health().clear(Cause::Denied, &self.group);
            self.tell(Incoming::Assigned(partitions));
            consumer.incremental_assign(list)
        } else {
            self.lock().retain(|partition| !partitions.contains(partition));
            self.tell(Incoming::Revoked(partitions));
            consumer.incremental_unassign(list)
        };
        if let Err(error) = changed {
            self.client.complain("cannot change the assignment", &error);
        }
    }
}

impl GroupContext {
    /// Without a position of its own a partition starts at its commit, or at its beginning.
    fn rewound(&self, consumer: &BaseConsumer<Self>, list: &mut TopicPartitionList) {
        let Some(rewind) = self.rewind else { return };
        for _ in 0..3 {
            match start_offsets(consumer, list, rewind) {
                Ok(()) => return,
                Err(error) => self.client.complain("cannot find where to rewind to", &error),
            }
        }
        tracing::warn!("kafka at {}: reading on from the commit, without a rewind", self.client.bootstrap());
    }

    fn tell(&self, what: Incoming) {
        add(&self.client.counters().rebalances, 1);
        // Fails when the subscriber is gone; then nobody is to be told.
        drop(self.events.blocking_send(Ok(what)));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<i32>> {
        self.assigned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Poller {
    pub group: Arc<Group>,
    pub group_name: String,
    pub topic: Topic,
    pub topic_name: String,
    /// Read whole by every member, beside the group.
    pub inventory: Option<Inventory>,
    pub inventory_name: String,
    pub inventory_partitions: i32,
    pub context: Context,
    /// Says that a topic which was there is not.
    pub missed: Box<dyn Fn(Topic) + Send>,
    pub events: mpsc::Sender<Event>,
    pub stop: CancellationToken,
}

/// The subscriber is gone, or was told that the subscription is over.
struct Over;

impl Poller {
    pub fn run(self) {
        // Either way it is the end of the thread.
        drop(self.poll());
    }

    fn poll(&self) -> Result<Over, Over> {
        if let Some(inventory) = &self.inventory {
            self.begin_inventory(inventory)?;
            self.catch_up(inventory)?;
        }
        let joined = self.group.subscribe(&[&self.topic_name]);
        joined.map_err(|error| self.end("cannot subscribe", error))?;
        while !self.stop.is_cancelled() {
            if let Some(polled) = self.group.poll(POLL) {
                self.forward(self.topic, polled)?;
            }
            if let Some(polled) = self.inventory.as_ref().and_then(|inventory| inventory.poll(Duration::ZERO)) {
                self.forward(Topic::Inventory, polled)?;
            }
        }
        Ok(Over)
    }

    fn begin_inventory(&self, inventory: &Inventory) -> Result<(), Over> {
        let mut whole = TopicPartitionList::new();
        whole.add_partition_range(&self.inventory_name, 0, self.inventory_partitions - 1);
        let assigned = whole.set_all_offsets(Offset::Beginning).and_then(|()| inventory.assign(&whole));
        assigned.map_err(|error| self.end("cannot read the inventory", error))
    }

    /// Delivers the inventory as it stands now, so that the first frames are understood.
    fn catch_up(&self, inventory: &Inventory) -> Result<(), Over> {
        let mut behind: BTreeSet<i32> = (0..self.inventory_partitions).collect();
        while !behind.is_empty() {
            if self.stop.is_cancelled() {
                return Err(Over);
            }
            match inventory.poll(POLL) {
                Some(Err(KafkaError::PartitionEOF(partition))) => drop(behind.remove(&partition)),
                Some(polled) => self.forward(Topic::Inventory, polled)?,
                None => {}
            }
        }
        Ok(())
    }

    fn forward(&self, topic: Topic, polled: Result<BorrowedMessage<'_>, KafkaError>) -> Result<(), Over> {
        match polled {
            Ok(message) => {
                self.context.health().flows(self.name(topic));
                let delivery = owned(topic, &message);
                add(&self.context.counters().delivered, 1);
                add(&self.context.counters().delivered_bytes, delivery.payload.len() as u64);
                self.events.blocking_send(Ok(Incoming::Delivery(delivery))).map_err(|_| Over)
            }
            Err(KafkaError::PartitionEOF(_)) => Ok(()),
            Err(error) if is_final(&error) => Err(self.end("the subscription is over", error)),
            Err(error) => {
                self.note(topic, &error);
                Ok(())
            }
        }
    }

    fn name(&self, topic: Topic) -> &str {
        if topic == Topic::Inventory && self.topic != topic { &self.inventory_name } else { &self.topic_name }
    }

    /// An error that is waited out.
    fn note(&self, topic: Topic, error: &KafkaError) {
        let code = error.rdkafka_error_code();
        // The inventory is read without the group: whether we may be in it shows when we join.
        if topic == Topic::Inventory && self.topic != topic && code == Some(RDKafkaErrorCode::GroupAuthorizationFailed)
        {
            return;
        }
        match code.and_then(|code| self.context.note(code, self.name(topic), &self.group_name)) {
            Some((row, _)) if row.cause == Cause::NoTopic => (self.missed)(topic),
            Some(_) => {}
            None => self.context.complain(&format!("cannot read topic {}", self.name(topic)), error),
        }
    }

    /// Tells the subscriber why nothing more will come.
    fn end(&self, action: &'static str, source: KafkaError) -> Over {
        let bootstrap = self.context.bootstrap().to_owned();
        drop(self.events.blocking_send(Err(TransportError::Kafka { bootstrap, action, source })));
        Over
    }
}

/// What waiting does not mend.
fn is_final(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{FencedInstanceId, InconsistentGroupProtocol};
    matches!(error, KafkaError::MessageConsumptionFatal(_))
        || matches!(error.rdkafka_error_code(), Some(FencedInstanceId | InconsistentGroupProtocol))
}

fn owned(topic: Topic, message: &BorrowedMessage<'_>) -> Delivery {
    Delivery {
        topic,
        partition: if topic == Topic::Inventory { UNCOMMITTED } else { message.partition() },
        offset: message.offset(),
        key: String::from_utf8_lossy(message.key().unwrap_or_default()).into_owned(),
        payload: Bytes::copy_from_slice(message.payload().unwrap_or_default()),
        broker_ts_ms: message.timestamp().to_millis(),
    }
}
