//! Collectors and their gaps as readers see them, from what ingest counts.

use crate::ingest::{CollectorStatus, GapRow};
use crate::live::arrivals::is_silent;
use crate::read::{CollectorView, GapView};

pub fn collector(status: &CollectorStatus, heard_s: Option<f64>, now_ns: i64) -> CollectorView {
    let lag_s = (now_ns - status.last_seen_ns).max(0) as f64 / 1e9;
    let silent = heard_s.is_none_or(|s| is_silent(s, status.flush_period_ms));
    let state = match (status.idle, silent) {
        (_, true) => "silent",
        (true, false) => "idle",
        (false, false) => "live",
    };
    CollectorView {
        collector: status.collector.clone(),
        state: state.to_owned(),
        last_ns: (status.last_seen_ns != 0).then_some(status.last_seen_ns),
        lag_s: Some(lag_s),
        heard_s,
        frames: status.frames,
        samples: status.samples,
        late_rows: status.late_rows,
        repeats: status.duplicate_frames,
        same_name: status.twin_frames,
        missing: status.lost_frames,
        dropped: status.drops,
        failed_rows: status.failed_rows,
        clock_not_set_frames: status.clock_not_set_frames,
        clock_error_us: status.clock_error_us.map(|us| us as f64),
        ports: status.ports,
        blind: status.blind_counters.clone(),
    }
}

pub fn gap(row: &GapRow) -> GapView {
    GapView {
        collector: row.collector.clone(),
        boot: row.boot,
        first_sequence: row.from_sequence,
        last_sequence: row.to_sequence,
        from_ns: row.from_ns,
        to_ns: row.to_ns,
        reason: format!("{:?}", row.reason).to_lowercase(),
    }
}
