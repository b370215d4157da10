//! How far each job is, how fast it goes, and who of it keeps the others waiting, from bytes sent and received alone, at any
//! ratio of the interval of reading to the iteration.
//!
//! ```text
//! readings ─► aligned (one row an interval) ─► levels (iterations done, by host) ─► line (pace, bends, pauses, loss)
//!                       │                         ↑                         └─► hold (who has not begun, need by role)
//!                       │                         └─► stand (since when nobody moves, and who stands where)
//!                       └─► window ─► hunt (bytes of an iteration)
//! ```
//! The method and its sources stand in docs/judging/stragglers.md. Per host some 3.5 kB are kept, of which 2 kB are readings for
//! the search and 1 kB the excess of the last 256 iterations; per job some 20 kB.

mod aligned;
mod cuts;
mod hold;
mod hunt;
mod levels;
mod line;
mod need;
mod seats;
mod spread;
mod stand;
#[cfg(test)]
pub mod tests;
mod told;
mod window;

pub use hold::{Batch, Hold};
pub use hunt::NotFound;
pub use levels::WIDTH;
pub use line::{LEAST, Line, Slow};
pub use stand::{Stand, Still};
pub use told::JobStep;

use super::steps::StepClock;
use crate::fabric::DeviceId;
use crate::statistics::trimmed_mean;
use aligned::{Aligned, Row};
use hunt::Found;
use levels::{Levels, Standing};
use seats::Seat;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use window::{KEEP, Window};

/// Lengths of the windows of readings in which the bytes of an iteration are looked for: of the shortest, at which a period
/// that shows in 40 % of the readings is above the noise (reference/inference-stragglers.md, 5), to all that are kept.
const WINDOWS: [usize; 4] = [40, 80, 160, KEEP];
/// Readings until the next search: as many as there have been, for the windows have doubled by then, but within these bounds.
const SOONEST: u32 = 10;
const LATEST: u32 = 4 * KEEP as u32;
/// A lock is lost when of this many readings fewer than [`LEAST_BETWEEN`] stand between collectives.
const WATCHED: u32 = 64;
const LEAST_BETWEEN: u32 = 4;
/// A window with fewer iterations than this is of long ones: every second reading is kept from then on.
const FEW_ITERATIONS: f64 = 12.0;
/// Bytes of an iteration that differ by less than this are the same ones; the larger window's may be smaller by as much.
const SAME_BYTES: f64 = 0.1;
/// Of the score with which a lock was found, what the last readings must reach for it to be kept.
const STILL_GOOD: f64 = 0.5;
/// The bytes of an iteration are at least this multiple of a part of them.
const MULTIPLE: f64 = 2.0;
/// A host that begins within so much of an iteration after the others is not late: the steps of hosts jitter by as much (`line.rs`).
const ON_TIME: f64 = 0.02;
/// Hosts that the search looks at.
const SEARCHED: usize = 64;

/// All that is remembered of one job's progress.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct JobPace {
    /// Of the hosts' and ports' names: another one makes another job.
    of: u64,
    /// Of the names of the jobs that run on its hosts too, whose bytes its ports count with its own: others make another pace.
    beside: u64,
    /// The hosts, found again in each process, and how many ports the fabric had when they were.
    #[serde(skip)]
    seats: Vec<Seat>,
    #[serde(skip)]
    ports_known: usize,
    /// What times are told against, ns.
    origin_ns: i64,
    aligned: Aligned,
    window: Window,
    lock: Option<Lock>,
    /// Why the last search that found nothing did not.
    not_found: NotFound,
    /// Readings so far, and how many until the next search.
    readings: u64,
    due: u32,
    /// One reading of so many goes into the window.
    stride: u32,
    line: Line,
    /// Through the marks of the loop, where it sends any.
    by_marks: Option<Line>,
    /// The number of the last step that was taken over from the marks.
    step: i64,
    hold: Hold,
    stand: Stand,
    /// The last level at which the job stood between two collectives.
    level: f64,
}

