//! The rate of each link: a token bucket at the egress of both ends, in the device that sends.
//!
//! There its queue is the device's own, as a switch's egress buffer is: a slow link shows a standing backlog in the sending
//! port's `qdisc` statistics, while speed, carrier and every error counter stay as they were.

use crate::command;
use crate::topology::{Cable, End, Topology};
use anyhow::Result;

pub fn install(topology: &Topology) -> Result<()> {
    for cable in &topology.cables {
        for end in cable.ends() {
            command::tc(&end.device, &qdisc("add", end, cable.rate_bps, cable.rate_bps))?;
        }
    }
    Ok(())
}

/// Sets both directions of a cable to `rate_bps`; queue depth and statistics stay.
pub fn set_rate(cable: &Cable, rate_bps: u64) -> Result<()> {
    for end in cable.ends() {
        command::tc(&end.device, &qdisc("change", end, rate_bps, cable.rate_bps))?;
    }
    Ok(())
}

/// Queue of a switch: 24 ms at the planned rate, shallow as a switch's. A host's is four times as deep, since a host does not
/// drop what it has not sent. Burst: two frames and a little, so that 100 ms of bytes tell the rate.
fn qdisc(verb: &str, end: &End, rate_bps: u64, planned_bps: u64) -> String {
    let depth_ms = if end.device.starts_with('h') { 96 } else { 24 };
    let limit = planned_bps / 8 * depth_ms / 1000;
    let burst = (planned_bps / 8 / 1000).max(20_000);
    format!("qdisc {verb} dev {} root tbf rate {rate_bps}bit burst {burst} limit {limit}\n", end.port)
}
