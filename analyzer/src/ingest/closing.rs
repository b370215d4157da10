//! When a tick may close. It decides when, never what: within the lateness bound a tick holds the same rows either way.
//!
//! ```text
//! all live collectors have reported, no hole below ─┐
//!                                                   ├─► close
//! watermark ≥ end + lateness + longest flush period ─┘
//! ```
//! The flush period is added because a row waits up to that long before it is sent: lateness counts from the flush.

use super::collector::Collector;
use super::watermark::Watermark;
use std::collections::HashSet;

#[derive(Debug, Default)]
pub struct Closing {
    /// First watermark of this run: until the lateness bound has passed, nobody knows who is there.
    began_ns: Option<i64>,
    /// The tick awaited, and the live collectors that have not reported all of it.
    awaited: Option<i64>,
    waiting: HashSet<u32>,
}

/// Times that closing depends on, ns.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub tick_ns: i64,
    pub lateness_ns: i64,
    pub flush_period_ns: i64,
    pub close_early: bool,
}

impl Bounds {
    pub fn patience_ns(&self) -> i64 {
        self.lateness_ns.saturating_add(self.flush_period_ns)
    }
}

impl Closing {
    /// The last tick that the watermark alone closes.
    pub fn by_lateness(&mut self, mark: &Watermark, bounds: Bounds) -> Option<i64> {
        let now = mark.now_ns()?;
        self.began_ns.get_or_insert(now);
        Some(now.saturating_sub(bounds.patience_ns()).div_euclid(bounds.tick_ns) - 1)
    }

    /// Whether all live collectors have reported `tick`, the first that is pending. `reporter`: the collector whose frame just
    /// came; only its answer can have changed since the last call.
    pub fn all_have_reported(
        &mut self,
        tick: i64,
        reporter: u32,
        collectors: &[Collector],
        mark: &Watermark,
        bounds: Bounds,
    ) -> bool {
        let end_ns = (tick + 1) * bounds.tick_ns;
        let settled = mark
            .now_ns()
            .zip(self.began_ns)
            .is_some_and(|(now, began)| now >= began.saturating_add(bounds.patience_ns()));
        if !bounds.close_early || !settled {
            return false;
        }
        if self.awaited != Some(tick) {
            self.awaited = Some(tick);
            self.waiting = laggards(end_ns, collectors, mark, bounds);
        } else if collectors.get(reporter as usize).is_some_and(|c| has_reported(c, end_ns)) {
            self.waiting.remove(&reporter);
        } else {
            self.waiting.insert(reporter);
        }
        self.waiting.is_empty()
    }

    pub fn reset(&mut self) {
        *self = Closing::default();
    }
}

fn has_reported(collector: &Collector, end_ns: i64) -> bool {
    collector.complete_through_ns().is_some_and(|through| through >= end_ns)
}

/// Live: among the active, and not further behind than the lateness bound.
fn laggards(end_ns: i64, collectors: &[Collector], mark: &Watermark, bounds: Bounds) -> HashSet<u32> {
    let oldest = mark.now_ns().map_or(i64::MIN, |now| now.saturating_sub(bounds.patience_ns()));
    let live = |c: &&Collector| mark.is_active(c.id) && c.last_flush_ns.is_some_and(|last| last >= oldest);
    collectors.iter().filter(live).filter(|c| !has_reported(c, end_ns)).map(|c| c.id).collect()
}
