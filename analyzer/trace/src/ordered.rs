//! Samples by tick, in order of time, from a file that is nearly so.
//!
//! A trace is usually sorted by time; one written a series at a time (a spreadsheet, a dump of a time-series database) is
//! not. The first samples tell which it is: a sorted file streams in bounded memory, any other is sorted in memory as
//! long as it fits.

use crate::entities::Entities;
use crate::error::Result;
use crate::samples::{Sample, Samples};
use std::collections::BTreeMap;

/// Samples read before the file is taken for sorted: 2 million of 40 bytes are 80 MB, and more than 20 minutes of a fabric
/// of 100 ports with 15 counters each at 1 Hz.
const LOOK_AHEAD: usize = 2_000_000;
/// The most samples of an unsorted file: all are held in memory, 2.4 GB of them.
const MAX_UNSORTED: usize = 60_000_000;
/// How far back in time a sorted file may step, ns: devices' clocks and the moments of reading differ by less.
const SLACK_NS: i64 = 5_000_000_000;
/// The same in ticks, where ticks are long: the further of the two holds.
const SLACK_TICKS: i64 = 3;

pub struct Ordered {
    samples: Samples,
    tick_ns: i64,
    pending: BTreeMap<i64, Vec<Sample>>,
    newest_ns: i64,
    emitted_through: Option<i64>,
    ended: bool,
    looked: bool,
}

impl Ordered {
    pub fn new(samples: Samples, tick_ns: i64) -> Ordered {
        let (pending, newest_ns) = (BTreeMap::new(), i64::MIN);
        Ordered { samples, tick_ns, pending, newest_ns, emitted_through: None, ended: false, looked: false }
    }

    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// The next tick that has samples, in order; within a tick as the file has them. `None` at the end.
    pub fn next_tick(&mut self, entities: &mut Entities) -> Result<Option<(i64, Vec<Sample>)>> {
        if !self.looked {
            self.look_ahead(entities)?;
            self.looked = true;
        }
        while !self.ended && !self.has_complete_tick() {
            match self.samples.next(entities)? {
                Some(sample) => self.place(sample)?,
                None => self.ended = true,
            }
        }
        let next = self.pending.pop_first();
        self.emitted_through = next.as_ref().map(|(tick, _)| *tick).or(self.emitted_through);
        Ok(next)
    }

    fn slack_ns(&self) -> i64 {
        SLACK_NS.max(self.tick_ns.saturating_mul(SLACK_TICKS))
    }

    fn has_complete_tick(&self) -> bool {
        let first = self.pending.first_key_value().map(|(tick, _)| *tick);
        first.is_some_and(|tick| {
            tick.saturating_add(1).saturating_mul(self.tick_ns).saturating_add(self.slack_ns()) < self.newest_ns
        })
    }

    fn place(&mut self, sample: Sample) -> Result<()> {
        let tick = sample.ts_ns.div_euclid(self.tick_ns);
        if self.emitted_through.is_some_and(|through| tick <= through) {
            return Err(self.too_far_back(sample.ts_ns));
        }
        self.newest_ns = self.newest_ns.max(sample.ts_ns);
        self.pending.entry(tick).or_default().push(sample);
        Ok(())
    }

    fn too_far_back(&self, ts_ns: i64) -> crate::error::TraceError {
        let back_s = self.newest_ns.saturating_sub(ts_ns) as f64 / 1e9;
        let what = format!("ts_ns steps back by {back_s:.1} s after millions of rows in order");
        self.samples.error(what, "sort the file by ts_ns")
    }

    /// Reads the first samples; when they are out of order, all of them.
    fn look_ahead(&mut self, entities: &mut Entities) -> Result<()> {
        let mut newest = i64::MIN;
        let mut sorted = true;
        let mut read = 0;
        loop {
            let limit = if sorted { LOOK_AHEAD } else { MAX_UNSORTED };
            if read == limit && !sorted {
                let what = format!("not sorted by ts_ns, and more than {MAX_UNSORTED} samples");
                return Err(self.samples.error(what, "sort the file by ts_ns"));
            }
            if read == limit {
                return Ok(());
            }
            let Some(sample) = self.samples.next(entities)? else {
                self.ended = true;
                return Ok(());
            };
            sorted &= sample.ts_ns >= newest.saturating_sub(self.slack_ns());
            newest = newest.max(sample.ts_ns);
            read += 1;
            self.place(sample)?;
        }
    }
}
