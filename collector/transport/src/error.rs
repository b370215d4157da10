//! What can go wrong between a collector and an analyzer, and whether to try again.

use std::io;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    #[error("transport {url:?}: {reason}; write kafka://HOST:PORT[,HOST:PORT] or direct://HOST:PORT")]
    Url { url: String, reason: &'static str },

    /// The value is left out on purpose: it may be a password.
    #[error("transport setting {key:?}: {reason}")]
    Setting { key: String, reason: String },

    #[error(
        "a message of {bytes} bytes is over the limit of {max}; send fewer rows in one, or raise max_message_bytes"
    )]
    TooLarge { bytes: usize, max: usize },

    /// Backpressure: keep the message and offer it again.
    #[error("no room: {in_flight} messages still await their acknowledgement from {peer}")]
    Full { peer: String, in_flight: usize },

    #[error("{peer} did not answer within {waited_s} s")]
    Timeout { peer: String, waited_s: u64 },

    #[error("the other side of the transport is gone for good")]
    Closed,

    #[error("kafka at {bootstrap}: {action}: {source}")]
    Kafka { bootstrap: String, action: &'static str, source: KafkaError },

    /// An operator has to mend something; all messages wait for it alike.
    #[error("{sentence}")]
    Waiting { sentence: String },

    /// This message is refused as it is now, others may pass: put it aside and offer it again later.
    #[error("{sentence} (a message of {bytes} bytes)")]
    Refused { sentence: String, bytes: usize },

    #[error("direct transport at {addr}: {action}: {source}")]
    Io { addr: String, action: &'static str, source: io::Error },

    #[error("direct transport at {addr}: {reason}")]
    Protocol { addr: String, reason: String },
}

impl TransportError {
    /// True when the same call may succeed later. False when this message (or this configuration) never will.
    pub fn is_retryable(&self) -> bool {
        match self {
            TransportError::Url { .. }
            | TransportError::Setting { .. }
            | TransportError::TooLarge { .. }
            | TransportError::Closed => false,
            TransportError::Full { .. } | TransportError::Timeout { .. } => true,
            TransportError::Waiting { .. } | TransportError::Refused { .. } => true,
            TransportError::Io { .. } | TransportError::Protocol { .. } => true,
            TransportError::Kafka { source, .. } => kafka_retryable(source),
        }
    }
}

/// Kafka refuses for good only what is wrong with the configuration; the rest passes with time or an operator.
fn kafka_retryable(error: &KafkaError) -> bool {
    !matches!(
        error,
        KafkaError::ClientConfig(..) | KafkaError::ClientCreation(_) | KafkaError::MessageConsumptionFatal(_)
    ) && error.rdkafka_error_code() != Some(RDKafkaErrorCode::FencedInstanceId)
}
