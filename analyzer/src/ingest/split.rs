//! A section's rows over the ticks their own times fall in.

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{RecordBatch, UInt32Array};
use std::collections::BTreeMap;
use std::ops::Range;

/// Index of the tick that holds `ts_ns`.
pub fn tick_of(ts_ns: i64, tick_ns: i64) -> i64 {
    ts_ns.div_euclid(tick_ns)
}

/// A section's rows by tick.
#[derive(Debug, Default, PartialEq)]
pub struct Split {
    /// In order of tick, or of time; rows of a tick in their order.
    pub parts: Vec<(i64, RecordBatch)>,
    /// Rows left out because they are stamped impossibly.
    pub insane: usize,
    /// Rows that could not be copied out.
    pub failed: usize,
}

/// Rows stamped outside `sane` are left out and counted.
/// The usual cases copy nothing: all rows in one tick, or rows in order of time.
pub fn split(batch: &RecordBatch, ts_column: usize, tick_ns: i64, sane: &Range<i64>) -> Split {
    split_by(batch, ts_column, tick_ns, sane, take)
}

type Take = fn(&RecordBatch, Vec<u32>) -> Option<RecordBatch>;

fn split_by(batch: &RecordBatch, ts_column: usize, tick_ns: i64, sane: &Range<i64>, take: Take) -> Split {
    let whole = |parts| Split { parts, insane: 0, failed: 0 };
    let times = batch.column(ts_column).as_primitive::<Int64Type>().values();
    let Some((&first, rest)) = times.split_first() else { return Split::default() };
    let (low, high) = rest.iter().fold((first, first), |(low, high), &ts| (low.min(ts), high.max(ts)));
    if !sane.contains(&low) || !sane.contains(&high) {
        return by_rows(batch, times, tick_ns, sane, take);
    }
    if tick_of(low, tick_ns) == tick_of(high, tick_ns) {
        return whole(vec![(tick_of(low, tick_ns), batch.clone())]);
    }
    match times.is_sorted() {
        true => whole(by_slices(batch, times, tick_ns)),
        false => by_rows(batch, times, tick_ns, sane, take),
    }
}

fn by_slices(batch: &RecordBatch, times: &[i64], tick_ns: i64) -> Vec<(i64, RecordBatch)> {
    let mut parts = Vec::new();
    let mut start = 0;
    for chunk in times.chunk_by(|a, b| tick_of(*a, tick_ns) == tick_of(*b, tick_ns)) {
        parts.push((tick_of(chunk[0], tick_ns), batch.slice(start, chunk.len())));
        start += chunk.len();
    }
    parts
}

fn by_rows(batch: &RecordBatch, times: &[i64], tick_ns: i64, sane: &Range<i64>, take: Take) -> Split {
    let mut rows: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
    let mut split = Split::default();
    for (row, ts) in times.iter().enumerate() {
        match sane.contains(ts) {
            true => rows.entry(tick_of(*ts, tick_ns)).or_default().push(row as u32),
            false => split.insane += 1,
        }
    }
    for (tick, rows) in rows {
        let count = rows.len();
        match take(batch, rows) {
            Some(part) => split.parts.push((tick, part)),
            None => split.failed += count,
        }
    }
    split
}

/// The rows of a batch, in the order given; `None` when they cannot be copied, which whoever asks counts.
pub fn take(batch: &RecordBatch, rows: Vec<u32>) -> Option<RecordBatch> {
    arrow_select::take::take_record_batch(batch, &UInt32Array::from(rows)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Int64Array;
    use std::sync::Arc;

    fn check(times: &[i64], expected: &[(i64, &[i64])], insane: usize) {
        let column = Arc::new(Int64Array::from(times.to_vec())) as _;
        let batch = RecordBatch::try_from_iter([("ts_ns", column)]).unwrap();
        let Split { parts, insane: left_out, failed } = split(&batch, 0, 10, &(-100..100));
        assert_eq!(failed, 0);
        let values = |b: &RecordBatch| b.column(0).as_primitive::<Int64Type>().values().to_vec();
        let got: Vec<_> = parts.iter().map(|(tick, batch)| (*tick, values(batch))).collect();
        let expected: Vec<_> = expected.iter().map(|(tick, rows)| (*tick, rows.to_vec())).collect();
        assert_eq!((got, left_out), (expected, insane));
    }

    #[test]
    fn rows_that_cannot_be_copied_are_counted_and_cost_no_others() {
        let column = Arc::new(Int64Array::from(vec![25, 8, 200, 21])) as _;
        let batch = RecordBatch::try_from_iter([("ts_ns", column)]).unwrap();
        let only_first_tick: Take = |batch, rows| if rows == [1] { take(batch, rows) } else { None };
        let split = split_by(&batch, 0, 10, &(-100..100), only_first_tick);
        assert_eq!((split.parts.len(), split.parts[0].0, split.insane, split.failed), (1, 0, 1, 2));
    }

    #[test]
    fn rows_go_to_the_tick_of_their_own_time() {
        check(&[], &[], 0);
        check(&[10, 19], &[(1, &[10, 19])], 0);
        check(&[8, 9, 10, 25], &[(0, &[8, 9]), (1, &[10]), (2, &[25])], 0);
        check(&[25, -1, 20], &[(-1, &[-1]), (2, &[25, 20])], 0);
        check(&[5, 100], &[(0, &[5])], 1);
    }
}
