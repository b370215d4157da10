//! librdkafka's settings: what weft starts from, what the operator sets, what weft insists on.

use std::collections::BTreeMap;
use std::fmt;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use serde::{Deserialize, Serialize};
use weft_settings::Secret;

use crate::TransportError;

/// librdkafka settings by their own names, with or without a leading `kafka.`: `security.protocol`, `sasl.username`,
/// `ssl.ca.location`, `linger.ms`. Values are never printed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KafkaProperties(BTreeMap<String, Secret>);

impl KafkaProperties {
    pub fn set(&mut self, key: &str, value: &str) {
        self.0.insert(key.to_owned(), Secret::new(value));
    }

    /// Who the brokers take us for, where that is a name and no secret.
    pub(super) fn user(&self) -> Option<String> {
        self.iter().find(|(key, _)| *key == "sasl.username").map(|(_, user)| user.to_owned())
    }

    /// Names without a leading `kafka.`, and values as librdkafka takes them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.strip_prefix("kafka.").unwrap_or(key), value.expose()))
    }
}

impl fmt::Debug for KafkaProperties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// `tunable` gives way to the operator's settings, `insisted` does not: the guarantees hang on it.
pub(super) fn client_config(
    bootstrap: &str,
    client_id: &str,
    tunable: &[(&str, String)],
    properties: &KafkaProperties,
    insisted: &[(&str, String)],
) -> ClientConfig {
    let mut config = ClientConfig::new();
    // A broker that comes back is found within 2 s; 12,500 collectors spread their attempts over that.
    config.set("reconnect.backoff.ms", "100").set("reconnect.backoff.max.ms", "2000");
    config.set("socket.keepalive.enable", "true").set("statistics.interval.ms", "10000");
    for (key, value) in tunable {
        config.set(*key, value);
    }
    for (key, value) in properties.iter() {
        config.set(key, value);
    }
    config.set("bootstrap.servers", bootstrap).set("client.id", client_id);
    // Topics are created with what TopicLayout declares or not at all.
    config.set("allow.auto.create.topics", "false");
    for (key, value) in insisted {
        config.set(*key, value);
    }
    config.set_log_level(RDKafkaLogLevel::Warning);
    config
}

/// A client that librdkafka would not make: says which setting, never its value.
pub(super) fn refused(error: KafkaError) -> TransportError {
    match error {
        KafkaError::ClientConfig(_, reason, key, _) => TransportError::Setting { key: format!("kafka.{key}"), reason },
        KafkaError::ClientCreation(reason) => TransportError::Setting { key: "kafka".into(), reason },
        other => TransportError::Setting { key: "kafka".into(), reason: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_tune_but_do_not_weaken() {
        let mut properties = KafkaProperties::default();
        properties.set("kafka.linger.ms", "50");
        properties.set("acks", "0");
        properties.set("allow.auto.create.topics", "true");
        let tunable = [("linger.ms", "20".to_owned())];
        let insisted = [("acks", "all".to_owned())];
        let config = client_config("b:1", "c", &tunable, &properties, &insisted);
        assert_eq!(config.get("linger.ms"), Some("50"));
        assert_eq!(config.get("acks"), Some("all"));
        assert_eq!(config.get("allow.auto.create.topics"), Some("false"));
    }

    #[test]
    fn secrets_are_not_printed() {
        let mut properties = KafkaProperties::default();
        properties.set("sasl.password", "hunter2");
        assert!(!format!("{properties:?}").contains("hunter2"));
    }
}
