//! At which level each host of a job stands: exact progress, at any ratio of the interval of reading to the iteration.
//!
//! A collective moves the same bytes in each iteration, and nothing moves between two collectives. A host that is read between
//! two collectives therefore stands at a level: an anchor plus a whole number of times the bytes of an iteration.
//!
//! ```text
//! bytes sent              ▗▄▄▄ level 2            x = level of the anchor + (sent − anchor) / bytes an iteration
//!               ▗▄▄▄▄▄▄▄▄▞▘                       y = the same of the bytes received
//!     ▄▄▄▄▄▄▄▄▄▞▘ level 1
//!     level 0    read here: x = 1.00, between     and here: x = 1.62, within the collective
//! ```
//! A job is **between** collectives when most hosts stand at one level both ways. Each such reading moves the anchors, so that
//! small errors of the bytes an iteration never add up. A host that is off by one amount five times running has slipped (its
//! counters were set back, or bytes were sent twice): its anchor is set anew.

use super::aligned::Row;
use crate::statistics::median;
use serde::{Deserialize, Serialize};

/// How wide a level is, in iterations: acknowledgements are up to 1.6 % of the bytes received, and must not look like
/// sending (reference/inference-stragglers.md, 5).
pub const WIDTH: f64 = 0.03;
/// A host stands at the majority's level when it is within so many widths: its anchor may be off by one of them.
const NEAR: f64 = 2.0;
/// Two readings are the same when they differ by less than this part of a width: rounding and single packets.
const SAME: f64 = 0.1;
/// The part of a new measurement of the bytes an iteration that is taken over: the last five count.
const GAIN: f64 = 0.2;
/// A host that is off by one amount in so many readings running has slipped: victims of a slow part catch up within one.
const RUNNING: usize = 5;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Levels {
    hosts: Vec<Anchor>,
}

/// What is known of one host's levels: 144 bytes. Pairs are of bytes sent and received.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Anchor {
    bytes: [f64; 2],
    level: f64,
    /// Readings that the anchor is the mean of.
    readings: f64,
    /// The same at the level before.
    before: [f64; 2],
    level_before: f64,
    per_iteration: [f64; 2],
    last: [f64; 2],
    off: [[f32; 2]; RUNNING],
}

/// Where the hosts stand in one reading, in iterations. NaN of hosts that did not tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    pub ts_ns: i64,
    pub sent: Vec<f64>,
    pub received: Vec<f64>,
    /// Most hosts stand at one level, both ways.
    pub between: bool,
}

/// Readings that stand at levels: the first one, and how many levels above it each of the others stands.
#[derive(Clone, Debug)]
pub struct Atom {
    pub first: usize,
    pub others: Vec<(usize, f64)>,
}

impl Levels {
    /// Levels whose bytes an iteration follow from the readings of an atom: by the half of them that is furthest apart. `host`:
    /// what each host has sent and received in these readings.
    pub fn of(rows: &[Row], atom: &Atom) -> Levels {
        let furthest = atom.others.iter().map(|(_, levels)| levels.abs()).fold(0.0, f64::max);
        let far: Vec<&(usize, f64)> = atom.others.iter().filter(|(_, n)| n.abs() >= furthest / 2.0).collect();
        let first = &rows[atom.first];
        let anchor = |host: usize| {
            let per_iteration = |bytes: fn(&Row) -> &Vec<f64>| {
                let each = far.iter().map(|(row, n)| (bytes(&rows[*row])[host] - bytes(first)[host]) / n);
                median(&mut each.filter(|bytes| !bytes.is_nan()).collect::<Vec<_>>())
            };
            let bytes = [first.sent[host], first.received[host]];
            Anchor {
                bytes,
                level: 0.0,
                readings: 1.0,
                before: bytes,
                level_before: 0.0,
                per_iteration: [per_iteration(|row| &row.sent), per_iteration(|row| &row.received)],
                last: [f64::NAN; 2],
                off: [[f32::NAN; 2]; RUNNING],
            }
        };
        Levels { hosts: (0..first.sent.len()).map(anchor).collect() }
    }

    /// Takes in a reading.
    pub fn push(&mut self, row: &Row) -> Standing {
        let bytes = || row.sent.iter().zip(&row.received).map(|(&sent, &received)| [sent, received]);
        let mut at: Vec<[f64; 2]> = self.hosts.iter().zip(bytes()).map(|(host, bytes)| host.at(bytes)).collect();
        let mut sent: Vec<f64> = at.iter().map(|at| at[0]).filter(|x| !x.is_nan()).collect();
        let told = sent.len();
        let level = median(&mut sent).round();
        let is_near = |at: &[f64; 2]| at.iter().all(|at| (at - level).abs() < NEAR * WIDTH);
        let between = told > 0 && 2 * at.iter().filter(|at| is_near(at)).count() > told;
        for ((host, bytes), at) in self.hosts.iter_mut().zip(bytes()).zip(&mut at) {
            let is_same = host.is_same(bytes);
            host.last = bytes;
            if between {
                host.stand(level, bytes, at, is_same);
            }
        }
        let [sent, received] = [0, 1].map(|way| at.iter().map(|at| at[way]).collect());
        Standing { ts_ns: row.ts_ns, sent, received, between }
    }

    /// The bytes that each host sends and receives in an iteration.
    pub fn per_iteration(&self) -> impl Iterator<Item = [f64; 2]> + '_ {
        self.hosts.iter().map(|host| host.per_iteration)
    }
}

