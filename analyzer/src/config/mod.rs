//! The configuration file: TOML, every key also `WEFT_<SECTION>_<KEY>`, `__` for a dot, an unknown key is an
//! error.
//!
//! Each part's keys, defaults and checks stand beside the part; here they only meet. `[collector]` and
//! `[dashboard]` belong to those, which read the same file by themselves.

mod load;
mod secret;

pub use load::{ConfigError, load, parse};
pub use secret::Secret;

use crate::http::HttpConfig;
use crate::notify::NotifyConfig;
use crate::route::SilenceConfig;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use weft_transport::{KafkaProperties, PublisherOptions, SubscriberOptions, TopicLayout, TransportError, TransportUrl};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub transport: TransportConfig,
    pub analyzer: AnalyzerConfig,
    pub http: HttpConfig,
    pub notify: Vec<NotifyConfig>,
    pub silence: Vec<SilenceConfig>,
    /// The collector's own section, which it checks itself.
    #[serde(skip_serializing)]
    pub collector: toml::Table,
    /// Likewise the page's.
    #[serde(skip_serializing)]
    pub dashboard: toml::Table,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TransportConfig {
    /// `direct` (listens for collectors) or `kafka`.
    pub kind: TransportKind,
    /// kafka: `HOST:PORT[,HOST:PORT]`. direct: the address to listen on.
    pub bootstrap: String,
    /// Put before every topic's name, so that several fabrics can share a cluster.
    pub prefix: String,
    /// Analyzers of one group share the partitions.
    pub group: String,
    /// librdkafka properties, passed on as they are (`security.protocol`, `sasl.username`, …).
    pub kafka: BTreeMap<String, Secret>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransportKind {
    #[default]
    Direct,
    Kafka,
}

/// Where collectors connect when nothing else is said.
pub const DIRECT_ADDR: &str = "127.0.0.1:4180";

impl Default for TransportConfig {
    fn default() -> Self {
        TransportConfig {
            kind: TransportKind::Direct,
            bootstrap: DIRECT_ADDR.into(),
            prefix: String::new(),
            group: "weft-analyzer".into(),
            kafka: BTreeMap::new(),
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
            kafka: self.properties(),
            ..SubscriberOptions::default()
        }
    }

    pub fn publisher_options(&self, client_id: &str) -> PublisherOptions {
        let client_id = client_id.to_owned();
        PublisherOptions { client_id, topics: self.topics(), kafka: self.properties(), ..PublisherOptions::default() }
    }

    fn topics(&self) -> TopicLayout {
        TopicLayout { prefix: self.prefix.clone(), ..TopicLayout::default() }
    }

    fn properties(&self) -> KafkaProperties {
        let mut properties = KafkaProperties::default();
        self.kafka.iter().for_each(|(key, value)| properties.set(key, value.expose()));
        properties
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnalyzerConfig {
    /// Folder of devices.csv, ports.csv, cables.csv, jobs.csv: what should be there.
    pub plan: Option<PathBuf>,
    /// Folder of the analyzer's own database; nothing is kept over a restart without it.
    pub state: Option<PathBuf>,
    /// Event time held in memory, s.
    pub window_s: u64,
    /// … and never more than this many bytes.
    pub window_bytes: u64,
    /// A tick closes this much event time after its end, told by all live collectors or not, s.
    pub lateness_s: f64,
}

impl Default for AnalyzerConfig {
    fn default() -> Self {
        AnalyzerConfig { plan: None, state: None, window_s: 900, window_bytes: 2 << 30, lateness_s: 2.0 }
    }
}

impl Config {
    /// What the types cannot say. The first wrong value, by its key, with its mend.
    pub fn check(&self) -> Result<(), String> {
        self.transport.url().map_err(|error| format!("[transport] bootstrap: {error}"))?;
        let lateness = self.analyzer.lateness_s;
        if !(0.0..=3600.0).contains(&lateness) {
            return Err(format!("[analyzer] lateness_s: {lateness} is not within 0 to 3600"));
        }
        if self.analyzer.window_s == 0 || self.analyzer.window_bytes < 1 << 20 {
            return Err("[analyzer] the window holds nothing: window_s ≥ 1 and window_bytes ≥ 1048576".into());
        }
        self.http.check()?;
        crate::notify::check(&self.notify)?;
        crate::route::check_silences(&self.silence)
    }

    /// What is in force, as TOML, secrets hidden.
    pub fn effective(&self) -> String {
        toml::to_string(self).unwrap_or_else(|error| format!("# cannot be shown: {error}\n"))
    }
}
