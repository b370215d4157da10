//! The sections that a collector reads. Each part's keys stand beside the code they configure.

use crate::directory::PortDirectory;
use crate::filter::InterfaceFilter;
use crate::outbox::QueueConfig;
use crate::root::Root;
use crate::schedule::Rates;
use crate::sources::{LldpConfig, Setup, StepConfig};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use weft_settings::{Address, Settings, Wrong, nearest};
use weft_transport::TransportConfig;
use weft_wire::DeviceKind;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    pub collector: CollectorConfig,
    pub transport: TransportConfig,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// NVIDIA's management library, a file or a name that the dynamic linker looks up; empty reads no GPU.
    pub nvml: PathBuf,
    /// The page of a dcgm-exporter on this node, as `http://127.0.0.1:9400/metrics`, for where NVML cannot be reached; empty reads none.
    pub dcgm: String,
    /// A file of the switches whose counters are asked for by gNMI (`docs/gnmi.md`), as `/etc/weft/gnmi.toml`; empty asks none.
    pub gnmi: PathBuf,
    pub queue: QueueConfig,
    pub step: StepConfig,
    pub lldp: LldpConfig,
    /// Said of the device: plane, rack, pod, …
    pub labels: BTreeMap<String, String>,
    /// Where `/metrics`, `/healthz` and `/readyz` are served, as `:9872`; nowhere when absent.
    pub listen: Option<Address>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    #[default]
    Node,
    Switch,
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
            nvml: "libnvidia-ml.so.1".into(),
            dcgm: String::new(),
            gnmi: PathBuf::new(),
            queue: QueueConfig::default(),
            step: StepConfig::default(),
            lldp: LldpConfig::default(),
            labels: BTreeMap::new(),
            listen: None,
        }
    }
}

impl Settings for Config {
    const SECTIONS: &'static [&'static str] = &["collector", "transport"];

    fn check(&self) -> Result<(), Wrong> {
        self.collector.check()?;
        self.transport.check_publisher()
    }
}

impl CollectorConfig {
    /// What the types cannot say. Errors name the key and what would do.
    pub fn check(&self) -> Result<(), Wrong> {
        self.rates.check()?;
        if self.flush_ms == 0 || !self.flush_ms.is_multiple_of(self.rates.normal_ms) {
            let what = format!("{} is no multiple of rates.normal_ms = {}", self.flush_ms, self.rates.normal_ms);
            return Err(Wrong::new("collector.flush_ms", what));
        }
        let known: Vec<&str> = crate::sources::names().collect();
        if let Some(unknown) = self.off.iter().find(|name| !known.contains(&name.as_str())) {
            let near = nearest(unknown, known.iter().copied());
            let mend = near.map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
            let what = format!("no source is called {unknown:?}{mend} (known: {})", known.join(", "));
            return Err(Wrong::new("collector.off", what));
        }
        if !self.dcgm.is_empty() && !self.dcgm.starts_with("http://") {
            let what =
                format!("{:?} is no page on this node by HTTP; write it as http://127.0.0.1:9400/metrics", self.dcgm);
            return Err(Wrong::new("collector.dcgm", what));
        }
        if !self.gnmi.as_os_str().is_empty() {
            crate::sources::check_gnmi(&self.gnmi).map_err(|what| Wrong::new("collector.gnmi", what))?;
        }
        match self.root.is_dir() {
            true => Ok(()),
            false => Err(Wrong::new("collector.root", format!("{} is no directory", self.root.display()))),
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

    /// What sources are made of; they tell `directory` of the ports that they find.
    pub fn setup(&self, directory: PortDirectory) -> Setup<'_> {
        let slow_read = Duration::from_millis(u64::from(self.slow_read_ms));
        Setup {
            off: &self.off,
            interfaces: &self.interfaces,
            slow_read,
            patience: slow_read,
            nvml: &self.nvml,
            dcgm: &self.dcgm,
            gnmi: &self.gnmi,
            root: self.root(),
            directory,
        }
    }
}

/// The name of this host as the kernel knows it.
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use weft_settings::{Flags, parse};

    fn check(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value)));
        parse("weft.toml", text, environment, &Flags::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn other_roles_sections_are_not_ours() {
        let config =
            check("[collector]\nid = 'n1'\n[collector.rates]\nfast_ms = 50\n[analyzer]\nwindow_s = 5\n", &[]).unwrap();
        assert_eq!((config.collector.id.as_str(), config.collector.rates.fast_ms), ("n1", 50));
    }

    #[test]
    fn mistakes_are_named_by_line_key_and_mend() {
        for (text, words) in [
            ("[collector]\nid = 'n1'\nflushms = 5\n", ["weft.toml:3: ", "`flushms`", "did you mean `flush_ms`?"]),
            ("[transport]\n\n[colector]\nid = 'n1'\n", ["weft.toml:3: ", "`colector`", "did you mean `collector`?"]),
            (
                "[collector]\n\nflush_ms = 'often'\n",
                ["weft.toml:3: ", "[collector] flush_ms", "expected a whole number"],
            ),
            ("[collector]\nflush_ms = 1500\n", ["weft.toml:2: ", "[collector] flush_ms", "rates.normal_ms = 1000"]),
            ("[collector.rates]\nfast_ms = 3\n", ["weft.toml:2: ", "[collector] rates.fast_ms", "divisor"]),
            ("[collector]\noff = ['host', 'qdsic']\n", ["weft.toml:2: ", "[collector] off", "did you mean \"qdisc\"?"]),
            ("[collector]\nroot = '/nope'\n", ["weft.toml:2: ", "[collector] root", "/nope is no directory"]),
            (
                "[transport]\nkind = 'kafka'\nbootstrap = 'k1'\n",
                ["weft.toml:3: ", "[transport] bootstrap", "HOST:PORT"],
            ),
            ("[analyzer]\nwindow = 5\n", ["weft.toml:2: ", "[analyzer]", "did you mean `window_s`?"]),
        ] {
            let error = check(text, &[]).unwrap_err();
            words.iter().for_each(|word| assert!(error.contains(word), "{text:?}: no {word:?} in {error:?}"));
        }
    }

    #[test]
    fn the_environment_goes_over_the_file() {
        let variables = [("WEFT_COLLECTOR_ID", "7"), ("WEFT_COLLECTOR_RATES__FAST_MS", "20"), ("WEFT_CACHE", "/x")];
        let config = check("[collector]\nid = 'n1'\n", &variables).unwrap();
        assert_eq!((config.collector.id.as_str(), config.collector.rates.fast_ms), ("7", 20));
        let error = check("", &[("WEFT_COLLECTOR_IDD", "n2")]).unwrap_err();
        assert!(error.starts_with("WEFT_COLLECTOR_IDD: unknown key `idd`") && error.contains("`id`"), "{error}");
    }

    #[test]
    fn brokers_may_be_a_list() {
        let config = check("[transport]\nkind = 'kafka'\nbootstrap = ['k1:9092', 'k2:9092']\n", &[]).unwrap();
        assert_eq!(config.transport.url().unwrap().to_string(), "kafka://k1:9092,k2:9092");
        let error = check("[transport]\nbootstrap = 5\n", &[]).unwrap_err();
        assert!(error.contains("[transport] bootstrap") && error.contains("HOST:PORT"), "{error}");
    }
}
