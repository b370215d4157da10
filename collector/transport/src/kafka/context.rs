//! What librdkafka tells of itself: log lines, errors, statistics.

use std::sync::Arc;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::statistics::Statistics;

use super::properties::KafkaProperties;
use super::trouble::{self, About, Client, Row};
use crate::health::{CLUSTER, Cause, Health};
use crate::stats::{Counters, add, set};
use crate::throttle::Throttle;

/// Shared by all clients of one publisher or subscriber.
#[derive(Clone)]
pub(super) struct Context(Arc<Inner>);

struct Inner {
    client: Client,
    role: &'static str,
    counters: Arc<Counters>,
    health: Health,
    log: Throttle,
    complaint: Throttle,
}

/// What a client does to topics, in its logs and in the rights it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Publisher,
    Subscriber,
}

impl Context {
    /// Needs a Tokio runtime.
    pub fn new(bootstrap: &str, role: Role, properties: &KafkaProperties) -> Self {
        let (role, right) = match role {
            Role::Publisher => ("publisher", "WRITE"),
            Role::Subscriber => ("subscriber", "READ"),
        };
        Context(Arc::new(Inner {
            client: Client { bootstrap: bootstrap.to_owned(), user: properties.user(), right },
            role,
            counters: Arc::default(),
            health: Health::connecting("broker", bootstrap, role),
            log: Throttle::default(),
            complaint: Throttle::default(),
        }))
    }

    pub fn bootstrap(&self) -> &str {
        &self.0.client.bootstrap
    }

    pub fn counters(&self) -> &Counters {
        &self.0.counters
    }

    pub fn health(&self) -> &Health {
        &self.0.health
    }

    /// A failure that is waited out and needs nobody.
    pub fn complain(&self, action: &str, reason: &dyn std::fmt::Display) {
        if let Some(suppressed) = self.0.complaint.admit() {
            let role = self.0.role;
            tracing::warn!(role, suppressed, "kafka at {}: {action}: {reason}; trying again", self.bootstrap());
        }
    }

    /// Notes what somebody has to mend, and says it; `None`: nobody has to. `topic` and `group`: what was used.
    pub fn note(&self, code: RDKafkaErrorCode, topic: &str, group: &str) -> Option<(&'static Row, String)> {
        let row = trouble::find(code)?;
        let name = match row.about {
            About::Topic => topic,
            About::Group => group,
            About::Cluster | About::Broker => "",
        };
        let sentence = row.sentence(&self.0.client, name);
        let subject = if row.about == About::Cluster { CLUSTER } else { name };
        self.0.health.raise(row.cause, subject, &sentence);
        Some((row, sentence))
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
        use RDKafkaErrorCode::{
            AllBrokersDown, Authentication, ClusterAuthorizationFailed, GroupAuthorizationFailed, PartitionEOF,
            SaslAuthenticationFailed,
        };
        let health = &self.0.health;
        match error.rdkafka_error_code() {
            Some(AllBrokersDown) => {
                add(&self.0.counters.disconnects, u64::from(health.state().connected));
                health.gone(reason);
            }
            Some(code @ (Authentication | SaslAuthenticationFailed)) => match trouble::find(code) {
                Some(row) => {
                    let sentence = format!("{} (it says: {reason})", row.sentence(&self.0.client, ""));
                    health.raise(Cause::Unauthenticated, "", &sentence);
                }
                None => self.complain(&error.to_string(), &reason),
            },
            Some(ClusterAuthorizationFailed) => drop(self.note(ClusterAuthorizationFailed, "", "")),
            // Whoever polls is told the same, and knows the group's name.
            Some(GroupAuthorizationFailed | PartitionEOF) => {}
            // The text begins with the broker it is about: `HOST:PORT/1: Failed to resolve …`.
            Some(_) if let Some((broker, _)) = broker_of(reason) => health.raise(Cause::Unreachable, broker, reason),
            _ => self.complain(&error.to_string(), &reason),
        }
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
        for (name, broker) in &statistics.brokers {
            if broker.state == "UP" {
                self.0.health.clear(Cause::Unreachable, name);
            }
        }
    }
}

/// The broker that an error's text begins with, and what it says of it.
fn broker_of(reason: &str) -> Option<(&str, &str)> {
    let (broker, text) = reason.split_once(": ")?;
    (broker.contains(':') && !broker.contains(' ')).then_some((broker, text))
}

/// For the inventory's reader, which is in no group.
impl ConsumerContext for Context {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_broker_first() {
        let reason = "kafka-0.example.invalid:9092/1: Failed to resolve: Name or service not known";
        assert_eq!(broker_of(reason).unwrap().0, "kafka-0.example.invalid:9092/1");
        assert_eq!(broker_of("ssl://b:9093/bootstrap: SSL handshake failed").unwrap().0, "ssl://b:9093/bootstrap");
        assert_eq!(broker_of("1/1 brokers are down"), None);
        assert_eq!(broker_of("Failed to acquire: idempotence PID"), None);
    }

    #[tokio::test]
    async fn a_denied_group_is_waited_for_by_name() {
        let context = Context::new("b:1", Role::Subscriber, &KafkaProperties::default());
        context.health().reached();
        let (row, sentence) = context.note(RDKafkaErrorCode::GroupAuthorizationFailed, "frames", "my-group").unwrap();
        assert_eq!(row.cause, Cause::Denied);
        assert_eq!(context.health().state().troubles[0].sentence, sentence);
        assert!(sentence.contains("group my-group"), "{sentence}");
        // A message of the topic says nothing of the group; joining it does.
        context.health().flows("frames");
        assert_eq!(context.health().state().troubles.len(), 1);
        context.health().clear(Cause::Denied, "my-group");
        assert_eq!(context.health().state().troubles, []);
        assert!(context.note(RDKafkaErrorCode::NotEnoughReplicas, "frames", "my-group").is_none());
    }

    #[tokio::test]
    async fn the_reason_of_a_failed_connection_outlasts_that_all_are_down() {
        let context = Context::new("b:1", Role::Publisher, &KafkaProperties::default());
        let global = KafkaError::Global;
        context.error(global(RDKafkaErrorCode::Resolve), "b:1/bootstrap: Failed to resolve 'b:1': no such host");
        context.error(global(RDKafkaErrorCode::AllBrokersDown), "1/1 brokers are down");
        let said = context.health().state().reason().unwrap();
        assert!(said.contains("no broker answers at b:1") && said.contains("no such host"), "{said}");
    }
}
