//! Ports and jobs as readers see them.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PortView {
    pub device: String,
    pub port: String,
    pub table: String,
    pub driver: String,
    pub speed_bps: Option<i64>,
    pub rail: String,
    pub role: String,
    pub peer_device: String,
    pub peer_port: String,
    pub rx_bytes_per_s: Option<f64>,
    pub tx_bytes_per_s: Option<f64>,
    /// `false`: the two ends of its cable count different packets, and loss on it cannot be told. `None` while too
    /// little has passed to know.
    pub ends_agree: Option<bool>,
    /// Event time of its latest row.
    pub last_ns: Option<i64>,
    /// `ok`, `down`, `silent` (heard before, and not of late), `blind` (described or planned, and never heard).
    pub state: String,
    /// The open or suspected incident that names it as a culprit.
    pub incident: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JobView {
    pub job: String,
    pub ranks: usize,
    pub devices: usize,
    /// Median of the latest steps, s.
    pub step_time_s: Option<f64>,
    /// What a step would take without the fault, s.
    pub ideal_step_time_s: Option<f64>,
    /// Fraction of step time.
    pub lost_step_time: Option<f64>,
    /// The open incident that costs it most.
    pub incident: Option<String>,
}
