//! What weft hears at this moment, and whether that is enough to judge by.

use serde::{Deserialize, Serialize};

/// "No data" never looks healthy: each thing that is missing is a reason.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Health {
    pub ready: bool,
    pub reasons: Vec<String>,
    /// Wall clock less the event time of the last closed tick; `None` before the first tick.
    pub lag_s: Option<f64>,
}

/// What weft hears at this moment: what may be said of the fabric rests on that.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watching {
    /// Ports that told something within a few of their own intervals.
    pub ports_heard: usize,
    /// Ports that did before, and do not now.
    pub ports_silent: usize,
    /// Planned ports that no collector has told of.
    pub ports_never_heard: usize,
    pub collectors: usize,
    pub collectors_silent: usize,
    /// Some of them, the longest silent first.
    pub silent: Vec<Silent>,
    /// Counters that are there and cannot be read.
    pub blind: usize,
    /// Event time of the newest frame.
    pub newest_ns: Option<i64>,
    /// Since a tick last closed, by the analyzer's clock, s; `None` before the first.
    pub closed_s: Option<f64>,
    /// No tick has closed for long: nothing is seen, whatever stands above.
    pub stands_still: bool,
    /// Wall clock less the event time of the last closed tick.
    pub lag_s: Option<f64>,
    /// What is wrong with a source of jobs, each with what is in force meanwhile.
    #[serde(default)]
    pub troubles: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Silent {
    pub collector: String,
    pub heard_s: Option<f64>,
}
