//! Who keeps the others waiting: the share of the iteration in which a host has what it needs and has not begun, beyond its
//! peers.
//!
//! ```text
//!            ├─ compute ─┤                          a reading here finds most hosts sending or waiting for h3, and h3 at
//! h0 h1 h2   ────────────▗▄▄▄▄▄▄▄▄▄▄▄▄▟─────────    its level: it holds
//! h3         ────────────────────▗▄▄▄▄▟─────────
//!                         ↑ readings: h0, h1, h2 have begun, h3 holds
//! ```
//! By Little's law the part of the readings in which a host holds is the part of the time for which work waits there. So the mean
//! of the **excess** (its own hold less the mean hold of its peers in the same reading) is the part of the step time that the
//! host takes from the job. A host that merely waits for a late one has begun, and does not hold. Clocks play no part.
//!
//! Readings of one iteration see one event, so that they are averaged: one **batch** an iteration.

use super::levels::{Standing, WIDTH};
use super::need::{self, Need};
use crate::statistics::median;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Iterations kept, of which a host takes 4 bytes each.
pub const BATCHES: usize = 256;
/// Peers of a group that are compared with each other; where they are fewer, all hosts of the job are.
const LEAST_PEERS: usize = 3;
/// Of what a parent needs, how far it may be short of it and still have it, and up to what part it has nothing yet.
const SHORT: f64 = WIDTH / 3.0;
const NOTHING_YET: f64 = 0.25;
/// Samples of a host's need come from readings in which it has sent up to so much.
const BEGUN: f64 = 0.5;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Hold {
    needs: Vec<Need>,
    /// The need of each host by its role; NaN where it is unknown.
    roles: Vec<f64>,
    /// All hosts of a group move the same bytes, as in a ring, so that none waits for a certain other one to begin.
    one_role: bool,
    batches: VecDeque<Batch>,
    /// The iteration that runs: its number, and the sum of the excess and the readings of each host.
    iteration: Option<f64>,
    running: Vec<[f32; 2]>,
    readings: u16,
}

/// One iteration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Batch {
    /// The time of its last reading, s since the origin.
    pub at_s: f64,
    pub readings: u16,
    /// The excess hold of each host by the mean of its readings; NaN where it told nothing.
    pub excess: Vec<f32>,
}

impl Hold {
    /// Takes in a reading; true when an iteration has ended. `groups`: the role group of each host.
    /// `is_slow`: the job is slower than usual, so that what hosts do now is not what they always do. `is_early`: the collective has
    /// only just begun, so that who has not begun yet is not late; a reading may then speak for a host, and not against it.
    pub fn push(&mut self, at_s: f64, standing: &Standing, groups: &[u32], is_slow: bool, is_early: bool) -> bool {
        let hosts = standing.sent.len();
        self.needs.resize_with(hosts, Need::default);
        self.running.resize(hosts, [0.0; 2]);
        self.roles.resize(hosts, 0.0);
        if !is_slow {
            self.learn(standing);
        }
        let excess = excess(&holds(standing, &self.roles), &self.roles, groups);
        let mut told: Vec<f64> = standing.sent.iter().copied().filter(|x| !x.is_nan()).collect();
        let iteration = (median(&mut told) + WIDTH).floor();
        let has_ended = self.iteration.is_some_and(|before| iteration > before) && self.readings > 0;
        if has_ended {
            self.end(at_s);
        }
        self.iteration = Some(iteration);
        for (sum, excess) in self.running.iter_mut().zip(excess).filter(|(_, excess)| !excess.is_nan()) {
            let excess = if is_early { excess.min(0.0) } else { excess };
            *sum = [sum[0] + excess as f32, sum[1] + 1.0];
        }
        self.readings = self.readings.saturating_add(1);
        has_ended
    }

    fn learn(&mut self, standing: &Standing) {
        for (need, (x, y)) in self.needs.iter_mut().zip(standing.sent.iter().zip(&standing.received)) {
            let level = (x + WIDTH).floor();
            let (sent, received) = (x - level, y - level);
            let from = (y + WIDTH).floor();
            if y - from < WIDTH && x - from > WIDTH {
                // It has sent, perhaps all, and received nothing yet.
                need.add(0.0, y - x);
            } else if sent > WIDTH && sent < BEGUN && received > -WIDTH {
                need.add(received.min(1.0), y - x);
            }
        }
    }

    /// The iteration that ran becomes a batch.
    fn end(&mut self, at_s: f64) {
        let excess = self.running.iter().map(|[sum, n]| sum / n).collect(); // of no reading: 0 / 0, not a number
        if self.batches.len() >= BATCHES {
            self.batches.pop_front();
        }
        self.batches.push_back(Batch { at_s, readings: self.readings, excess });
        self.running.fill([0.0; 2]);
        self.readings = 0;
    }

