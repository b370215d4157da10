//! From the wire's words to the tick's, and from frames and holes to rows of the gap table.

use super::dedup::Hole;
use super::gaps::{GapReason, GapRow};
use super::resolve::KnownInventory;
use weft_judge::fabric::{LinkEvent, StepMark};
use weft_wire::{EventRow, Frame, StepRow};

/// A row about one frame.
pub fn gap_of(frame: &Frame, reason: GapReason) -> GapRow {
    GapRow {
        collector: frame.collector.clone(),
        boot: frame.boot,
        from_sequence: frame.sequence,
        to_sequence: frame.sequence,
        from_ns: frame.flush_ts_ns,
        to_ns: frame.flush_ts_ns,
        frames: 1,
        reason,
    }
}

pub fn lost(collector: &str, boot: u64, hole: &Hole) -> GapRow {
    let missing = (hole.to - hole.from).saturating_add(1);
    let reason = if hole.dropped == 0 { GapReason::Lost } else { GapReason::DroppedByCollector };
    GapRow {
        collector: collector.to_owned(),
        boot,
        from_sequence: hole.from,
        to_sequence: hole.to,
        from_ns: hole.from_ns,
        to_ns: hole.to_ns,
        frames: missing,
        reason,
    }
}

pub fn link_event(row: EventRow, known: &KnownInventory) -> LinkEvent {
    let port = row.port.and_then(|index| known.port(index));
    LinkEvent {
        ts_ns: row.ts_ns,
        device: port.map_or(row.device, |p| p.device.to_string()),
        port: port.map(|p| p.port.to_string()).unwrap_or_default(),
        event: row.event,
        text: row.text,
    }
}

pub fn step_mark(row: StepRow) -> StepMark {
    StepMark {
        job: row.job,
        rank: row.rank,
        device: row.device,
        step: row.step,
        phase: row.phase,
        start_ns: row.start_ns,
        end_ns: row.end_ns,
    }
}
