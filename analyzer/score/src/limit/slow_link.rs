//! A queue stands no longer than its link is busy: on a slow link it stands in more readings than its bytes explain.
//!
//! The bytes need a share u of the time at planned speed. A fault that costs a share ℓ of the step keeps the link busy for
//! u + ℓ of the time, so that its queue is caught standing in that share of the readings. Readings needed: 6.9 nats over the
//! sum of D(u + ℓ ‖ u) of both ways. Example: u = .12 both ways and a link at half speed (ℓ = .12) need 63 readings.
//! Queues must be read at the sending end; a way whose sender's queue is not read tells nothing.

use super::readings::{VERDICT_NATS, instants, nats};
use crate::compare::Limit;
use weft_trace::{TraceTables, Truth};

/// Of a frame, what is on the wire beside its bytes: preamble, checksum and gap.
const FRAMING_BYTES: f64 = 24.0;

pub fn limit(tables: &TraceTables, truth: &Truth) -> Option<Limit> {
    let loss = truth.step_loss.filter(|loss| *loss > 0.0)?;
    let near = (truth.device.as_str(), truth.port.as_str());
    let ends = [Some(near), far_end(tables, near)];
    if ends.into_iter().flatten().any(|end| tells_lower_speed(tables, truth, end)) {
        return None;
    }
    let ways = ends.into_iter().flatten().filter(|end| has_queue(tables, truth, *end));
    let gain: f64 =
        ways.filter_map(|end| use_of(tables, truth, end)).map(|used| nats((used + loss).min(1.0), used)).sum();
    (gain > 0.0).then(|| Limit { needed: VERDICT_NATS / gain, had: instants(tables, truth, &truth.device) })
}

fn far_end<'a>(tables: &'a TraceTables, (device, port): (&str, &str)) -> Option<(&'a str, &'a str)> {
    tables.plan.cables.iter().find_map(|c| {
        match (c.a_device == device && c.a_port == port, c.b_device == device && c.b_port == port) {
            (true, _) => Some((c.b_device.as_str(), c.b_port.as_str())),
            (_, true) => Some((c.a_device.as_str(), c.a_port.as_str())),
            _ => None,
        }
    })
}

fn has_queue(tables: &TraceTables, truth: &Truth, end: (&str, &str)) -> bool {
    !during(tables, truth, end, "queue_bytes").is_empty()
}

fn tells_lower_speed(tables: &TraceTables, truth: &Truth, end: (&str, &str)) -> bool {
    let planned = planned_bps(tables, end).unwrap_or_default();
    during(tables, truth, end, "speed_bps").iter().any(|(_, speed)| *speed < planned as f64)
}

fn planned_bps(tables: &TraceTables, end: (&str, &str)) -> Option<i64> {
    tables.plan.ports.iter().find(|p| (p.device.as_str(), p.port.as_str()) == end)?.speed_bps
}

/// The share of the fault's time that what an end sent needs at planned speed.
fn use_of(tables: &TraceTables, truth: &Truth, end: (&str, &str)) -> Option<f64> {
    let speed_bps = planned_bps(tables, end)? as f64;
    let rise = |counter: &str| {
        let series = during(tables, truth, end, counter);
        let (first, last) = (series.first()?, series.last()?);
        Some((last.1 - first.1, (last.0 - first.0) as f64 / 1e9))
            .filter(|(rise, seconds)| *rise > 0.0 && *seconds > 0.0)
    };
    let (bytes, seconds) = rise("tx_bytes")?;
    let framing = rise("tx_packets").map_or(0.0, |(packets, _)| packets * FRAMING_BYTES);
    let used = 8.0 * (bytes + framing) / seconds / speed_bps;
    (used < 1.0).then_some(used)
}

fn during(tables: &TraceTables, truth: &Truth, (device, port): (&str, &str), counter: &str) -> Vec<(i64, f64)> {
    let mut series = tables.series(device, port, counter);
    series.retain(|(ns, _)| (truth.start_ns..=truth.end_ns).contains(ns));
    series
}
