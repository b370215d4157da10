//! How ingest is set.

use std::ops::Range;

/// Length of a tick, ns: one second, which is how often collectors flush unless they are configured otherwise
/// (`[collector] flush_ms = 1000`). A trace that was sampled faster is judged once a second too; one that was sampled more
/// seldom has ticks as long as its own sampling interval.
pub const TICK_NS: i64 = 1_000_000_000;

/// Every bound here is there so that a lost or hostile sender costs a count, not memory.
#[derive(Clone, Debug)]
pub struct IngestConfig {
    /// Length of a tick, ns.
    pub tick_ns: i64,
    /// How much event time a frame may be behind the others and still count.
    pub lateness_ns: i64,
    /// Close a tick as soon as all live collectors have reported all of it. Off in a replay, where only the data may decide what a
    /// tick holds: a collector that joins or returns in that very tick would be in or out by its order of arrival.
    pub close_early: bool,
    /// A frame stamped further than this from the watermark is quarantined until it is clear which clocks are right.
    pub clock_jump_ns: i64,
    /// Flush times that are times at all; a frame outside comes from a clock that was never set, and nothing is made of it.
    pub credible_ns: Range<i64>,
    /// Frames a collector may have waiting for its inventory. Twice the 30 frames between two embedded ones.
    pub parked_frames: usize,
    pub max_collectors: usize,
    /// Gap rows kept for the `ingest_gap` table; the oldest go first.
    pub max_gaps: usize,
}

impl Default for IngestConfig {
    fn default() -> Self {
        IngestConfig {
            tick_ns: TICK_NS,
            lateness_ns: 2_000_000_000,
            close_early: true,
            clock_jump_ns: 3_600_000_000_000,
            credible_ns: i64::MIN..i64::MAX,
            parked_frames: 64,
            max_collectors: 200_000,
            max_gaps: 10_000,
        }
    }
}
