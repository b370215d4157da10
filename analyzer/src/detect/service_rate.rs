//! Slow link: a port that has a standing queue sends as fast as its link lets it. If that is well below the plan, and no
//! pause holds it, the link is slow, whatever speed it reports.
//!
//! A congested but sound link is served at full rate and is therefore no slow link.

use super::{FactKind, Presence, Sink, place_of, strength};
use crate::fact::Evidence;
use crate::model::{Model, PortId};

/// Readings older than this are of another time.
const WINDOW_NS: i64 = 8_000_000_000;
/// Intervals with a standing queue that are needed to say anything.
const MIN_INTERVALS: usize = 6;
/// Of the planned rate. Framing takes up to 4 %.
const SLOW_BELOW: f64 = 0.85;
const SOUND_ABOVE: f64 = 0.92;
/// A link that reached its rate in the last so many ticks is sound.
const SOUND_TICKS: i64 = 3;
/// The rate taken is the highest but one: an interval in which the queue ran empty in the middle lies below the link's
/// rate, never above; one burst after a pause may lie above.
const FROM_TOP: usize = 1;

pub fn detect(model: &Model, out: &mut Sink<'_>) {
    for port in 0..model.ports.len() {
        let Some(planned) = model.topology.ports[port].planned_bps.filter(|&b| b > 0) else { continue };
        if peak_bps(model, port, model.now_ns - SOUND_TICKS * model.tick_ns) > SOUND_ABOVE * planned as f64 {
            out.clear(FactKind::LowServiceRate, place_of(model, port));
        } else if let Some((bps, since_ns)) = service_bps(model, port) {
            say(model, port, planned as f64, bps.max(peak_bps(model, port, since_ns)), since_ns, out);
        }
    }
}

fn say(model: &Model, port: PortId, planned: f64, bps: f64, since_ns: i64, out: &mut Sink<'_>) {
    if bps >= SLOW_BELOW * planned {
        return;
    }
    let evidence = Evidence {
        counter: "tx_bytes".into(),
        value: bps,
        unit: "bit/s while a queue stood".into(),
        reference: planned,
        reference_of: "plan".into(),
    };
    let strength = strength(1.0 - bps / planned, 1.0 - SLOW_BELOW);
    let presence = Presence { since_ns, port: Some(port), strength, evidence, job: None };
    out.present(FactKind::LowServiceRate, place_of(model, port), presence);
}

/// The highest rate of any interval since then.
fn peak_bps(model: &Model, port: PortId, since_ns: i64) -> f64 {
    let recent = model.ports[port].peaks.iter().filter(|(end_ns, _)| end_ns - model.tick_ns >= since_ns);
    recent.map(|p| f64::from(p.1)).fold(0.0, f64::max)
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
    Some((rates[rates.len() - 1 - FROM_TOP], kept[0].ts_ns))
}
