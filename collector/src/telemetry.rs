//! What the collector says of itself: counts of reads, failures and drops.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Shared by all parts; read by `weft up`'s `/metrics`, by tests and by the log.
#[derive(Debug, Default)]
pub struct Telemetry {
    pub ticks: Count,
    /// Ticks that passed while an earlier one was still being read.
    pub missed_ticks: Count,
    pub frames: Count,
    pub frame_bytes: Count,
    pub published: Count,
    pub publish_failures: Count,
    /// Frames given up on: the queue was full, or the far side refused them.
    pub dropped_frames: Count,
    pub link_events: Count,
    /// Times the kernel dropped link events because we were slow; state was read anew each time.
    pub link_event_overruns: Count,
    pub step_marks: Count,
    pub step_malformed: Count,
    /// Marks dropped because more came between two flushes than are kept.
    pub step_dropped: Count,
    pub lldp_frames: Count,
    /// Frames that could not be read.
    pub lldp_malformed: Count,
    /// Neighbours not taken in, because a port hears too many.
    pub lldp_refused: Count,
    /// Neighbours forgotten because their time to live ran out.
    pub lldp_expired: Count,
    pub lldp_sent: Count,
    sources: Mutex<Vec<(&'static str, SourceCounts)>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SourceCounts {
    pub reads: u64,
    pub failures: u64,
    /// The last read failed.
    pub is_failing: bool,
    /// Reads that took longer than `slow_read_ms`.
    pub slow: u64,
    pub read_us: u64,
}

#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Telemetry {
    pub fn read(&self, source: &'static str, took: Duration, failed: bool, slow: bool) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let at = sources.iter().position(|(name, _)| *name == source).unwrap_or_else(|| {
            sources.push((source, SourceCounts::default()));
            sources.len() - 1
        });
        let counts = &mut sources[at].1;
        counts.reads += 1;
        counts.failures += u64::from(failed);
        counts.is_failing = failed;
        counts.slow += u64::from(slow);
        counts.read_us += took.as_micros() as u64;
    }

    pub fn sources(&self) -> Vec<(&'static str, SourceCounts)> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Hands the counts to the process's metrics recorder, if it has one.
    pub fn export(&self) {
        let totals = [
            ("weft_collector_ticks_total", &self.ticks),
            ("weft_collector_missed_ticks_total", &self.missed_ticks),
            ("weft_collector_frames_total", &self.frames),
            ("weft_collector_frame_bytes_total", &self.frame_bytes),
            ("weft_collector_published_total", &self.published),
            ("weft_collector_publish_failures_total", &self.publish_failures),
            ("weft_collector_dropped_frames_total", &self.dropped_frames),
            ("weft_collector_link_events_total", &self.link_events),
            ("weft_collector_link_event_overruns_total", &self.link_event_overruns),
            ("weft_collector_step_marks_total", &self.step_marks),
            ("weft_collector_step_malformed_total", &self.step_malformed),
            ("weft_collector_step_dropped_total", &self.step_dropped),
            ("weft_collector_lldp_frames_total", &self.lldp_frames),
            ("weft_collector_lldp_malformed_total", &self.lldp_malformed),
            ("weft_collector_lldp_refused_total", &self.lldp_refused),
            ("weft_collector_lldp_expired_total", &self.lldp_expired),
            ("weft_collector_lldp_sent_total", &self.lldp_sent),
        ];
        for (name, count) in totals {
            metrics::counter!(name).absolute(count.get());
        }
        for (source, counts) in self.sources() {
            metrics::counter!("weft_collector_reads_total", "source" => source).absolute(counts.reads);
            metrics::counter!("weft_collector_read_failures_total", "source" => source).absolute(counts.failures);
            metrics::counter!("weft_collector_slow_reads_total", "source" => source).absolute(counts.slow);
            metrics::gauge!("weft_collector_read_seconds", "source" => source).set(counts.read_us as f64 / 1e6);
        }
    }
}
