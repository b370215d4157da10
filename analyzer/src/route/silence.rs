//! `[[silence]]`: what need not be told for now. A silenced incident stands on the page all the same.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use weft_judge::incident::Incident;

/// All keys that are given must match; `until` is compared with the incident's own time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SilenceConfig {
    /// Class of incident, such as `link_flap`.
    pub class: Option<String>,
    /// A device at either end.
    pub device: Option<String>,
    /// A port at either end, of that device.
    pub port: Option<String>,
    /// RFC 3339, such as `2026-12-01T08:00:00Z`; without it, always.
    pub until: Option<String>,
    /// Why, and who says so.
    pub comment: String,
}

#[derive(Clone, Debug)]
pub struct Silence {
    config: SilenceConfig,
    until_ns: Option<i128>,
}

pub fn check(silences: &[SilenceConfig]) -> Result<(), String> {
    silences.iter().try_for_each(|config| Silence::new(config).map(drop))
}

impl Silence {
    pub fn new(config: &SilenceConfig) -> Result<Silence, String> {
        if config.class.is_none() && config.device.is_none() && config.port.is_none() {
            return Err("[[silence]] matches everything: give it a class, a device or a port".into());
        }
        let until = config.until.as_deref().map(str::parse::<Timestamp>).transpose();
        let until = until.map_err(|error| format!("[[silence]] until: {error}; write 2026-12-01T08:00:00Z"))?;
        Ok(Silence { config: config.clone(), until_ns: until.map(|time| time.as_nanosecond()) })
    }

    /// An incident is silenced by the end of a cable as by its other end.
    pub fn covers(&self, incident: &Incident) -> bool {
        let changed_ns = incident.transitions.last().map_or(incident.onset_ns, |last| last.ts_ns);
        let in_time = self.until_ns.is_none_or(|until| i128::from(changed_ns) < until);
        let same = |wanted: &Option<String>, said: &str| wanted.as_deref().is_none_or(|wanted| wanted == said);
        let at = |device: &str, port: &str| same(&self.config.device, device) && same(&self.config.port, port);
        in_time
            && same(&self.config.class, &incident.class)
            && incident.culprits.first().is_some_and(|c| at(&c.device, &c.port) || at(&c.peer_device, &c.peer_port))
    }
}
