//! The idempotent producer: many messages in flight, in order, acknowledged by all in-sync replicas.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::future_producer::{DeliveryFuture, OwnedDeliveryResult};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::context::{Context, Role};
use super::properties::{client_config, refused};
use super::single_file::SingleFile;
use super::topics::Topics;
use super::trouble::Fate;
use crate::stats::{add, sub};
use crate::{Cause, Health, Publisher, PublisherOptions, Topic, TopicLayout, TransportError, TransportStats};

type Producer = FutureProducer<Context>;

const REPLACE_EVERY: Duration = Duration::from_secs(3);

pub(crate) struct KafkaPublisher {
    producer: Mutex<Producer>,
    replaced: Mutex<Option<Instant>>,
    config: ClientConfig,
    context: Context,
    layout: TopicLayout,
    room: Semaphore,
    in_flight: usize,
    timeout: Duration,
    /// A message before its topic is there would fail for want of it.
    topics: Topics,
    alone: BTreeMap<Topic, SingleFile>,
}

impl KafkaPublisher {
    /// Errors are wrong settings; a cluster that is away is waited for.
    pub fn new(bootstrap: &str, options: &PublisherOptions) -> Result<Self, TransportError> {
        let context = Context::new(bootstrap, Role::Publisher, &options.kafka);
        let config = producer_config(bootstrap, options);
        let producer = config.create_with_context(context.clone()).map_err(refused)?;
        // Producer settings would only draw warnings from an admin client.
        let plain = client_config(bootstrap, &options.client_id, &[], &options.kafka, &[]);
        Ok(KafkaPublisher {
            producer: Mutex::new(producer),
            replaced: Mutex::default(),
            config,
            topics: Topics::new(&options.topics, &plain, &context, &options.writes)?,
            context,
            layout: options.topics.clone(),
            room: Semaphore::new(options.in_flight.max(1)),
            in_flight: options.in_flight.max(1),
            timeout: options.timeout,
            alone: Topic::ALL.into_iter().map(|topic| (topic, SingleFile::default())).collect(),
        })
    }

    async fn admit(&self, topic: Topic) -> Result<SemaphorePermit<'_>, TransportError> {
        let waited = timeout(self.timeout, async {
            self.topics.wait(topic).await?;
            self.room.acquire().await.map_err(|_| TransportError::Closed)
        });
        waited.await.map_err(|_| self.not_admitted(topic))?
    }

    fn not_admitted(&self, topic: Topic) -> TransportError {
        let peer = self.peer();
        match self.topics.is_there(topic) {
            true => TransportError::Full { peer, in_flight: self.in_flight },
            false => self.timed_out(),
        }
    }

    /// With what is known of why.
    fn timed_out(&self) -> TransportError {
        match self.context.health().state().reason() {
            Some(sentence) => TransportError::Waiting { sentence },
            None => TransportError::Timeout { peer: self.peer(), waited_s: self.timeout.as_secs() },
        }
    }

    fn enqueue(&self, topic: Topic, key: &str, payload: &[u8]) -> Result<DeliveryFuture, TransportError> {
        let name = self.layout.name(topic);
        let record = FutureRecord::to(&name).key(key).payload(payload);
        // The lock is given back before a failure is looked at.
        let sent = self.lock().send_result(record);
        sent.map_err(|(error, _)| self.failed(topic, payload.len(), error))
    }

    /// What became of a message, and what is to be seen to besides.
    fn settle(&self, topic: Topic, delivered: OwnedDeliveryResult, bytes: usize) -> Result<(), TransportError> {
        let (error, _) = match delivered {
            Ok(_) => {
                self.context.health().flows(&self.layout.name(topic));
                add(&self.context.counters().acknowledged, 1);
                add(&self.context.counters().acknowledged_bytes, bytes as u64);
                return Ok(());
            }
            Err(failed) => failed,
        };
        Err(self.failed(topic, bytes, error))
    }

    fn failed(&self, topic: Topic, bytes: usize, error: KafkaError) -> TransportError {
        let code = self.replace_if_broken().or(error.rdkafka_error_code());
        let noted = code.and_then(|code| self.context.note(code, &self.layout.name(topic), ""));
        if let Some((row, sentence)) = noted {
            if row.cause == Cause::NoTopic {
                self.topics.missed(topic);
            }
            return match row.fate {
                Fate::Again => TransportError::Waiting { sentence },
                Fate::Aside => TransportError::Refused { sentence, bytes },
            };
        }
        match code {
            Some(RDKafkaErrorCode::QueueFull) => TransportError::Full { peer: self.peer(), in_flight: self.in_flight },
            Some(RDKafkaErrorCode::MessageTimedOut) => self.timed_out(),
            _ => {
                let bootstrap = self.context.bootstrap().to_owned();
                TransportError::Kafka { bootstrap, action: "cannot publish", source: error }
            }
        }
    }

    /// An idempotent producer that lost track of its sequence is of no further use: begin a new one. One that is denied a
    /// producer id breaks again at once, so not more often than every few seconds. Answers with what broke it.
    fn replace_if_broken(&self) -> Option<RDKafkaErrorCode> {
        let mut producer = self.lock();
        let (code, reason) = producer.client().fatal_error()?;
        let mut replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        if replaced.is_some_and(|at| at.elapsed() < REPLACE_EVERY) {
            return Some(code);
        }
        *replaced = Some(Instant::now());
        tracing::info!("{}: the producer is beyond repair, making another: {code}: {reason}", self.peer());
        match self.config.create_with_context(self.context.clone()) {
            Ok(fresh) => {
                let broken = std::mem::replace(&mut *producer, fresh);
                // Its end takes up to half a second.
                std::thread::spawn(move || drop(broken));
            }
            Err(error) => self.context.complain("cannot make another producer", &error),
        }
        Some(code)
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
        let published = self.try_publish(topic, key, &payload).await;
        if published.is_err() {
            add(&self.context.counters().failed, 1);
        }
        published
    }

    fn stats(&self) -> TransportStats {
        self.context.counters().snapshot()
    }

    fn health(&self) -> Health {
        self.context.health().clone()
    }
}

impl KafkaPublisher {
    async fn try_publish(&self, topic: Topic, key: &str, payload: &Bytes) -> Result<(), TransportError> {
        let max = self.layout.max_message_bytes;
        if payload.len() > max {
            return Err(TransportError::TooLarge { bytes: payload.len(), max });
        }
        let alone = &self.alone[&topic];
        let turn = alone.turn().await;
        let sent = self.send(topic, key, payload).await;
        match (&sent, turn) {
            (Err(TransportError::Refused { .. }), None) => {
                alone.begin();
                // It may have been refused for those it was sent with: once more, by itself.
                let _turn = alone.turn().await;
                self.send(topic, key, payload).await
            }
            (Err(TransportError::Refused { .. }), Some(_)) => {
                alone.begin();
                sent
            }
            _ => sent,
        }
    }

    async fn send(&self, topic: Topic, key: &str, payload: &Bytes) -> Result<(), TransportError> {
        let _room = self.admit(topic).await?;
        let _counted = InFlight::new(&self.context);
        let delivered = self.enqueue(topic, key, payload)?.await.map_err(|_| TransportError::Closed)?;
        self.settle(topic, delivered, payload.len())
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

pub(super) fn producer_config(bootstrap: &str, options: &PublisherOptions) -> ClientConfig {
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
