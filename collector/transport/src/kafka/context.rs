//! What librdkafka tells of itself: log lines, errors, statistics.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::statistics::Statistics;

use crate::stats::{Counters, add, set};
use crate::throttle::Throttle;

/// Shared by all clients of one publisher or subscriber.
#[derive(Clone)]
pub(super) struct Context(Arc<Inner>);

struct Inner {
    bootstrap: String,
    role: &'static str,
    counters: Arc<Counters>,
    log: Throttle,
    complaint: Throttle,
    down: AtomicBool,
}

impl Context {
    pub fn new(bootstrap: &str, role: &'static str) -> Self {
        Context(Arc::new(Inner {
            bootstrap: bootstrap.to_owned(),
            role,
            counters: Arc::default(),
            log: Throttle::default(),
            complaint: Throttle::default(),
            down: AtomicBool::new(false),
        }))
    }

    pub fn bootstrap(&self) -> &str {
        &self.0.bootstrap
    }

    pub fn counters(&self) -> &Counters {
        &self.0.counters
    }

    /// A failure that is waited out.
    pub fn complain(&self, action: &str, reason: &dyn std::fmt::Display) {
        if let Some(suppressed) = self.0.complaint.admit() {
            let Inner { bootstrap, role, .. } = &*self.0;
            tracing::warn!(role, suppressed, "kafka at {bootstrap}: {action}: {reason}; trying again");
        }
    }

    /// A message went through: if the cluster was gone, it is back.
    pub fn reached(&self) {
        if self.0.down.load(Ordering::Relaxed) && self.0.down.swap(false, Ordering::Relaxed) {
            tracing::info!(role = self.0.role, "kafka at {}: reachable again", self.0.bootstrap);
        }
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        if (level as i32) <= (RDKafkaLogLevel::Warning as i32)
            && let Some(suppressed) = self.0.log.admit()
        {
            tracing::warn!(role = self.0.role, suppressed, facility, "librdkafka: {line}");
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if !self.0.down.swap(true, Ordering::Relaxed) {
            add(&self.0.counters.disconnects, 1);
        }
        self.complain(&error.to_string(), &reason);
    }

    fn stats(&self, statistics: Statistics) {
        let counters = &self.0.counters;
        let natural = |value: i64| u64::try_from(value).unwrap_or(0);
        set(&counters.sent_bytes, natural(statistics.tx_bytes));
        set(&counters.received_bytes, natural(statistics.rx_bytes));
        set(&counters.resent, statistics.brokers.values().map(|broker| broker.txretries).sum());
        if statistics.client_type == "consumer" {
            let partitions = statistics.topics.values().flat_map(|topic| topic.partitions.values());
            // −1 stands for a partition that is another member's.
            set(&counters.lag, partitions.map(|partition| natural(partition.consumer_lag)).sum());
        }
    }
}

/// For the inventory's reader, which is in no group.
impl ConsumerContext for Context {}