/// The bytes of an iteration are known.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Lock {
    /// Bytes that a host sends in an iteration, by the mean of the hosts searched.
    bytes: f64,
    score: f64,
    levels: Levels,
    /// Of the last readings, those between collectives: one bit each, the newest the lowest. How many there are.
    between: u64,
    watched: u32,
}

impl JobPace {
    /// Takes in a row of readings.
    fn push(&mut self, row: &Row, groups: &[u32]) {
        if self.readings == 0 {
            (self.due, self.stride) = (WINDOWS[0] as u32, 1);
            self.begin_clock(row.ts_ns);
        }
        self.readings += 1;
        let standing = self.lock.as_mut().map(|lock| lock.levels.push(row));
        if standing.as_ref().is_some_and(|standing| self.stands_still(standing)) {
            return;
        }
        self.due = self.due.saturating_sub(1);
        self.keep(row);
        if let Some((lock, standing)) = self.lock.as_mut().zip(standing.as_ref()) {
            lock.watch(standing);
        }
        if self.lock.as_ref().is_some_and(Lock::is_lost) {
            self.due = 0;
        }
        if self.due == 0 && self.search(groups) {
            return;
        }
        if let Some(standing) = standing {
            self.learn(&standing, groups);
        }
    }

    /// The job has stood within a collective for longer than an iteration. Such readings say nothing of iterations: they must not
    /// make the lock look lost, be searched for another one, or bend the line to a pace of nothing, at which the job's next
    /// iterations would all seem to come at one moment.
    fn stands_still(&mut self, standing: &Standing) -> bool {
        let iteration_s = self.line().pace().map(|pace| 1.0 / pace);
        self.stand.push(self.seconds(standing.ts_ns), standing, iteration_s);
        self.stand.now().is_some_and(|still| still.iterations() > 1.0 && still.is_in_midst())
    }

    fn keep(&mut self, row: &Row) {
        if !self.readings.is_multiple_of(u64::from(self.stride)) {
            return;
        }
        self.window.push(row);
        if self.window.len() > KEEP {
            let iterations = self.lock.as_ref().map_or(0.0, |lock| self.window.sent_a_host() / lock.bytes);
            if iterations < FEW_ITERATIONS {
                self.window.halve();
                self.stride = self.stride.saturating_mul(2);
            } else {
                self.window.forget_oldest();
            }
        }
    }

    /// Looks for the bytes of an iteration. True when others were found than before: all readings that are kept have then
    /// gone through the levels once more, and everything that was known by the former ones is void.
    fn search(&mut self, groups: &[u32]) -> bool {
        let found = self.find();
        let seldom = (self.readings.min(u64::from(LATEST)) as u32).max(SOONEST);
        self.due = if found.is_ok() || self.lock.is_some() { seldom } else { SOONEST.max(seldom / 4) };
        let (found, length) = match found {
            Ok(found) => found,
            Err(why) => {
                self.not_found = why;
                return false;
            }
        };
        if self.lock.as_ref().is_some_and(|lock| lock.holds_against(&found)) {
            return false;
        }
        let rows = self.window.rows(length, 1);
        let levels = Levels::of(&rows, &found.atom);
        self.lock = Some(Lock { bytes: found.bytes, score: found.score, levels, between: 0, watched: 0 });
        (self.line, self.hold, self.stand) = (Line::default(), Hold::default(), Stand::default());
        for row in &rows[found.atom.first..] {
            let standing = self.lock.as_mut().map(|lock| {
                let standing = lock.levels.push(row);
                lock.watch(&standing);
                standing
            });
            standing.into_iter().for_each(|standing| self.learn(&standing, groups));
        }
        true
    }

