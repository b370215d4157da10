//! Incidents, in the JSON shape that pagers, pages and scripts rely on. Grow by adding; never change a meaning.

mod evidence;

pub use evidence::Evidence;

use crate::fabric::PortRef;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Suspected,
    Open,
    Resolved,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Hardware,
    /// The telemetry is at fault, not the machine it describes: never sent as hardware.
    Data,
    Benign,
    /// A job that is slow without a known cause: no part is accused.
    Job,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info,
    Warning,
    Critical,
}

/// Tier of evidence: A step marks or 10 Hz bytes with both ends; B 1 Hz counters of both ends; C hosts only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Tier {
    A,
    B,
    C,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Culprit {
    pub device: String,
    pub port: String,
    /// The other end of the cable; both empty when the culprit is no cable.
    pub peer_device: String,
    pub peer_port: String,
    pub confidence: f64,
    /// Of a candidate, why the evidence does not rule it out; of the verdict, empty.
    #[serde(default)]
    pub reason: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JobLoss {
    pub job: String,
    /// Fraction of step time lost; `None` when it cannot be known.
    pub lost_step_time: Option<f64>,
    /// Of all that the job loses while this incident lasts, the part that this incident explains, 0 to 1.
    #[serde(default)]
    pub explained: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceItem {
    /// Kind of the fact.
    pub fact: String,
    pub device: String,
    pub port: String,
    pub since_ns: i64,
    #[serde(flatten)]
    pub evidence: Evidence,
    /// A query over the hot window that shows it: the kind of fact describes it, the engine's host writes it.
    pub sql: String,
    /// The claim in words, to be followed by "since" and the time: `was up, down`. Empty in incidents of older versions.
    #[serde(default)]
    pub says: String,
    /// The series that the claim is about; `None` where no counter holds it and `sql` alone shows it.
    #[serde(default)]
    pub chart: Option<Chart>,
}

/// What a chart of an item of evidence draws: the claim, in its unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// Of all that is drawn: `bit/s`, `bytes`, `fraction` (shown as percent), `state` (shown as words), `downs`.
    pub unit: String,
    pub form: Form,
    /// The series that the claim is about …
    pub value: Curve,
    /// … the series that it is compared with …
    pub reference: Option<Curve>,
    /// … or the number that it is compared with, in `unit`.
    pub level: Option<f64>,
}

impl Chart {
    /// A chart of one series, compared with nothing yet.
    pub fn of(unit: &str, form: Form, value: Curve) -> Chart {
        Chart { unit: unit.to_owned(), form, value, reference: None, level: None }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// The series as they are.
    Values,
    /// A state: 1 is up, 0 is down.
    States,
    /// Of what `value` counted, the part that `reference` did not count.
    Missing,
}

/// One series of `/api/v1/series`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    pub device: String,
    pub port: String,
    pub counter: String,
    pub mode: SeriesMode,
    /// What a value of the series is multiplied by to be in the chart's unit: 8 makes bit/s of bytes/s.
    pub times: f64,
}

impl Curve {
    pub fn of(at: &PortRef, counter: &str, mode: SeriesMode, times: f64) -> Curve {
        Curve { device: at.device.clone(), port: at.port.clone(), counter: counter.to_owned(), mode, times }
    }
}

/// How a counter is told over time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesMode {
    /// As the device says it.
    #[default]
    Raw,
    /// Per second between neighbouring readings; resets and wraps are marks, never spikes.
    Rate,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    pub ts_ns: i64,
    pub state: State,
    /// One sentence: why it changed.
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Hash of family, culprit and onset tick: the same data gives the same id.
    pub id: String,
    pub kind: Kind,
    pub class: String,
    pub family: String,
    pub state: State,
    pub severity: Severity,
    pub tier: Tier,
    pub confidence: f64,
    pub onset_ns: i64,
    /// `None` while suspected.
    pub opened_ns: Option<i64>,
    pub resolved_ns: Option<i64>,
    /// First = the verdict; more = what the evidence leaves open.
    pub culprits: Vec<Culprit>,
    pub victims: Vec<PortRef>,
    pub jobs: Vec<JobLoss>,
    pub sentence: String,
    pub action: String,
    pub evidence: Vec<EvidenceItem>,
    pub transitions: Vec<Transition>,
}
