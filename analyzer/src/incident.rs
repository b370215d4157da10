//! Incidents, in the JSON shape that pagers, pages and scripts rely on. Grow by adding; never change a meaning.

use crate::fact::{Evidence, PortRef};
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

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobLoss {
    pub job: String,
    /// Fraction of step time lost; `None` when it cannot be known.
    pub lost_step_time: Option<f64>,
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
    /// A query over the hot window that shows it.
    pub sql: String,
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
