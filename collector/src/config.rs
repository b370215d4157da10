//! `[collector]` and `[transport]` of the configuration file. Each part's keys stand beside the code they configure.

use crate::filter::InterfaceFilter;
use crate::outbox::QueueConfig;
use crate::root::Root;
use crate::schedule::Rates;
use crate::settings::{self, SettingsError};
use crate::sources::StepConfig;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use weft_transport::{KafkaProperties, PublisherOptions, TopicLayout, TransportUrl};
use weft_wire::DeviceKind;

/// The sections a collector reads. Those of other roles may stand in the same file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Config {
    pub collector: CollectorConfig,
    pub transport: TransportConfig,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CollectorConfig {
    /// Name of this collector and of the device it reads; the host's name when empty.
    pub id: String,
    /// `node` fills table `nic`, `switch` fills `switch_port`.
    pub kind: Kind,
    /// Stands for `/`.
    pub root: PathBuf,
    pub rates: Rates,
    /// Milliseconds between two frames.
    pub flush_ms: u32,
    /// A source that takes longer three times in a row is read less often, a device's counters are left alone for a while.
    pub slow_read_ms: u32,
    /// Sources that are not read, by name.
    pub off: Vec<String>,
    pub interfaces: InterfaceFilter,
    pub queue: QueueConfig,
    pub step: StepConfig,
    /// Said of the device: plane, rack, pod, …
    pub labels: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    #[default]
    Node,
    Switch,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TransportConfig {
    pub kind: TransportKind,
    /// `host:port[,host:port]` of the Kafka cluster, or `host:port` of the analyzer.
    pub bootstrap: String,
    /// Put before every topic's name, so that several fabrics can share a cluster.
    pub prefix: String,
    /// The analyzers' consumer group: known here, and not used.
    pub group: String,
    /// librdkafka properties (`security.protocol`, `sasl.username`, …), passed on as they are.
    pub kafka: KafkaProperties,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransportKind {
    Kafka,
    #[default]
    Direct,
}

impl Default for CollectorConfig {
    fn default() -> CollectorConfig {
        CollectorConfig {
            id: String::new(),
            kind: Kind::Node,
            root: "/".into(),
            rates: Rates::default(),
            flush_ms: 1000,
            slow_read_ms: 100,
            off: Vec::new(),
            interfaces: InterfaceFilter::default(),
            queue: QueueConfig::default(),
            step: StepConfig::default(),
            labels: BTreeMap::new(),
        }
    }
}

impl Default for TransportConfig {
    fn default() -> TransportConfig {
        TransportConfig {
            kind: TransportKind::Direct,
            bootstrap: "127.0.0.1:4180".into(),
            prefix: String::new(),
            group: String::new(),
            kafka: KafkaProperties::default(),
        }
    }
}

impl Config {
    /// The file, then `WEFT_COLLECTOR_…` and `WEFT_TRANSPORT_…` over it.
    pub fn load(file: Option<&Path>) -> Result<Config, SettingsError> {
        settings::load(file, &["collector", "transport"], std::env::vars())
    }
}

impl CollectorConfig {
    /// Errors name the key and what would do.
    pub fn check(&self) -> Result<(), String> {
        self.rates.check()?;
        if self.flush_ms == 0 || !self.flush_ms.is_multiple_of(self.rates.normal_ms) {
            return Err(format!(
                "flush_ms = {}: a multiple of rates.normal_ms = {}",
                self.flush_ms, self.rates.normal_ms
            ));
        }
        let known: Vec<&str> = crate::sources::names().collect();
        if let Some(unknown) = self.off.iter().find(|name| !known.contains(&name.as_str())) {
            let near = settings::nearest(unknown, &known).unwrap_or(known[0]);
            return Err(format!(
                "off = [{unknown:?}]: no such source; did you mean {near:?}? (there are {})",
                known.join(", ")
            ));
        }
        match self.root.is_dir() {
            true => Ok(()),
            false => Err(format!("root = {:?}: not a directory", self.root)),
        }
    }

    pub fn root(&self) -> Root {
        Root::new(self.root.clone())
    }

    pub fn device_kind(&self) -> DeviceKind {
        match self.kind {
            Kind::Node => DeviceKind::Node,
            Kind::Switch => DeviceKind::Switch,
        }
    }

    pub fn reads(&self, source: &str) -> bool {
        !self.off.iter().any(|off| off == source)
    }
}

impl TransportConfig {
    pub fn url(&self) -> Result<TransportUrl, weft_transport::TransportError> {
        let scheme = match self.kind {
            TransportKind::Kafka => "kafka",
            TransportKind::Direct => "direct",
        };
        format!("{scheme}://{}", self.bootstrap).parse()
    }

    pub fn publisher_options(&self, client_id: String) -> PublisherOptions {
        let topics = TopicLayout { prefix: self.prefix.clone(), ..TopicLayout::default() };
        PublisherOptions { client_id, topics, kafka: self.kafka.clone(), ..PublisherOptions::default() }
    }
}

/// The name of this host as the kernel knows it.
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