    /// Settles anew who has which role. `per_iteration`: the bytes that each host sends and receives.
    pub fn settle_roles(&mut self, per_iteration: &[[f64; 2]], groups: &[u32]) {
        self.roles = need::by_role(&self.needs, per_iteration);
        let of_group = |group: u32| -> Vec<[f64; 2]> {
            per_iteration.iter().zip(groups).filter(|(_, own)| **own == group).map(|(bytes, _)| *bytes).collect()
        };
        let distinct: BTreeSet<u32> = groups.iter().copied().collect();
        self.one_role = distinct.into_iter().all(|group| need::roles(&of_group(group)).len() <= 1);
    }

    pub fn batches(&self) -> &VecDeque<Batch> {
        &self.batches
    }

    /// Whether no host waits for a certain other one to begin, so that hosts that hold at the same time are late each by itself.
    pub fn tells_hosts_apart(&self) -> bool {
        self.one_role
    }

    /// Whether all hosts need nothing to begin, as far as is known.
    pub fn all_begin_at_once(&self) -> bool {
        self.roles.iter().all(|need| *need == 0.0)
    }

    /// Whether a host that has received this part of an iteration has what it needs to begin; `None` where its need is not known.
    pub fn has_its_need(&self, host: usize, received: f64) -> Option<bool> {
        let need = self.roles.get(host).copied().filter(|need| !need.is_nan())?;
        Some(if need > 0.0 { received >= need - SHORT } else { received >= -WIDTH })
    }

    /// Whether a host needs nothing to begin, so that it can be compared with its peers.
    pub fn is_free(&self, host: usize) -> bool {
        self.roles.get(host) == Some(&0.0)
    }
}

/// Whether each host holds, 1 or 0; NaN where that is not known.
fn holds(standing: &Standing, needs: &[f64]) -> Vec<f64> {
    let both = || standing.sent.iter().copied().zip(standing.received.iter().copied()).zip(needs.iter().copied());
    let is_at = |x: f64| (x - x.round()).abs() < WIDTH;
    // Levels at which a host stands that needs nothing, as far as is known: a parent there may wait for that one.
    let is_first = |need: f64| need.is_nan() || need <= 0.0;
    let mut first: Vec<i64> =
        both().filter(|((x, _), need)| is_at(*x) && is_first(*need)).map(|((x, _), _)| x.round() as i64).collect();
    first.sort_unstable();
    first.dedup();
    let hold = |((x, y), need): ((f64, f64), f64)| {
        let got = y - x.round();
        if x.is_nan() || need.is_nan() {
            return f64::NAN;
        }
        let nobody_began =
            got <= need * NOTHING_YET && got >= -WIDTH && first.binary_search(&(x.round() as i64)).is_err();
        let has_all = if need > 0.0 { got >= need - SHORT || nobody_began } else { got >= -WIDTH };
        f64::from(u8::from(is_at(x) && has_all))
    };
    both().map(hold).collect()
}

