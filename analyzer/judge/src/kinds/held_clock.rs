//! What the kinds about clocks that are held down share: numbers, words, query and chart.

use super::words::{percent, port};
use super::{Evidence, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::{Chart, Form};
use serde::{Deserialize, Serialize};

/// The slowest of a node's GPUs whose clock is held down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldClock {
    /// GPUs of the node that are held down for that reason.
    pub gpus: u32,
    pub mhz: f64,
    /// The GPU's highest clock, or the median clock of its peers.
    pub of_mhz: f64,
    pub by_peers: bool,
    /// NVML's bits.
    pub reasons: u32,
}

impl HeldClock {
    /// The part of its clock that the GPU lacks: 0.4 of one that runs at 1,188 of 1,980 MHz. Work that waits for its clock alone
    /// takes a step's time up by no more than that part of the longer step.
    pub fn missing(&self) -> f64 {
        (1.0 - self.mhz / self.of_mhz).clamp(0.0, 1.0)
    }

    pub fn evidence(&self) -> Evidence {
        let of = if self.by_peers { "its peers" } else { "its highest clock" };
        Evidence::new("sm_clock_mhz", (self.mhz, "MHz"), (self.of_mhz, of))
    }

    pub fn claim(&self, why: &str, is_over: bool) -> String {
        let (runs, is) = if is_over { ("ran", "was") } else { ("runs", "is") };
        let HeldClock { mhz, of_mhz, reasons, .. } = self;
        let of = if self.by_peers { "its peers'" } else { "at most" };
        format!("{runs} at {mhz:.0} MHz of {of_mhz:.0} MHz {of}, {is} held down by {why} (reasons {reasons:#x})")
    }

    pub fn verdict(&self, why: &str, at: Option<&PortRef>, is_over: bool) -> String {
        let is = if is_over { "were" } else { "are" };
        let missing = percent(self.missing());
        match self.gpus {
            1 => {
                let is = if is_over { "was" } else { "is" };
                format!("{is} slowed by {why}: the clock of {} {is} {missing} below what it can be", port(at))
            }
            gpus => {
                format!("{is} slowed by {why}: the clocks of {gpus} GPUs {is} up to {missing} below what they can be")
            }
        }
    }

    pub fn query(shown: &Shown<'_>) -> Query {
        let counters = ["sm_clock_mhz", "max_sm_clock_mhz", "throttle_reasons", "power_w", "temperature_c"];
        Query::of_inside(shown, "gpu", &counters)
    }

    pub fn chart(&self, shown: &Shown<'_>) -> Chart {
        let mut chart = Chart::of("MHz", Form::Values, shown.raw("sm_clock_mhz"));
        chart.level = Some(self.of_mhz);
        chart
    }
}
