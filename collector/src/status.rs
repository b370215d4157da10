//! Whether a collector does its work, and if not, why.

use crate::outbox::Outbox;
use crate::telemetry::{SourceCounts, Telemetry};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use weft_transport::{Publisher, TransportHealth};

/// Frames are acknowledged in a round trip; after this many flushes without one, and no less than [`LEAST_QUIET`], none is.
const QUIET_FLUSHES: u32 = 3;
const LEAST_QUIET: Duration = Duration::from_secs(5);

/// Of a running [`crate::Agent`].
pub struct Status {
    telemetry: Arc<Telemetry>,
    outbox: Arc<Outbox>,
    publisher: Arc<dyn Publisher>,
    progress: Progress,
    /// So long without an acknowledgement is no pause between two frames.
    most_quiet: Duration,
}

/// When the number of published frames was last seen to rise.
struct Progress {
    start: Instant,
    published: AtomicU64,
    /// Milliseconds after `start`.
    rose_ms: AtomicU64,
}

impl Status {
    pub fn new(
        telemetry: Arc<Telemetry>,
        outbox: Arc<Outbox>,
        publisher: Arc<dyn Publisher>,
        flush: Duration,
    ) -> Status {
        let progress = Progress { start: Instant::now(), published: AtomicU64::new(0), rose_ms: AtomicU64::new(0) };
        let most_quiet = (flush * QUIET_FLUSHES).max(LEAST_QUIET);
        Status { telemetry, outbox, publisher, progress, most_quiet }
    }

    /// Why the collector is not ready; empty when it is. The first explains the others.
    pub fn reasons(&self) -> Vec<String> {
        let quiet = self.progress.quiet_for(self.telemetry.published.get(), Instant::now());
        let quiet = Quiet { lasts: quiet, is_long: quiet >= self.most_quiet };
        let transport = self.publisher.health().state();
        reasons(&transport, &self.telemetry.sources(), self.telemetry.published.get(), quiet)
    }

    /// Hands all counts to the process's metrics recorder.
    pub fn export(&self) {
        self.telemetry.export();
        let ready = if self.reasons().is_empty() { 1.0 } else { 0.0 };
        metrics::gauge!("weft_collector_ready").set(ready);
        metrics::gauge!("weft_collector_queued_frames").set(self.outbox.queued() as f64);
        let stats = self.publisher.stats();
        metrics::gauge!("weft_collector_in_flight_frames").set(stats.in_flight as f64);
        metrics::counter!("weft_collector_disconnects_total").absolute(stats.disconnects);
    }
}

impl Progress {
    /// How long ago a frame was acknowledged, as far as was looked.
    fn quiet_for(&self, published: u64, now: Instant) -> Duration {
        let now = now.saturating_duration_since(self.start);
        if self.published.swap(published, Ordering::Relaxed) != published {
            self.rose_ms.store(u64::try_from(now.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
        now.saturating_sub(Duration::from_millis(self.rose_ms.load(Ordering::Relaxed)))
    }
}

/// The time since a frame was acknowledged.
#[derive(Clone, Copy)]
struct Quiet {
    lasts: Duration,
    is_long: bool,
}

fn reasons(
    transport: &TransportHealth,
    sources: &[(&'static str, SourceCounts)],
    published: u64,
    quiet: Quiet,
) -> Vec<String> {
    let mut reasons = Vec::new();
    let nothing = format!("nothing published for {} s", quiet.lasts.as_secs());
    match transport.reason() {
        Some(trouble) if quiet.is_long => reasons.push(format!("{trouble}: {nothing}")),
        Some(trouble) => reasons.push(trouble),
        None if !transport.connected => reasons.push("not connected yet".to_owned()),
        None if published == 0 => reasons.push("no frame is acknowledged yet".to_owned()),
        None if quiet.is_long => reasons.push(nothing),
        None => {}
    }
    let failing = |(_, counts): &(&str, SourceCounts)| counts.is_failing;
    if !sources.is_empty() && sources.iter().all(failing) {
        let names: Vec<&str> = sources.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        reasons.push(format!("every source failed ({names}): `weft collector --once --explain` says why"));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_transport::{Cause, Trouble};

    fn sources(failing: &[bool]) -> Vec<(&'static str, SourceCounts)> {
        let counts = |failing: &bool| SourceCounts { is_failing: *failing, ..SourceCounts::default() };
        ["netdev", "host", "qdisc"].into_iter().zip(failing.iter().map(counts)).collect()
    }

    fn short(s: u64) -> Quiet {
        Quiet { lasts: Duration::from_secs(s), is_long: false }
    }

    fn long(s: u64) -> Quiet {
        Quiet { lasts: Duration::from_secs(s), is_long: true }
    }

    fn away() -> TransportHealth {
        let sentence = "no broker answers at k1:9092".to_owned();
        TransportHealth { connected: false, troubles: vec![Trouble { cause: Cause::Unreachable, sentence, for_s: 12 }] }
    }

    #[test]
    fn a_collector_that_reads_and_sends_is_ready() {
        let well = TransportHealth { connected: true, troubles: Vec::new() };
        assert_eq!(reasons(&well, &sources(&[false, true]), 7, short(1)), Vec::<String>::new());
        assert_eq!(reasons(&well, &[], 0, short(1)), ["no frame is acknowledged yet"]);
        assert_eq!(reasons(&well, &sources(&[false]), 7, long(9)), ["nothing published for 9 s"]);
        let fresh = TransportHealth::default();
        assert_eq!(reasons(&fresh, &sources(&[false]), 0, short(1)), ["not connected yet"]);
    }

    #[test]
    fn what_is_wrong_is_told_cause_first() {
        let told = reasons(&away(), &sources(&[true, true]), 3, long(12));
        let transport = "no broker answers at k1:9092 (for 12 s): nothing published for 12 s";
        let read = "every source failed (netdev, host): `weft collector --once --explain` says why";
        assert_eq!(told, [transport, read]);
        assert_eq!(reasons(&away(), &[], 0, short(0)), ["no broker answers at k1:9092 (for 12 s)"]);
    }

    #[test]
    fn quiet_is_counted_from_the_last_rise() {
        let status = Progress { start: Instant::now(), published: AtomicU64::new(0), rose_ms: AtomicU64::new(0) };
        let at = |s: u64| status.start + Duration::from_secs(s);
        for (s, published, quiet_s) in [(3, 0, 3), (4, 1, 0), (10, 1, 6), (11, 2, 0), (12, 2, 1)] {
            assert_eq!(status.quiet_for(published, at(s)), Duration::from_secs(quiet_s), "after {s} s");
        }
    }
}
