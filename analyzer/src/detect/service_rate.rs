//! Slow link: a port that has a standing queue sends as fast as its link lets it. If that is well below the plan, and no
//! pause holds it, the link is slow, whatever speed it reports.
//!
//! A congested but sound link is served at full rate and is therefore no slow link.

use super::{FactKind, Presence, Sink, place_of, strength};
use crate::fact::Evidence;
use crate::model::{Model, PortId};

const WINDOW_NS: i64 = 8_000_000_000;
/// Intervals with a standing queue that are needed to say anything.
const MIN_INTERVALS: usize = 8;
/// Of the planned rate. Framing takes up to 4 %.
const SLOW_BELOW: f64 = 0.85;
const SOUND_ABOVE: f64 = 0.92;
/// The rate taken: intervals in which the queue ran empty in the middle lie below, bursts above.
const QUANTILE: f64 = 0.8;

pub fn detect(model: &Model, out: &mut Sink<'_>) {
    for port in 0..model.ports.len() {
        let Some(planned) = model.topology.ports[port].planned_bps.filter(|&b| b > 0) else { continue };
        let Some((bps, since_ns)) = service_bps(model, port) else { continue };
        let ratio = bps / planned as f64;
        if ratio < SLOW_BELOW {
            let evidence = Evidence {
                counter: "tx_bytes".into(),
                value: bps,
                unit: "bit/s while a queue stood".into(),
                reference: planned as f64,
                reference_of: "plan".into(),
            };
            let strength = strength(1.0 - ratio, 1.0 - SLOW_BELOW);
            let presence = Presence { since_ns, port: Some(port), strength, evidence, job: None };
            let place = place_of(model, port);
            out.present(FactKind::LowServiceRate, place, presence);
        } else if ratio > SOUND_ABOVE {
            let place = place_of(model, port);
            out.clear(FactKind::LowServiceRate, place);
        }
    }
}

/// Rate while backlogged, and since when the readings tell it.
fn service_bps(model: &Model, port: PortId) -> Option<(f64, i64)> {
    let recent = model.ports[port].service.iter().filter(|s| s.ts_ns > model.now_ns - WINDOW_NS);
    let kept: Vec<_> = recent.filter(|s| !s.paused).collect();
    if kept.len() < MIN_INTERVALS {
        return None;
    }
    let mut rates: Vec<f64> = kept.iter().map(|s| f64::from(s.bps)).collect();
    rates.sort_by(f64::total_cmp);
    let rate = rates[((rates.len() - 1) as f64 * QUANTILE).round() as usize];
    Some((rate, kept[0].ts_ns))
}
