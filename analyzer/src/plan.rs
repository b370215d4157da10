//! The plan folder: what should be there. The four files of a trace that say so (devices, ports, cables, jobs).

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    pub devices: Vec<PlanDevice>,
    pub ports: Vec<PlanPort>,
    pub cables: Vec<PlanCable>,
    pub jobs: Vec<PlanJob>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanDevice {
    pub device: String,
    /// `node` or `switch`.
    pub kind: String,
    /// `leaf`, `spine`, `core` or empty.
    #[serde(default)]
    pub tier: String,
    #[serde(default)]
    pub rack: String,
    #[serde(default)]
    pub pod: String,
    /// Columns the format does not know, kept.
    #[serde(flatten)]
    pub labels: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanPort {
    pub device: String,
    pub port: String,
    /// A table name: `nic`, `switch_port`, `gpu`, `gpu_link`, `host`.
    pub table: String,
    #[serde(default)]
    pub speed_bps: Option<i64>,
    #[serde(default)]
    pub rail: String,
    /// `compute`, `storage`, `management` or empty.
    #[serde(default)]
    pub role: String,
    #[serde(default)]
    pub plane: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanCable {
    pub a_device: String,
    pub a_port: String,
    pub b_device: String,
    pub b_port: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanJob {
    pub job: String,
    pub device: String,
    /// A GPU (`gpu3`) when a rank is a GPU, else empty.
    #[serde(default)]
    pub port: String,
    #[serde(default)]
    pub start_ns: Option<i64>,
    #[serde(default)]
    pub end_ns: Option<i64>,
    #[serde(default)]
    pub rank: Option<i32>,
    /// Peers that do the same work.
    #[serde(default)]
    pub group: String,
}
