//! Tries librdkafka's settings by making the clients that a start would make, without a broker to connect to: librdkafka
//! then judges every name, every value and what may not stand beside what.

use rdkafka::ClientConfig;
use rdkafka::config::FromClientConfig;
use rdkafka::consumer::BaseConsumer;
use rdkafka::producer::BaseProducer;

use super::properties::{client_config, refused};
use super::publisher::producer_config;
use super::subscriber::{group_config, inventory_config};
use crate::{PublisherOptions, SubscriberOptions, TransportError};

pub fn publisher(options: &PublisherOptions) -> Result<(), TransportError> {
    made::<BaseProducer>(producer_config("", options))?;
    // As the one that sees to the topics.
    made::<BaseProducer>(client_config("", &options.client_id, &[], &options.kafka, &[]))
}

pub fn subscriber(options: &SubscriberOptions) -> Result<(), TransportError> {
    made::<BaseConsumer>(group_config("", options))?;
    made::<BaseConsumer>(inventory_config("", options))?;
    made::<BaseProducer>(client_config("", &options.client_id, &[], &options.kafka, &[]))
}

fn made<C: FromClientConfig>(mut config: ClientConfig) -> Result<(), TransportError> {
    config.remove("bootstrap.servers").set("statistics.interval.ms", "0");
    C::from_config(&config).map(drop).map_err(refused)
}