impl Anchor {
    fn at(&self, bytes: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|way| self.level + (bytes[way] - self.bytes[way]) / self.per_iteration[way])
    }

    fn is_same(&self, bytes: [f64; 2]) -> bool {
        let moved = |way: usize| (bytes[way] - self.last[way]).abs() / self.per_iteration[way];
        [0, 1].iter().all(|&way| moved(way) < SAME * WIDTH)
    }

    /// Most hosts stand at `level`. `at`: where this one stands; a host that has slipped is put there.
    fn stand(&mut self, level: f64, bytes: [f64; 2], at: &mut [f64; 2], is_same: bool) {
        if bytes[0].is_nan() || bytes[1].is_nan() {
            return;
        }
        if self.bytes[0].is_nan() {
            // Told for the first time: its level, and one level later its bytes an iteration.
            (self.bytes, self.level, self.before, self.level_before) = (bytes, level, bytes, level);
        } else if self.per_iteration[0].is_nan() && level > self.level {
            self.per_iteration = [0, 1].map(|way| (bytes[way] - self.bytes[way]) / (level - self.level));
        }
        let off = at.map(|at| at - level);
        let within = |widths: f64| off.iter().all(|off| off.abs() < widths * WIDTH);
        let stands = within(1.0) || (is_same && within(NEAR));
        if stands && level > self.level {
            self.leave_level();
        }
        if stands || !is_same {
            self.off.rotate_left(1);
            self.off[RUNNING - 1] = off.map(|off| off as f32);
        }
        // A host that does not move is waited for, and has not slipped.
        let has_slipped = !stands && !is_same && self.is_off_by_one_amount();
        if has_slipped {
            (self.before, self.level_before, self.readings) = (bytes, level, 0.0);
            *at = [level; 2];
        }
        if stands || has_slipped {
            self.off = [[0.0; 2]; RUNNING];
            self.readings += 1.0;
            let is_mean = self.readings > 1.0 && !is_same;
            let follow = |way: usize| {
                let from = self.bytes[way];
                if is_mean { from + (bytes[way] - from) / self.readings } else { bytes[way] }
            };
            (self.bytes, self.level) = ([0, 1].map(follow), level);
        }
    }

    /// Bytes an iteration go from the mean of one level to that of the next; never from one reading to the next, for the last
    /// one at a level tends to be early sending and the first one late.
    fn leave_level(&mut self) {
        let levels = self.level - self.level_before;
        if levels > 0.0 {
            for way in [0, 1] {
                let measured = (self.bytes[way] - self.before[way]) / levels;
                self.per_iteration[way] += GAIN * (measured - self.per_iteration[way]);
            }
        }
        (self.before, self.level_before, self.readings) = (self.bytes, self.level, 0.0);
    }

    fn is_off_by_one_amount(&self) -> bool {
        [0, 1].iter().all(|&way| {
            let off = self.off.iter().map(|off| off[way]);
            let (low, high) = off.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), off| {
                (if off.is_nan() { f32::NEG_INFINITY } else { low.min(off) }, high.max(off))
            });
            f64::from(high - low) < WIDTH
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(at: i64, sent: [f64; 5]) -> Row {
        Row { ts_ns: at, sent: sent.to_vec(), received: sent.to_vec() }
    }

    /// Levels of five hosts of 100 bytes an iteration that stand at level 0.
    fn levels() -> Levels {
        let rows = [row(0, [0.0; 5]), row(1, [100.0; 5]), row(2, [200.0; 5])];
        let mut levels = Levels::of(&rows, &Atom { first: 0, others: vec![(1, 1.0), (2, 2.0)] });
        assert_eq!(levels.per_iteration().next(), Some([100.0; 2]));
        assert!(rows.iter().all(|row| levels.push(row).between));
        levels
    }

    #[test]
    fn hosts_stand_between_collectives_or_within_one() {
        let mut levels = levels();
        let within = levels.push(&row(3, [262.0, 250.0, 270.0, 260.0, 260.0]));
        assert!(!within.between && (within.sent[0] - 2.62).abs() < 1e-9);
        let late = levels.push(&row(4, [300.0, 300.0, 250.0, 300.0, 300.0]));
        assert!(late.between && late.sent == [3.0, 3.0, 2.5, 3.0, 3.0]);
        let silent = levels.push(&row(5, [300.0, f64::NAN, 300.0, 300.0, 300.0]));
        assert!(silent.between && silent.sent[1].is_nan());
    }

    #[test]
    fn bytes_an_iteration_follow_slowly_and_errors_do_not_add_up() {
        let mut levels = levels();
        for n in 3..60 {
            let sent = 200.0 + 101.0 * f64::from(n - 2);
            let standing = levels.push(&row(i64::from(n), [sent; 5]));
            assert!(standing.between && (standing.sent[0] - f64::from(n)).abs() < WIDTH, "{n} {standing:?}");
        }
        assert!((levels.per_iteration().next().unwrap()[0] - 101.0).abs() < 0.1);
    }

    #[test]
    fn a_host_that_has_slipped_is_put_back_and_one_that_is_late_is_not() {
        let mut levels = levels();
        for n in 3..12 {
            let level = 100.0 * f64::from(n);
            // The second host lost 40 bytes for good; the third is late by another amount each time.
            let late = [30.0, 55.0, 10.0, 45.0][n as usize % 4];
            let standing = levels.push(&row(i64::from(n), [level, level - 40.0, level - late, level, level]));
            let slipped = standing.sent[1] - f64::from(n);
            assert_eq!(slipped.abs() < 1e-9, n >= 7, "{n} {slipped}");
            assert!((standing.sent[2] - f64::from(n) + late / 100.0).abs() < 1e-9);
        }
    }
}
