//! The targets file (`[collector] gnmi`): which switches are asked, and how.
//!
//! ```toml
//! [defaults]                        # for every target that does not say otherwise
//! username = "weft"
//! password_file = "/etc/weft/gnmi.password"
//! ca_file = "/etc/weft/switches.pem"
//!
//! [[target]]
//! device = "leaf-1"                 # as the plan calls it
//! address = "10.0.0.11:9339"
//!
//! [[target]]
//! device = "leaf-2"
//! address = "10.0.0.12:8080"
//! dialect = "sonic"
//! ```
//! Each target is read by itself: a mistake in one is said, and takes no other with it.

use super::dialect::Dialect;
use super::path;
use crate::filter::matches;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The switch's name as the plan has it.
    pub device: String,
    /// Where its gNMI server listens, as `10.0.0.11:9339`.
    pub address: String,
    #[serde(default)]
    pub dialect: Dialect,
    /// Milliseconds between two samples of a counter.
    #[serde(default = "one_second")]
    pub interval_ms: u32,
    /// What is subscribed; the dialect's own list when empty. SONiC's begin with the database: `COUNTERS_DB:COUNTERS/Ethernet*`.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Paths that the target is to tell at once when they change, beside the samples: `interfaces/interface[name=*]/state/oper-status`.
    #[serde(default)]
    pub on_change: Vec<String>,
    #[serde(default)]
    pub encoding: Encoding,
    /// The `target` of the prefix, for a gateway that speaks for several switches. SONiC's is the database.
    #[serde(default)]
    pub prefix_target: String,
    /// Patterns of port names that are read; all when empty.
    #[serde(default)]
    pub include: Vec<String>,
    /// Patterns of port names that are not read; when absent, those of interfaces without a wire of their own.
    #[serde(default)]
    pub exclude: Option<Vec<String>>,
    #[serde(default)]
    pub username: String,
    /// A file whose first line is the password.
    #[serde(default)]
    pub password_file: PathBuf,
    /// The environment variable that holds the password.
    #[serde(default)]
    pub password_env: String,
    /// Speak without TLS: what is sent, the password among it, can be read on the way.
    #[serde(default)]
    pub plaintext: bool,
    /// Certificates (PEM) of the authority that signs the switches' own; the system's when empty.
    #[serde(default)]
    pub ca_file: PathBuf,
    /// Take any certificate: whoever stands in between can read and change what is sent.
    #[serde(default)]
    pub skip_verify: bool,
    /// The name in the target's certificate; the host of `address` when empty.
    #[serde(default)]
    pub server_name: String,
    /// Certificate and key (PEM) that this client shows.
    #[serde(default)]
    pub cert_file: PathBuf,
    #[serde(default)]
    pub key_file: PathBuf,
}

fn one_second() -> u32 {
    1000
}

/// How values are to be written. `proto` takes the fewest bytes where a target knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    #[default]
    JsonIetf,
    Json,
    Proto,
}

/// What a text says: the targets that can be asked, and what is wrong with the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Targets {
    pub targets: Vec<Target>,
    pub wrong: Vec<String>,
}

impl Targets {
    pub fn read(file: &Path) -> Result<Targets, String> {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        Targets::parse(&text).map_err(|error| format!("{}: {error}", file.display()))
    }

    /// An error is one of the whole text.
    pub fn parse(text: &str) -> Result<Targets, String> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            #[serde(default)]
            defaults: toml::Table,
            #[serde(default)]
            target: Vec<toml::Table>,
        }
        let File { defaults, target } = toml::from_str(text).map_err(|error| error.to_string())?;
        let (mut read, mut names) = (Targets::default(), BTreeSet::new());
        for (at, own) in target.into_iter().enumerate() {
            let named = own.get("device").and_then(|name| name.as_str()).map(str::to_owned);
            let mut table = defaults.clone();
            table.extend(own);
            let target = Target::deserialize(table).map_err(|error| error.message().to_owned());
            let checked = target.and_then(|target| target.check().map(|()| target));
            let unique = checked.and_then(|target| match names.insert(target.device.clone()) {
                true => Ok(target),
                false => Err("a target above has this device already".to_owned()),
            });
            match unique {
                Ok(target) => read.targets.push(target),
                Err(why) => {
                    let name = named.unwrap_or_else(|| format!("number {}", at + 1));
                    read.wrong.push(format!("gnmi target {name}: {why}"));
                }
            }
        }
        Ok(read)
    }
}

