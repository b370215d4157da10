//! The sending side.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Health, KafkaProperties, Topic, TopicLayout, TransportError, TransportStats};

#[async_trait]
pub trait Publisher: Send + Sync {
    /// Resolves when the far side acknowledged: Kafka's in-sync replicas have it, or the direct subscriber committed it.
    /// Many calls may be in flight; messages of one key arrive in the order in which the calls were first polled,
    /// unless one of them is retried. An error says whether to offer the message again
    /// ([`TransportError::is_retryable`]); a message whose call failed may have arrived all the same.
    async fn publish(&self, topic: Topic, key: &str, payload: Bytes) -> Result<(), TransportError>;

    fn stats(&self) -> TransportStats {
        TransportStats::default()
    }

    /// How it stands to the far side; keep the handle and ask it whenever `/readyz` is asked.
    fn health(&self) -> Health {
        Health::steady()
    }
}

#[derive(Clone, Debug)]
pub struct PublisherOptions {
    /// Stands in the broker's and the analyzer's logs.
    pub client_id: String,
    /// The most messages that await an acknowledgement; a further call waits.
    pub in_flight: usize,
    /// The most bytes that await an acknowledgement.
    pub in_flight_bytes: usize,
    /// After this long without an acknowledgement a call gives up with a retryable error, so that the caller can spool.
    pub timeout: Duration,
    pub topics: TopicLayout,
    /// Seen to (and created) at the start; any other topic is at its first message, so that a client needs no right on
    /// topics that it never writes to.
    pub writes: Vec<Topic>,
    pub kafka: KafkaProperties,
}

impl Default for PublisherOptions {
    fn default() -> Self {
        PublisherOptions {
            client_id: "weft".into(),
            in_flight: 65_536,
            in_flight_bytes: 64 << 20,
            timeout: Duration::from_secs(30),
            topics: TopicLayout::default(),
            writes: vec![Topic::Frames, Topic::Inventory],
            kafka: KafkaProperties::default(),
        }
    }
}
