//! `[transport]`: how frames get from collectors to analyzers. The same for both ends.

use std::fmt;
use std::time::Duration;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use weft_settings::{Flags, Wrong};

use crate::kafka;
use crate::{KafkaProperties, PublisherOptions, SubscriberOptions, TopicLayout, TransportError, TransportUrl};

/// Where collectors connect when nothing else is said.
pub const DIRECT_ADDR: &str = "127.0.0.1:4180";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TransportConfig {
    /// `direct` (the analyzer listens for collectors) or `kafka`.
    pub kind: TransportKind,
    /// kafka: `HOST:PORT[,HOST:PORT]` of the brokers. direct: `HOST:PORT` where the analyzer listens and collectors connect.
    #[serde(deserialize_with = "brokers")]
    pub bootstrap: String,
    /// Put before every topic's name, so that several fabrics can share a cluster.
    pub prefix: String,
    /// Analyzers of one group share the partitions. Collectors do not use it.
    pub group: String,
    /// librdkafka properties, passed on as they are (`security.protocol`, `sasl.username`, …). Never shown.
    pub kafka: KafkaProperties,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransportKind {
    #[default]
    Direct,
    Kafka,
}

impl Default for TransportConfig {
    fn default() -> Self {
        TransportConfig {
            kind: TransportKind::Direct,
            bootstrap: DIRECT_ADDR.into(),
            prefix: String::new(),
            group: "weft-analyzer".into(),
            kafka: KafkaProperties::default(),
        }
    }
}

impl TransportConfig {
    pub fn url(&self) -> Result<TransportUrl, TransportError> {
        match self.kind {
            TransportKind::Direct => format!("direct://{}", self.bootstrap).parse(),
            TransportKind::Kafka => format!("kafka://{}", self.bootstrap).parse(),
        }
    }

    /// As a subscriber that starts `rewind` before where it had been.
    pub fn subscriber_options(&self, rewind: Duration) -> SubscriberOptions {
        SubscriberOptions {
            group: self.group.clone(),
            client_id: "weft-analyzer".into(),
            rewind: Some(rewind),
            topics: self.topics(),
            kafka: self.kafka.clone(),
            ..SubscriberOptions::default()
        }
    }

    /// `client_id` stands in the broker's and the analyzer's logs.
    pub fn publisher_options(&self, client_id: &str) -> PublisherOptions {
        let (client_id, topics) = (client_id.to_owned(), self.topics());
        PublisherOptions { client_id, topics, kafka: self.kafka.clone(), ..PublisherOptions::default() }
    }

    fn topics(&self) -> TopicLayout {
        TopicLayout { prefix: self.prefix.clone(), ..TopicLayout::default() }
    }

    /// What a start of a sending role would say of these settings, by the key that is wrong.
    pub fn check_publisher(&self) -> Result<(), Wrong> {
        self.check()?;
        match self.kind {
            TransportKind::Kafka => kafka::check::publisher(&self.publisher_options("weft")).map_err(of_kafka),
            TransportKind::Direct => Ok(()),
        }
    }

    /// … of a receiving role, which also sends what it cannot read to the dead-letter topic.
    pub fn check_subscriber(&self) -> Result<(), Wrong> {
        self.check_publisher()?;
        match self.kind {
            TransportKind::Kafka => {
                kafka::check::subscriber(&self.subscriber_options(Duration::ZERO)).map_err(of_kafka)
            }
            TransportKind::Direct => Ok(()),
        }
    }

    fn check(&self) -> Result<(), Wrong> {
        self.url().map(drop).map_err(|error| match error {
            TransportError::Url { reason, .. } => {
                let form = match self.kind {
                    TransportKind::Kafka => "HOST:PORT[,HOST:PORT]",
                    TransportKind::Direct => "HOST:PORT",
                };
                Wrong::new("transport.bootstrap", format!("{:?}: {reason}; write {form}", self.bootstrap))
            }
            other => Wrong::new("transport.bootstrap", other),
        })
    }
}

/// `kafka.linger.ms` is `linger.ms` of the table `kafka`; without a property's name, the properties together are wrong.
fn of_kafka(error: TransportError) -> Wrong {
    match error {
        TransportError::Setting { key, reason } => Wrong::new(&format!("transport.{key}"), reason),
        other => Wrong::new("transport.kafka", other),
    }
}

impl TransportUrl {
    /// A `--transport` that was given, as the keys it stands for.
    pub fn set_flags(url: Option<&TransportUrl>, flags: &mut Flags) {
        let (kind, bootstrap) = match url {
            Some(TransportUrl::Kafka { bootstrap }) => (Some("kafka"), Some(bootstrap)),
            Some(TransportUrl::Direct { addr }) => (Some("direct"), Some(addr)),
            // Refused with the kinds that there are: one process needs no flag for it.
            Some(TransportUrl::InProcess) => (Some("in-process"), None),
            None => (None, None),
        };
        flags.set("--transport", "transport.kind", kind).set("--transport", "transport.bootstrap", bootstrap);
    }
}

/// One text, or a list of brokers.
fn brokers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Brokers;

    impl<'de> Visitor<'de> for Brokers {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text in quotes: HOST:PORT[,HOST:PORT]")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<String, A::Error> {
            let mut brokers = Vec::new();
            while let Some(broker) = list.next_element::<String>()? {
                brokers.push(broker);
            }
            Ok(brokers.join(","))
        }
    }

    deserializer.deserialize_any(Brokers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: TransportKind, bootstrap: &str) -> Result<String, String> {
        let config = TransportConfig { kind, bootstrap: bootstrap.into(), ..TransportConfig::default() };
        config.check().map_err(|wrong| wrong.to_string())?;
        Ok(config.url().unwrap().to_string())
    }

    #[test]
    fn brokers_are_taken_as_they_are_plainly_meant() {
        for written in ["k1:9092,k2:9092", "k1:9092, k2:9092", " k1:9092 ,k2:9092 ", "k1:9092,k2:9092,"] {
            assert_eq!(check(TransportKind::Kafka, written).as_deref(), Ok("kafka://k1:9092,k2:9092"), "{written:?}");
        }
    }

    #[test]
    fn what_is_no_list_of_brokers_is_refused_with_the_key_and_how_to_write_it() {
        for (written, word) in [
            ("PLAINTEXT://k1:9092", "security.protocol"),
            ("SASL_SSL://k1:9093,SASL_SSL://k2:9093", "security.protocol"),
            ("k1:9092;k2:9092", "commas"),
            ("k1:9092 k2:9092", "commas"),
            ("['k1:9092', 'k2:9092']", "without brackets and quotes"),
            ("\"k1:9092\"", "without brackets and quotes"),
            ("k1", "no port"),
            ("k1:9092,k2", "no port"),
            ("k1:x", "0 to 65535"),
            ("", "no host"),
            (",", "no host"),
        ] {
            let said = check(TransportKind::Kafka, written).unwrap_err();
            for word in [word, "transport.bootstrap", "HOST:PORT[,HOST:PORT]"] {
                assert!(said.contains(word), "{written:?}: no {word:?} in {said}");
            }
        }
        let said = check(TransportKind::Direct, "a:1,b:2").unwrap_err();
        assert!(said.contains("one address"), "{said}");
    }

    #[test]
    fn librdkafka_judges_the_properties_without_a_broker() {
        let check = |key: &str, value: &str| {
            let mut config = TransportConfig { kind: TransportKind::Kafka, ..TransportConfig::default() };
            config.kafka.set(key, value);
            (config.check_publisher().map_err(|w| w.to_string()), config.check_subscriber().map_err(|w| w.to_string()))
        };
        assert_eq!(check("linger.ms", "50"), (Ok(()), Ok(())));
        assert_eq!(check("security.protocol", "PLAINTEXT"), (Ok(()), Ok(())));
        for (key, value) in [("sasl.usernam", "x"), ("security.protocol", "SASL-SSL"), ("linger.ms", "soon")] {
            let (sends, receives) = check(key, value);
            for said in [sends.unwrap_err(), receives.unwrap_err()] {
                assert!(said.starts_with(&format!("transport.kafka.{key}: ")), "{said}");
            }
        }
        // Idempotence hangs on all acknowledgements.
        let (sends, _) = check("acks", "0");
        assert!(sends.unwrap_err().contains("acks"));
        let (sends, _) = check("ssl.ca.location", "/nope.pem");
        assert!(sends.is_ok(), "read only with a protocol that uses it");
    }
}