    /// The bytes of an iteration by the windows of several lengths, and the length of the one that they were found in. A job of
    /// many hosts is searched by some of them, evenly chosen: every one shows the same iterations.
    fn find(&self) -> Result<(Found, usize), NotFound> {
        let every = self.window.hosts().div_ceil(SEARCHED).max(1);
        let (mut best, mut why): (Option<(Found, usize)>, _) = (None, NotFound::NoLevels);
        for length in WINDOWS {
            if length > WINDOWS[0] && self.window.len() < length {
                break;
            }
            let is_better = |found: &Found| {
                best.as_ref().is_none_or(|(best, _)| {
                    let is_as_long = found.bytes > (1.0 - SAME_BYTES) * best.bytes;
                    (is_as_long && found.score >= hunt::AS_GOOD * best.score)
                        || best.score < hunt::AS_GOOD * found.score
                })
            };
            match hunt::search(&self.window.rows(length, every)) {
                Ok(found) if is_better(&found) => best = Some((found, length)),
                Ok(_) => {}
                Err(NotFound::NoLevels) => {}
                Err(NotFound::InStep) => why = NotFound::InStep,
            }
        }
        best.ok_or(why)
    }

    fn learn(&mut self, standing: &Standing, groups: &[u32]) {
        let at_s = self.seconds(standing.ts_ns);
        let mut told: Vec<f64> = standing.sent.iter().copied().filter(|x| !x.is_nan()).collect();
        if told.is_empty() {
            return;
        }
        // Without the outermost: a host whose counts are older than their stamps must not move the job's line.
        let level = trimmed_mean(&mut told);
        if standing.between {
            self.level = level.round();
        }
        let is_slow = self.line().slow().is_some();
        let is_early = self.line().sending(level).is_some_and(|sending| sending < ON_TIME);
        let has_ended = self.hold.push(at_s, standing, groups, is_slow, is_early);
        if has_ended && let Some(lock) = &self.lock {
            let per_iteration: Vec<[f64; 2]> = lock.levels.per_iteration().collect();
            self.hold.settle_roles(&per_iteration, groups);
        }
        self.line.push(at_s, level, standing.between);
    }

    /// Takes over the steps that the loop has marked and gone on from.
    pub(super) fn update_marks(&mut self, steps: &StepClock) {
        let Some(newest) = steps.newest() else { return };
        if self.by_marks.is_none() {
            (self.by_marks, self.step) = (Some(Line::exact()), i64::MIN);
        }
        self.begin_clock(newest.1);
        if newest.0 < self.step {
            // The job went back to a checkpoint.
            (self.by_marks, self.step) = (Some(Line::exact()), i64::MIN);
        }
        for (step, start_ns) in steps.after(self.step).filter(|(step, _)| *step < newest.0) {
            let at_s = self.seconds(start_ns);
            self.step = step;
            self.by_marks.iter_mut().for_each(|line| line.push(at_s, step as f64, false));
        }
    }

    /// The line by marks where there are any, else the one by bytes.
    pub fn line(&self) -> &Line {
        self.by_marks.as_ref().unwrap_or(&self.line)
    }

    /// Since when the job is slower than usual, ns, and how.
    pub fn slow(&self) -> Option<(i64, Slow)> {
        let slow = self.line().slow()?;
        Some((self.ns(slow.since_s), slow))
    }

    /// The part of the step time lost from `from_ns` to `to_ns` against the usual pace before `before_ns`, and its standard error, by the
    /// bytes.
    pub fn lost_against(&self, before_ns: i64, from_ns: i64, to_ns: i64) -> Option<(f64, f64)> {
        self.lock.as_ref()?;
        self.line.lost_against(self.seconds(before_ns), self.seconds(from_ns), self.seconds(to_ns))
    }

    /// The part of the step time lost in each third of the time between two moments; `None` where any third holds too few
    /// iterations to tell.
    pub fn lost_in_thirds(&self, from_ns: i64, to_ns: i64) -> Option<[f64; 3]> {
        let (from_s, third_s) = (self.seconds(from_ns), (to_ns - from_ns) as f64 / 3e9);
        let lost = |third: f64| self.line().lost(from_s + third * third_s, from_s + (third + 1.0) * third_s);
        Some([lost(0.0)?.0, lost(1.0)?.0, lost(2.0)?.0])
    }

