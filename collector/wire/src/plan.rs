//! The plan folder: what should be there. The four files of a trace that say so (devices, ports, cables, jobs), and what
//! neighbours and ports say of themselves while weft runs.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    pub devices: Vec<PlanDevice>,
    pub ports: Vec<PlanPort>,
    pub cables: Vec<PlanCable>,
    pub jobs: Vec<PlanJob>,
    /// Cables that neighbours told of, planned or not; no file holds them.
    pub heard: Vec<HeardCable>,
    /// Speeds of ports that the plan says none of; no file holds them.
    pub speeds: Vec<ToldSpeed>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanDevice {
    /// Name of the device, as its collector calls it.
    pub device: String,
    /// `node` or `switch`.
    pub kind: String,
    /// `leaf`, `spine`, `core` or empty.
    #[serde(default)]
    pub tier: String,
    /// Rack it stands in.
    #[serde(default)]
    pub rack: String,
    /// Pod of the fabric it belongs to.
    #[serde(default)]
    pub pod: String,
    /// Columns the format does not know, kept.
    #[serde(flatten)]
    pub labels: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanPort {
    /// Device of devices.csv.
    pub device: String,
    /// Name of the port on that device.
    pub port: String,
    /// A table name: `nic`, `switch_port`, `gpu`, `gpu_link`, `host`.
    pub table: String,
    /// Speed that the port should have, bit/s.
    #[serde(default)]
    pub speed_bps: Option<i64>,
    /// Rail that the port belongs to.
    #[serde(default)]
    pub rail: String,
    /// `compute`, `storage`, `management` or empty.
    #[serde(default)]
    pub role: String,
    /// Plane of the fabric that the port belongs to.
    #[serde(default)]
    pub plane: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanCable {
    /// Device at one end.
    pub a_device: String,
    /// Port at that end, which ports.csv has.
    pub a_port: String,
    /// Device at the other end.
    pub b_device: String,
    /// Port at that end, which ports.csv has.
    pub b_port: String,
}

/// A cable that at least one of its ends told of (LLDP): what is, where the plan says what should be.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HeardCable {
    pub a_device: String,
    pub a_port: String,
    pub b_device: String,
    pub b_port: String,
    /// Since when it is heard, Unix ns.
    pub since_ns: i64,
}

/// What a port should run at where the plan does not say: the highest speed that its collector told so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ToldSpeed {
    pub device: String,
    pub port: String,
    /// bit/s.
    pub bps: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanJob {
    /// Name of the job; one row for each device (or GPU) of it.
    pub job: String,
    /// Device that the job runs on.
    pub device: String,
    /// A GPU (`gpu3`) when a rank is a GPU, else empty.
    #[serde(default)]
    pub port: String,
    /// When it began, Unix ns.
    #[serde(default)]
    pub start_ns: Option<i64>,
    /// When it ended, Unix ns; empty while it runs.
    #[serde(default)]
    pub end_ns: Option<i64>,
    /// Rank of the process there.
    #[serde(default)]
    pub rank: Option<i32>,
    /// Peers that do the same work.
    #[serde(default)]
    pub group: String,
}