impl Target {
    fn check(&self) -> Result<(), String> {
        if self.device.is_empty() {
            return Err("device is empty; write the switch's name as the plan has it".into());
        }
        let port = self.address.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        if port.is_none_or(|(_, port)| port.parse::<u16>().is_err()) {
            return Err(format!("address {:?} is not HOST:PORT; write it as 10.0.0.11:9339", self.address));
        }
        if !(100..=3_600_000).contains(&self.interval_ms) {
            return Err(format!("interval_ms {} is not from 100 to 3600000", self.interval_ms));
        }
        if self.plaintext && (self.skip_verify || self.ca_file != PathBuf::new()) {
            return Err("plaintext is set, and so are keys of TLS; leave one of them out".into());
        }
        if self.cert_file.as_os_str().is_empty() != self.key_file.as_os_str().is_empty() {
            return Err("cert_file and key_file belong together; write both or none".into());
        }
        for text in self.paths.iter().chain(&self.on_change) {
            path::parse(self.dialect.database(text)?.1)?;
        }
        Ok(())
    }

    /// The port of this name is read.
    pub fn reads(&self, port: &str) -> bool {
        let fits = |pattern: &str| matches(pattern.as_bytes(), port.as_bytes());
        let is_out = match &self.exclude {
            Some(own) => own.iter().any(|pattern| fits(pattern)),
            None => self.dialect.default_exclude().iter().any(|pattern| fits(pattern)),
        };
        !is_out && (self.include.is_empty() || self.include.iter().any(|pattern| fits(pattern)))
    }

    /// Read at each connection, so that a password may change while weft runs.
    pub fn password(&self) -> Result<String, String> {
        if !self.password_env.is_empty() {
            let wrong = |error| format!("password_env {}: {error}", self.password_env);
            return std::env::var(&self.password_env).map_err(wrong);
        }
        if self.password_file.as_os_str().is_empty() {
            return Ok(String::new());
        }
        let text = std::fs::read_to_string(&self.password_file);
        let text = text.map_err(|error| format!("password_file {}: {error}", self.password_file.display()))?;
        Ok(text.lines().next().unwrap_or_default().to_owned())
    }

    /// A target that says nothing for so long is asked anew.
    pub fn patience(&self) -> Duration {
        Duration::from_millis(u64::from(self.interval_ms) * 3).max(Duration::from_secs(3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_for_all_and_a_mistake_takes_no_other_target_with_it() {
        let text = "[defaults]\nusername = 'weft'\ninterval_ms = 500\n\
            [[target]]\ndevice = 'leaf-1'\naddress = '10.0.0.1:9339'\n\
            [[target]]\ndevice = 'leaf-2'\naddress = '10.0.0.2'\n\
            [[target]]\ndevice = 'leaf-3'\nadress = '10.0.0.3:9339'\n\
            [[target]]\ndevice = 'leaf-1'\naddress = '10.0.0.4:9339'\n\
            [[target]]\naddress = '10.0.0.5:9339'\n\
            [[target]]\ndevice = 'leaf-6'\naddress = '[::1]:8080'\ndialect = 'sonic'\ninterval_ms = 2000\nplaintext = true\n";
        let Targets { targets, wrong } = Targets::parse(text).unwrap();
        let said: Vec<_> = targets.iter().map(|t| (t.device.as_str(), t.username.as_str(), t.interval_ms)).collect();
        assert_eq!(said, [("leaf-1", "weft", 500), ("leaf-6", "weft", 2000)]);
        let words = [
            ["target leaf-2", "not HOST:PORT"],
            ["target leaf-3", "adress"],
            ["target leaf-1", "already"],
            ["target number 5", "device"],
        ];
        assert_eq!(wrong.len(), words.len(), "{wrong:?}");
        for (wrong, words) in wrong.iter().zip(words) {
            words.iter().for_each(|word| assert!(wrong.contains(word), "no {word:?} in {wrong:?}"));
        }
    }

    #[test]
    fn ports_without_a_wire_are_left_out_unless_named() {
        let target = |more: &str| {
            let text = format!("[[target]]\ndevice = 'l'\naddress = 'h:1'\n{more}");
            Targets::parse(&text).unwrap().targets.remove(0)
        };
        let plain = target("");
        assert!(plain.reads("Ethernet1/1") && !plain.reads("Vlan100") && !plain.reads("Loopback0"));
        assert!(target("exclude = []").reads("Vlan100"));
        let narrow = target("include = ['xe-*']");
        assert!(narrow.reads("xe-0/0/1") && !narrow.reads("et-0/0/1"));
    }

    #[test]
    fn keys_that_contradict_each_other_are_said() {
        for (more, why) in [
            ("plaintext = true\nskip_verify = true", "leave one of them out"),
            ("cert_file = '/c.pem'", "write both or none"),
            ("interval_ms = 5", "from 100 to"),
            ("paths = ['a//b']", "without a name"),
            ("dialect = 'sonic'\npaths = ['COUNTERS/Ethernet0']", "DATABASE:PATH"),
        ] {
            let read = Targets::parse(&format!("[[target]]\ndevice = 'l'\naddress = 'h:1'\n{more}\n")).unwrap();
            assert!(read.targets.is_empty() && read.wrong[0].contains(why), "{more}: {:?}", read.wrong);
        }
    }
}
