//! The idempotent producer: many messages in flight, in order, acknowledged by all in-sync replicas.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::future_producer::{DeliveryFuture, OwnedDeliveryResult};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::context::Context;
use super::properties::{client_config, refused};
use super::topics::Topics;
use crate::stats::{add, sub};
use crate::{Publisher, PublisherOptions, Topic, TopicLayout, TransportError, TransportStats};

type Producer = FutureProducer<Context>;

pub(crate) struct KafkaPublisher {
    producer: Mutex<Producer>,
    config: ClientConfig,
    context: Context,
    layout: TopicLayout,
    room: Semaphore,
    in_flight: usize,
    timeout: Duration,
    /// True once the topics are there: a message before would fail for want of one.
    ready: watch::Receiver<bool>,
    _seeing_to_topics: AbortOnDropHandle<()>,
}

impl KafkaPublisher {
    /// Errors are wrong settings; a cluster that is away is waited for.
    pub fn new(bootstrap: &str, options: &PublisherOptions) -> Result<Self, TransportError> {
        let context = Context::new(bootstrap, "publisher");
        let config = producer_config(bootstrap, options);
        let producer = config.create_with_context(context.clone()).map_err(refused)?;
        // Producer settings would only draw warnings from an admin client.
        let plain = client_config(bootstrap, &options.client_id, &[], &options.kafka, &[]);
        let topics = Topics::new(&options.topics, &plain, &context)?;
        let (is_ready, ready) = watch::channel(false);
        let seeing_to_topics = tokio::spawn(async move {
            topics.ensure(&Topic::ALL).await;
            is_ready.send_replace(true);
            // Kept open: a closed channel would read as an error.
            is_ready.closed().await;
        });
        Ok(KafkaPublisher {
            producer: Mutex::new(producer),
            config,
            context,
            layout: options.topics.clone(),
            room: Semaphore::new(options.in_flight.max(1)),
            in_flight: options.in_flight.max(1),
            timeout: options.timeout,
            ready,
            _seeing_to_topics: AbortOnDropHandle::new(seeing_to_topics),
        })
    }

    async fn admit(&self) -> Result<SemaphorePermit<'_>, TransportError> {
        let mut ready = self.ready.clone();
        let waited = timeout(self.timeout, async {
            ready.wait_for(|ready| *ready).await.map_err(|_| TransportError::Closed)?;
            self.room.acquire().await.map_err(|_| TransportError::Closed)
        });
        waited.await.map_err(|_| self.not_admitted())?
    }

    fn not_admitted(&self) -> TransportError {
        let peer = self.peer();
        match *self.ready.borrow() {
            true => TransportError::Full { peer, in_flight: self.in_flight },
            false => TransportError::Timeout { peer, waited_s: self.timeout.as_secs() },
        }
    }

    fn enqueue(&self, topic: Topic, key: &str, payload: &[u8]) -> Result<DeliveryFuture, TransportError> {
        let name = self.layout.name(topic);
        let record = FutureRecord::to(&name).key(key).payload(payload);
        self.lock().send_result(record).map_err(|(error, _)| self.failed(error))
    }

    fn settle(&self, delivered: OwnedDeliveryResult, bytes: usize) -> Result<(), TransportError> {
        let (error, _) = match delivered {
            Ok(_) => {
                self.context.reached();
                add(&self.context.counters().acknowledged, 1);
                add(&self.context.counters().acknowledged_bytes, bytes as u64);
                return Ok(());
            }
            Err(failed) => failed,
        };
        self.replace_if_broken();
        Err(self.failed(error))
    }

    fn failed(&self, error: KafkaError) -> TransportError {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::QueueFull) => TransportError::Full { peer: self.peer(), in_flight: self.in_flight },
            Some(RDKafkaErrorCode::MessageTimedOut) => {
                TransportError::Timeout { peer: self.peer(), waited_s: self.timeout.as_secs() }
            }
            _ => {
                let bootstrap = self.context.bootstrap().to_owned();
                TransportError::Kafka { bootstrap, action: "cannot publish", source: error }
            }
        }
    }

    /// An idempotent producer that lost track of its sequence is of no further use: begin a new one.
    fn replace_if_broken(&self) {
        let mut producer = self.lock();
        let Some((code, reason)) = producer.client().fatal_error() else { return };
        self.context.complain("the producer is beyond repair, making another", &format!("{code}: {reason}"));
        match self.config.create_with_context(self.context.clone()) {
            Ok(fresh) => {
                let broken = std::mem::replace(&mut *producer, fresh);
                // Its end takes up to half a second.
                std::thread::spawn(move || drop(broken));
            }
            Err(error) => self.context.complain("cannot make another producer", &error),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Producer> {
        self.producer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn peer(&self) -> String {
        format!("kafka at {}", self.context.bootstrap())
    }
}

#[async_trait]
impl Publisher for KafkaPublisher {
    async fn publish(&self, topic: Topic, key: &str, payload: Bytes) -> Result<(), TransportError> {
        let published = self.try_publish(topic, key, payload).await;
        if published.is_err() {
            add(&self.context.counters().failed, 1);
        }
        published
    }

    fn stats(&self) -> TransportStats {
        self.context.counters().snapshot()
    }
}

impl KafkaPublisher {
    async fn try_publish(&self, topic: Topic, key: &str, payload: Bytes) -> Result<(), TransportError> {
        let max = self.layout.max_message_bytes;
        if payload.len() > max {
            return Err(TransportError::TooLarge { bytes: payload.len(), max });
        }
        let _room = self.admit().await?;
        let _counted = InFlight::new(&self.context);
        let delivered = self.enqueue(topic, key, &payload)?.await.map_err(|_| TransportError::Closed)?;
        self.settle(delivered, payload.len())
    }
}

/// Keeps the gauge right, also when the call is dropped.
struct InFlight<'a>(&'a Context);

impl<'a> InFlight<'a> {
    fn new(context: &'a Context) -> Self {
        add(&context.counters().in_flight, 1);
        InFlight(context)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        sub(&self.0.counters().in_flight, 1);
    }
}

fn producer_config(bootstrap: &str, options: &PublisherOptions) -> ClientConfig {
    // A batch may be a little over its largest message: room for its head.
    let max_bytes = options.topics.max_message_bytes + 64 * 1024;
    let tunable = [
        ("compression.type", "zstd".to_owned()),
        ("linger.ms", "20".to_owned()),
        // As the Java clients place keys, so that other producers of a key agree.
        ("partitioner", "murmur2_random".to_owned()),
    ];
    let insisted = [
        ("enable.idempotence", "true".to_owned()),
        ("message.timeout.ms", options.timeout.as_millis().to_string()),
        ("message.max.bytes", max_bytes.to_string()),
        ("queue.buffering.max.messages", options.in_flight.max(1).to_string()),
        ("queue.buffering.max.kbytes", options.in_flight_bytes.div_ceil(1024).max(1).to_string()),
    ];
    client_config(bootstrap, &options.client_id, &tunable, &options.kafka, &insisted)
}