    /// The devices of the job's hosts, in the order in which everything else here knows the hosts.
    pub fn hosts(&self) -> impl Iterator<Item = DeviceId> + '_ {
        self.seats.iter().map(|seat| seat.device)
    }

    /// The hosts that wait for bytes of others before they begin, such as parents in a tree. Most jobs have none.
    pub fn waiting_hosts(&self) -> BTreeSet<DeviceId> {
        if self.hold.all_begin_at_once() {
            return BTreeSet::new();
        }
        self.hosts().enumerate().filter(|(seat, _)| !self.hold.is_free(*seat)).map(|(_, host)| host).collect()
    }

    /// The stand of the job and the longest one that it has come out of, s, where the levels of its bytes are known. `None` too while the
    /// job has not stood between two collectives for [`line::HELD`] iterations: its anchors may have slipped.
    pub fn still(&self) -> Option<(&Still, f64)> {
        let still = self.stand.now().filter(|_| self.is_locked())?;
        let lowest = still.sent.iter().copied().fold(f64::INFINITY, f64::min);
        (lowest - self.level <= line::HELD).then_some((still, self.stand.longest_s()))
    }

    /// The reading at which the job came to where it stands, however short it has stood there; `None` while its iterations are not known.
    pub fn moved_ns(&self) -> Option<i64> {
        self.stand.now().map(|still| self.ns(still.since_s))
    }

    /// The bytes that each host sends and receives in an iteration; none while these are not known.
    pub fn bytes(&self) -> Vec<[f64; 2]> {
        self.lock.as_ref().map_or_else(Vec::new, |lock| lock.levels.per_iteration().collect())
    }

    pub fn hold(&self) -> &Hold {
        &self.hold
    }

    /// The bytes of an iteration are known, and the readings of late stand at its levels.
    pub fn is_locked(&self) -> bool {
        self.lock.as_ref().is_some_and(|lock| !lock.is_lost())
    }

    /// Why the bytes of an iteration are not known; `None` while they are.
    pub fn not_found(&self) -> Option<NotFound> {
        (!self.is_locked()).then_some(self.not_found)
    }

    /// The pace is not known because the readings come in step with the iterations, however long these are.
    pub fn is_in_step(&self) -> bool {
        self.line().pace().is_none() && self.not_found() == Some(NotFound::InStep)
    }

    fn begin_clock(&mut self, ts_ns: i64) {
        if self.origin_ns == 0 {
            self.origin_ns = ts_ns;
        }
    }

    /// The moment so many seconds after the origin.
    pub fn ns(&self, at_s: f64) -> i64 {
        self.origin_ns + (at_s * 1e9) as i64
    }

    fn seconds(&self, ts_ns: i64) -> f64 {
        (ts_ns - self.origin_ns) as f64 / 1e9
    }
}

impl Lock {
    fn watch(&mut self, standing: &Standing) {
        self.between = self.between << 1 | u64::from(standing.between);
        self.watched = (self.watched + 1).min(WATCHED);
    }

    fn is_lost(&self) -> bool {
        self.watched == WATCHED && self.between.count_ones() < LEAST_BETWEEN
    }

    /// Whether the lock is kept though others were found: the same bytes are, while they score half as well; other ones
    /// while they score as well, unless twice as many or more were found, of which the former may be a part.
    fn holds_against(&self, found: &Found) -> bool {
        let times = found.bytes / self.bytes;
        let is_same = (times - 1.0).abs() < SAME_BYTES && self.share() >= STILL_GOOD * found.score;
        is_same || (times < MULTIPLE - SAME_BYTES && self.share() >= hunt::AS_GOOD * found.score)
    }

    fn share(&self) -> f64 {
        f64::from(self.between.count_ones()) / f64::from(self.watched.max(1))
    }
}
