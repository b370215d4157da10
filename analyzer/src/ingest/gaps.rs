//! What was lost, exactly: the rows of table `ingest_gap`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// Sequence numbers that never came.
    Lost,
    /// The collector says that it gave up on them: its queue or spool was full.
    DroppedByCollector,
    /// They came after their tick was closed; what rows were late is not in the model.
    Late,
    /// The collector restarted: between the two times nobody looked.
    Restart,
    /// They came and could not be used.
    DeadLetter,
}

/// A run of frames that is missing from the model, or was when the row was written: a row is amended when a late frame
/// fills it. Known by collector, boot, first sequence number and reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapRow {
    pub collector: String,
    pub boot: u64,
    pub from_sequence: u64,
    pub to_sequence: u64,
    /// Flush times of the frames on either side, event time.
    pub from_ns: i64,
    pub to_ns: i64,
    /// How many; 0 = the row is void, the frames it stands for have come after all (or it is a restart, which loses no frame).
    pub frames: u64,
    pub reason: GapReason,
}

impl GapRow {
    pub fn key(&self) -> GapKey {
        (self.collector.clone(), self.boot, self.from_sequence, self.reason)
    }

    fn is_void(&self) -> bool {
        self.frames == 0 && self.reason != GapReason::Restart
    }

    /// Whether `next` is simply more of the same.
    fn is_continued_by(&self, next: &GapRow) -> bool {
        self.reason == next.reason
            && self.boot == next.boot
            && self.collector == next.collector
            && self.to_sequence.checked_add(1) == Some(next.from_sequence)
    }
}

/// Collector, boot, first sequence number, reason.
pub type GapKey = (String, u64, u64, GapReason);

/// Rows looked at, backwards, for the one that a late frame amends.
const NEAR: usize = 16;

/// The rows that stand, bounded: the oldest by event time go first.
#[derive(Debug, Default)]
pub struct GapTable {
    rows: BTreeMap<GapKey, GapRow>,
    /// Rows that had to make room.
    forgotten: u64,
}

impl GapTable {
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    pub fn rows(&self) -> impl Iterator<Item = &GapRow> {
        self.rows.values()
    }

    /// Adds a row, joined to the one it continues. Returns the rows to write, void ones included.
    pub fn add(&mut self, row: GapRow, max_rows: usize) -> Vec<GapRow> {
        let before = self.rows.range(..row.key()).next_back().map(|(_, r)| r).filter(|r| r.is_continued_by(&row));
        let row = match before {
            Some(before) => GapRow {
                to_sequence: row.to_sequence,
                to_ns: row.to_ns,
                frames: before.frames.saturating_add(row.frames),
                ..before.clone()
            },
            None => row,
        };
        self.rows.insert(row.key(), row.clone());
        self.forget_oldest(max_rows);
        vec![row]
    }

    /// A frame that was given up has come: the row that stands for it shrinks or splits. Returns the rows to write.
    pub fn fill(&mut self, collector: &str, boot: u64, sequence: u64) -> Vec<GapRow> {
        let low = (collector.to_owned(), boot, 0, GapReason::Lost);
        let high = (collector.to_owned(), boot, sequence, GapReason::DeadLetter);
        let missing = |row: &&GapRow| matches!(row.reason, GapReason::Lost | GapReason::DroppedByCollector);
        let holds = |row: &&GapRow| missing(row) && sequence <= row.to_sequence;
        // Rows of other reasons may lie between; more than a few do not.
        let found = self.rows.range(low..=high).rev().map(|(_, row)| row).take(NEAR).find(holds);
        let Some(row) = found.cloned() else { return Vec::new() };
        let left =
            GapRow { to_sequence: sequence.saturating_sub(1), frames: sequence - row.from_sequence, ..row.clone() };
        let mut amended = vec![left];
        if sequence < row.to_sequence {
            let frames = row.to_sequence - sequence;
            amended.push(GapRow { from_sequence: sequence + 1, frames, ..row });
        }
        for row in &amended {
            match row.is_void() {
                true => self.rows.remove(&row.key()),
                false => self.rows.insert(row.key(), row.clone()),
            };
        }
        amended
    }

    /// The collector says it dropped frames: holes already written, newest first, get that reason. Returns the rows to write
    /// and how many drops no hole explains.
    pub fn explain(&mut self, collector: &str, boot: u64, drops: u64) -> (Vec<GapRow>, u64) {
        let low = (collector.to_owned(), boot, 0, GapReason::Lost);
        let high = (collector.to_owned(), boot, u64::MAX, GapReason::DeadLetter);
        let lost = self.rows.range(low..=high).rev().map(|(_, row)| row).filter(|r| r.reason == GapReason::Lost);
        let lost: Vec<GapRow> = lost.take(NEAR).cloned().collect();
        let mut left = drops;
        let mut amended = Vec::new();
        for row in lost {
            if row.frames > left {
                return (amended, 0);
            }
            left -= row.frames;
            self.rows.remove(&row.key());
            let dropped = GapRow { reason: GapReason::DroppedByCollector, ..row.clone() };
            self.rows.insert(dropped.key(), dropped.clone());
            amended.extend([GapRow { frames: 0, ..row }, dropped]);
        }
        (amended, left)
    }

    fn forget_oldest(&mut self, max_rows: usize) {
        while self.rows.len() > max_rows.max(1) {
            let Some(key) = self.rows.values().min_by_key(|r| r.from_ns).map(GapRow::key) else { return };
            self.rows.remove(&key);
            self.forgotten += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(from: u64, to: u64, reason: GapReason) -> GapRow {
        let (collector, frames) = ("n0".to_owned(), to - from + 1);
        GapRow { collector, boot: 7, from_sequence: from, to_sequence: to, from_ns: 0, to_ns: 1, frames, reason }
    }

    fn spans(table: &GapTable) -> Vec<(u64, u64, u64)> {
        table.rows().map(|r| (r.from_sequence, r.to_sequence, r.frames)).collect()
    }

    #[test]
    fn a_frame_that_comes_after_all_splits_its_row() {
        let mut table = GapTable::default();
        table.add(row(3, 6, GapReason::Lost), 10);
        assert_eq!(table.fill("n0", 7, 5).len(), 2);
        assert_eq!(spans(&table), [(3, 4, 2), (6, 6, 1)]);
        assert_eq!(table.fill("n0", 7, 6)[0].frames, 0);
        table.fill("n0", 7, 3);
        table.fill("n0", 7, 4);
        assert_eq!(spans(&table), []);
        assert!(table.fill("n0", 7, 4).is_empty());
    }

    #[test]
    fn drops_told_later_explain_the_holes() {
        let mut table = GapTable::default();
        table.add(row(1, 2, GapReason::Lost), 10);
        let (amended, left) = table.explain("n0", 7, 3);
        assert_eq!((amended.len(), left), (2, 1));
        assert!(table.rows().all(|r| r.reason == GapReason::DroppedByCollector));
        assert_eq!(spans(&table), [(1, 2, 2)]);
    }

    #[test]
    fn late_frames_in_a_row_are_one_row() {
        let mut table = GapTable::default();
        for sequence in 3..6 {
            table.add(row(sequence, sequence, GapReason::Late), 10);
        }
        table.add(row(6, 6, GapReason::Lost), 10);
        assert_eq!(spans(&table), [(3, 5, 3), (6, 6, 1)]);
        table.add(row(9, 9, GapReason::Late), 2);
        assert_eq!((table.rows().count(), table.forgotten()), (2, 1));
    }
}
