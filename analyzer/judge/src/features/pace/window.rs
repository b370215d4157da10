//! The last readings of a job's hosts, for the search for the bytes of an iteration, which looks at many of them at once.
//!
//! A reading is kept as the bytes since the one before, in four bytes each way: 2 kB a host. Sums of 256 of them are good to a
//! hundred-thousandth of an iteration.

use super::aligned::Row;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Readings kept: of 1 s four minutes. As many as the longest window of the search.
pub const KEEP: usize = 256;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Window {
    steps: VecDeque<Step>,
    /// By host, the bytes at the last reading that it told.
    last: Vec<[f64; 2]>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Step {
    ts_ns: i64,
    /// By host, the bytes sent and received since the last reading that it told; NaN where it told nothing.
    more: Vec<[f32; 2]>,
}

impl Window {
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    pub fn hosts(&self) -> usize {
        self.last.len()
    }

    pub fn push(&mut self, row: &Row) {
        self.last.resize(row.sent.len(), [0.0; 2]);
        let both = row.sent.iter().zip(&row.received).map(|(&sent, &received)| [sent, received]);
        let more = both.zip(&mut self.last).map(|(now, last)| {
            let more = [now[0] - last[0], now[1] - last[1]].map(|bytes| bytes as f32);
            if !now[0].is_nan() {
                *last = now;
            }
            more
        });
        let more = more.collect();
        self.steps.push_back(Step { ts_ns: row.ts_ns, more });
    }

    pub fn forget_oldest(&mut self) {
        self.steps.pop_front();
    }

    /// Keeps the newest of every two readings.
    pub fn halve(&mut self) {
        let mut kept: VecDeque<Step> = VecDeque::with_capacity(KEEP);
        while let Some(newest) = self.steps.pop_back() {
            let mut newest = newest;
            if let Some(before) = self.steps.pop_back() {
                join(&mut newest, before, kept.front_mut());
            }
            kept.push_front(newest);
        }
        self.steps = kept;
    }

    /// The last `length` readings, oldest first, of every `every`-th host.
    pub fn rows(&self, length: usize, every: usize) -> Vec<Row> {
        let skipped = self.steps.len().saturating_sub(length);
        let mut at: Vec<[f64; 2]> = self.last.iter().step_by(every).copied().collect();
        for step in self.steps.iter().skip(skipped) {
            told(step, every).for_each(|(host, more)| at[host] = [at[host][0] - more[0], at[host][1] - more[1]]);
        }
        let row = |step: &Step| {
            let mut row = Row { ts_ns: step.ts_ns, sent: vec![f64::NAN; at.len()], received: vec![f64::NAN; at.len()] };
            for (host, more) in told(step, every) {
                at[host] = [at[host][0] + more[0], at[host][1] + more[1]];
                (row.sent[host], row.received[host]) = (at[host][0], at[host][1]);
            }
            row
        };
        self.steps.iter().skip(skipped).map(row).collect()
    }

    /// The bytes that a host has sent since the oldest reading kept, by the mean of those that tell.
    pub fn sent_a_host(&self) -> f64 {
        let sent: f64 = self.steps.iter().skip(1).flat_map(|step| told(step, 1)).map(|(_, more)| more[0]).sum();
        let told = self.steps.back().map_or(0, |step| told(step, 1).count());
        sent / told.max(1) as f64
    }
}

/// What every `every`-th host told, by its number among these.
fn told(step: &Step, every: usize) -> impl Iterator<Item = (usize, [f64; 2])> + '_ {
    let of_host = |(host, more): (usize, &[f32; 2])| (host, more.map(f64::from));
    step.more.iter().step_by(every).enumerate().filter(|(_, more)| !more[0].is_nan()).map(of_host)
}

/// Adds the bytes of a reading that goes to the next one that a host told.
fn join(newest: &mut Step, before: Step, mut after: Option<&mut Step>) {
    for (host, more) in before.more.into_iter().enumerate().filter(|(_, more)| !more[0].is_nan()) {
        let to = if newest.more[host][0].is_nan() { after.as_deref_mut() } else { Some(&mut *newest) };
        if let Some(to) = to {
            to.more[host] = [to.more[host][0] + more[0], to.more[host][1] + more[1]];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(sent: &[f64]) -> Window {
        let mut window = Window::default();
        for (at, &sent) in sent.iter().enumerate() {
            window.push(&Row { ts_ns: at as i64, sent: vec![sent, 1e6], received: vec![sent / 2.0, 1e6] });
        }
        window
    }

    #[test]
    fn what_was_told_is_read_again() {
        let window = window(&[5.0, 7.0, f64::NAN, 20.0]);
        let rows = window.rows(3, 1);
        assert_eq!((rows[0].sent[0], rows[0].received[0], rows[2].sent[0]), (7.0, 3.5, 20.0));
        assert!(rows[1].sent[0].is_nan() && rows[1].sent[1] == 1e6 && rows[1].ts_ns == 2);
        assert!((window.sent_a_host() - 7.5).abs() < 1e-9, "15 of the first, none of the second");
    }

    #[test]
    fn every_other_reading_goes_and_its_bytes_stay() {
        let mut window = window(&[5.0, 7.0, 12.0, 13.0, 20.0]);
        window.halve();
        let sent: Vec<f64> = window.rows(9, 1).iter().map(|row| row.sent[0]).collect();
        assert_eq!(sent, [5.0, 12.0, 20.0]);
    }
}
