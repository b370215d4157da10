//! A Kafka cluster through librdkafka. Every client is told the same safe settings; what an operator may tune is open.

pub(crate) mod check;
mod context;
mod poller;
mod properties;
mod publisher;
mod rewind;
mod single_file;
mod subscriber;
mod topics;
mod trouble;

pub use properties::KafkaProperties;
pub(crate) use publisher::KafkaPublisher;
pub(crate) use subscriber::KafkaSubscriber;