/// Each host's hold less the mean of its peers'; that of a host with a need alone, for its peers have another role.
fn excess(holds: &[f64], needs: &[f64], groups: &[u32]) -> Vec<f64> {
    let is_free = |host: usize| needs[host] <= 0.0 && !holds[host].is_nan();
    let free: Vec<usize> = (0..holds.len()).filter(|&host| is_free(host)).collect();
    let mut of_group: BTreeMap<u32, [f64; 2]> = BTreeMap::new();
    let mut all = [0.0; 2];
    for &host in &free {
        let sum = of_group.entry(groups[host]).or_default();
        *sum = [sum[0] + holds[host], sum[1] + 1.0];
        all = [all[0] + holds[host], all[1] + 1.0];
    }
    let least = LEAST_PEERS as f64;
    let of_free = |host: usize| {
        let own = of_group[&groups[host]];
        let [sum, n] = if own[1] >= least { own } else { all };
        if n >= least { holds[host] - (sum - holds[host]) / (n - 1.0) } else { f64::NAN }
    };
    (0..holds.len())
        .map(|host| match () {
            () if is_free(host) => of_free(host),
            () if needs[host] > 0.0 => holds[host],
            () => f64::NAN,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(sent: &[f64], received: &[f64]) -> Standing {
        Standing { ts_ns: 0, sent: sent.to_vec(), received: received.to_vec(), between: false }
    }

    #[test]
    fn who_has_what_it_needs_and_has_not_begun_holds() {
        // Iterations sent and received, needs, and who holds.
        let table: [[&[f64]; 4]; 6] = [
            // Three have begun, and one has not.
            [&[3.2, 3.1, 3.3, 3.0], &[3.2, 3.3, 3.1, 3.1], &[0.0; 4], &[0.0, 0.0, 0.0, 1.0]],
            // Between collectives all hold.
            [&[3.0, 3.0, 3.01], &[3.0, 3.0, 3.0], &[0.0; 3], &[1.0, 1.0, 1.0]],
            // One has sent all, and waits for bytes: it holds nothing.
            [&[4.0, 3.6, 3.7], &[3.5, 3.8, 3.7], &[0.0; 3], &[0.0, 0.0, 0.0]],
            // A parent that has what its children send, and one that has half of it.
            [&[3.4, 3.0, 3.0], &[3.0, 4.0, 3.5], &[0.0, 1.0, 1.0], &[0.0, 1.0, 0.0]],
            // Nobody of those who need nothing stands there: the parents have nothing yet, and do not wait for a child.
            [&[3.4, 3.0, 3.0], &[3.0, 3.0, 3.0], &[0.0, 1.0, 1.0], &[0.0, 1.0, 1.0]],
            [&[3.0, 3.0, 3.0], &[3.0, 3.0, 3.0], &[0.0, 1.0, 1.0], &[1.0, 0.0, 0.0]],
        ];
        for [sent, received, needs, expected] in table {
            assert_eq!(holds(&standing(sent, received), needs), expected, "{sent:?} {received:?}");
        }
        let unknown = holds(&standing(&[3.0, f64::NAN, 3.0], &[3.0, 3.0, 3.0]), &[f64::NAN, 0.0, 0.0]);
        assert!(unknown[0].is_nan() && unknown[1].is_nan() && unknown[2] == 1.0, "{unknown:?}");
    }

    #[test]
    fn the_excess_is_over_the_mean_of_peers_of_the_group() {
        let close =
            |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9 || (a.is_nan() && b.is_nan()));
        let holds = [1.0, 0.0, 0.0, 1.0, 1.0, f64::NAN];
        let own = excess(&holds, &[0.0; 6], &[0, 0, 0, 1, 1, 1]);
        // Of group 1 two have told: they are compared with all.
        assert!(close(&own, &[1.0, -0.5, -0.5, 0.5, 0.5, f64::NAN]), "{own:?}");
        let parent = excess(&holds[..4], &[0.9, 0.0, 0.0, 0.0], &[0; 4]);
        assert!(close(&parent, &[1.0, -0.5, -0.5, 1.0]), "{parent:?}");
    }

    #[test]
    fn a_reading_just_after_the_beginning_speaks_against_nobody() {
        let (mut hold, early) = (Hold::default(), standing(&[1.04, 1.04, 1.04, 1.0], &[1.04; 4]));
        hold.push(0.0, &early, &[0; 4], false, true);
        hold.push(1.0, &standing(&[2.0; 4], &[2.0; 4]), &[0; 4], false, false);
        let excess = &hold.batches()[0].excess;
        assert!(excess[3] == 0.0 && (excess[0] + 1.0 / 3.0).abs() < 1e-6, "{excess:?}");
    }

    #[test]
    fn a_host_that_has_sent_before_it_received_needs_nothing() {
        let mut hold = Hold::default();
        // Two leaves have sent all and received nothing; the parent has received all and sent a part.
        for iteration in 0..10 {
            let n = f64::from(iteration);
            let (sent, received) = ([n + 1.0, n + 0.3, n + 1.0], [n, n + 1.0, n + 0.01]);
            hold.push(n, &standing(&sent, &received), &[0; 3], false, false);
        }
        hold.settle_roles(&[[1.0, 1.0], [2.0, 2.0], [1.0, 1.0]], &[0; 3]);
        assert_eq!([0, 1, 2].map(|host| hold.is_free(host)), [true, false, true]);
        assert!(!hold.tells_hosts_apart() && !hold.all_begin_at_once());
        hold.settle_roles(&[[1.0, 1.0], [2.0, 2.0], [1.0, 1.0]], &[0, 1, 0]);
        assert!(hold.tells_hosts_apart(), "another group does other work");
    }

    #[test]
    fn an_iteration_is_one_batch() {
        let mut hold = Hold::default();
        let late = standing(&[1.2, 1.2, 1.2, 1.0], &[1.2; 4]);
        let all = standing(&[1.0; 4], &[1.0; 4]);
        assert!(!hold.push(0.0, &all, &[0; 4], false, false));
        assert!(!hold.push(1.0, &late, &[0; 4], false, false));
        assert!(hold.push(2.0, &standing(&[2.0; 4], &[2.0; 4]), &[0; 4], false, false));
        let batch = &hold.batches()[0];
        assert_eq!(batch.readings, 2);
        assert!((batch.excess[3] - 0.5).abs() < 1e-6 && (batch.excess[0] + 1.0 / 6.0).abs() < 1e-6, "{batch:?}");
    }
}
