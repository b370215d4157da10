//! The receiving side.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::direct::HubLimits;
use crate::{Health, KafkaProperties, Topic, TopicLayout, TransportError, TransportStats};

/// The partition of deliveries that have no position to commit: the inventory is read whole at every start.
pub const UNCOMMITTED: i32 = -1;

/// One message. The payload is opaque here: whoever decodes it judges it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub topic: Topic,
    /// [`UNCOMMITTED`] for the inventory.
    pub partition: i32,
    /// Grows within a partition, with gaps.
    pub offset: i64,
    pub key: String,
    pub payload: Bytes,
    /// When the broker appended the message, Unix ms; `None` on a direct connection.
    pub broker_ts_ms: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    Delivery(Delivery),
    /// These partitions are read from now on, from the last commit less the rewind.
    Assigned(Vec<i32>),
    /// These partitions belong to another now; commits to them do nothing.
    Revoked(Vec<i32>),
}

#[async_trait]
pub trait Subscriber: Send {
    /// The next message or change of assignment. Cancel-safe. An outage is waited out, not reported; an error that is
    /// not retryable ends the subscription.
    async fn next(&mut self) -> Result<Incoming, TransportError>;

    /// Says that everything of this partition before `next_offset` is safe. Direct: acknowledges to the sender.
    /// Commit by a timer beside `next`, neither after it nor by what messages say: over a direct connection a sender with
    /// all its messages in flight waits for the commit, and `next` then waits for the sender.
    async fn commit(&mut self, partition: i32, next_offset: i64) -> Result<(), TransportError> {
        self.commit_all(&[(partition, next_offset)]).await
    }

    /// [`Subscriber::commit`] for several `(partition, next_offset)` in one request.
    async fn commit_all(&mut self, positions: &[(i32, i64)]) -> Result<(), TransportError>;

    fn stats(&self) -> TransportStats {
        TransportStats::default()
    }

    /// How it stands to the far side; keep the handle and ask it whenever `/readyz` is asked.
    fn health(&self) -> Health {
        Health::steady()
    }
}

#[derive(Clone, Debug)]
pub struct SubscriberOptions {
    /// Members of one group share the partitions.
    pub group: String,
    pub client_id: String,
    /// A steady name of this member: restarted under it within `session_timeout`, it has its partitions back at once.
    /// No two live members may have the same.
    pub instance: Option<String>,
    /// After this long without a sign of life a member's partitions go to others.
    pub session_timeout: Duration,
    /// Start this long before the committed position (before now, where nothing was committed), by the broker's clock.
    pub rewind: Option<Duration>,
    /// What the group shares.
    pub topic: Topic,
    /// Also deliver the whole inventory, before the first message of `topic` and as it changes.
    pub inventory: bool,
    /// Direct: listen here instead of at the URL's address.
    pub listen: Option<String>,
    pub direct: HubLimits,
    pub topics: TopicLayout,
    pub kafka: KafkaProperties,
}

impl Default for SubscriberOptions {
    fn default() -> Self {
        SubscriberOptions {
            group: "weft-analyzer".into(),
            client_id: "weft".into(),
            instance: None,
            session_timeout: Duration::from_secs(10),
            rewind: None,
            topic: Topic::Frames,
            inventory: true,
            listen: None,
            direct: HubLimits::default(),
            topics: TopicLayout::default(),
            kafka: KafkaProperties::default(),
        }
    }
}
