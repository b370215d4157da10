//! A stretch of a trace once more: all from its beginning on comes again after its end, later by its length.
//!
//! ```text
//! before   ────a────────b─────────►        a = from, b = to
//! after    ────a────────b╎───────b'─────────►
//!                        ╎a is here again
//! ```
//! Counters go on where they stood: from the splice on they are higher by what they rose over the stretch.

use super::{Event, Reading, TraceTables};
use crate::samples::{Slot, Value, counters_of};
use std::collections::HashMap;
use weft_wire::{CounterKind, Overflow, StepRow};

/// A counter of a place.
type Series = (u32, Slot);
/// A stamp, and the value then.
type At = (i64, i64);

impl TraceTables {
    /// All from `from_ns` on comes again after `to_ns`.
    pub fn repeat(&mut self, from_ns: i64, to_ns: i64) {
        let by_ns = to_ns - from_ns;
        let rises = self.rises(from_ns, to_ns);
        let again = |r: &Reading| self.again(*r, by_ns, rises.get(&(r.place, r.slot)).copied());
        let second: Vec<Reading> = self.readings.iter().filter(|r| r.ts_ns >= from_ns).map(again).collect();
        self.readings.retain(|r| r.ts_ns < to_ns);
        self.readings.extend(second);
        self.repeat_steps(from_ns, to_ns);
        let second: Vec<Event> = self.events.iter().filter(|e| e.ts_ns >= from_ns).cloned().collect();
        self.events.retain(|e| e.ts_ns < to_ns);
        self.events.extend(second.into_iter().map(|e| Event { ts_ns: e.ts_ns + by_ns, ..e }));
        self.move_jobs(|ns| if ns >= to_ns { ns + by_ns } else { ns });
    }

    /// By place and slot, how much a counter rose over the stretch: from the last reading before it to the last in it.
    fn rises(&self, from_ns: i64, to_ns: i64) -> HashMap<Series, i64> {
        let mut ends: HashMap<Series, [Option<At>; 2]> = HashMap::new();
        for reading in self.readings.iter().filter(|r| r.ts_ns < to_ns) {
            let Value::Int(value) = reading.value else { continue };
            if !self.is_cumulative(reading) {
                continue;
            }
            let ends = ends.entry((reading.place, reading.slot)).or_default();
            for (end, is_before) in ends.iter_mut().zip([reading.ts_ns < from_ns, true]) {
                if is_before && end.is_none_or(|(ts_ns, _)| reading.ts_ns >= ts_ns) {
                    *end = Some((reading.ts_ns, value));
                }
            }
        }
        // A counter that was not read before the stretch begins anew in its midst: it has nothing to go on from.
        let rise = |[before, last]: [Option<At>; 2]| Some(last?.1.wrapping_sub(before?.1));
        ends.into_iter().filter_map(|(key, ends)| rise(ends).map(|rise| (key, rise))).collect()
    }

    /// Counters that the catalogue lacks are a vendor's raw ones, and taken for cumulative.
    fn is_cumulative(&self, reading: &Reading) -> bool {
        match reading.slot {
            Slot::Counter { column, .. } => {
                let table = self.places[reading.place as usize].table;
                counters_of(table).get(usize::from(column)).is_some_and(|c| c.kind == CounterKind::Counter)
            }
            Slot::Extra(_) => true,
        }
    }

    fn again(&self, reading: Reading, by_ns: i64, rise: Option<i64>) -> Reading {
        let value = match (reading.value, rise) {
            (Value::Int(value), Some(rise)) => Value::Int(self.raised(&reading, value, rise)),
            (value, _) => value,
        };
        Reading { ts_ns: reading.ts_ns + by_ns, value, ..reading }
    }

    /// Within the counter's width, where counters.csv tells it.
    fn raised(&self, reading: &Reading, value: i64, rise: i64) -> i64 {
        let place = &self.places[reading.place as usize];
        let name = match reading.slot {
            Slot::Counter { column, element } => counters_of(place.table)[usize::from(column)].element_name(element),
            Slot::Extra(name) => self.extra_names[name as usize].clone(),
        };
        match self.sources.find(&place.device, &place.port, &name) {
            Some(source) if source.bits < 63 => {
                let turn = 1i64 << source.bits;
                match source.overflow {
                    Overflow::Wrap => (value + rise).rem_euclid(turn),
                    Overflow::Saturate => (value + rise).min(turn - 1),
                }
            }
            _ => value.wrapping_add(rise),
        }
    }

    /// Marks that reach over a splice are left out; numbers of steps go on.
    fn repeat_steps(&mut self, from_ns: i64, to_ns: i64) {
        let by_ns = to_ns - from_ns;
        let first: Vec<StepRow> = self.steps.iter().filter(|s| s.end_ns <= to_ns).cloned().collect();
        let second = || self.steps.iter().filter(|s| s.start_ns >= from_ns);
        let last_number = first.iter().map(|s| s.step).max();
        let numbers = last_number.zip(second().map(|s| s.step).min()).map_or(0, |(last, next)| last + 1 - next);
        let moved = |s: &StepRow| StepRow {
            start_ns: s.start_ns + by_ns,
            end_ns: s.end_ns + by_ns,
            step: s.step + numbers,
            ..s.clone()
        };
        self.steps = first.iter().cloned().chain(second().map(moved)).collect();
    }
}
