//! How far each job got, tick by tick, by the bytes of its training traffic and by the marks of its loop where it has any.
//!
//! A job sends the same bytes in every iteration, so that bytes a second tell iterations a second:
//!
//! ```text
//! step time lost  =  1 − bytes a second now / bytes a second before
//! ```
//! Example: a job of eight hosts sent 2.0 GB a second for three minutes and sends 1.5 GB a second since a link became slow.
//! It has lost 25 % of its step time. A single tick holds now more, now fewer iterations, so that stretches of several ticks
//! are compared. A checkpoint sends nothing for a while, so that the usual rate is a median and not a mean.

use super::Features;
use super::marked::Marked;
use super::notices::Notices;
use super::pace::{self, JobPace};
use super::steps::StepClock;
use crate::fabric::{Job, StepMark, Tick, is_time};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Ticks of progress kept: at 1 s a tick three minutes, which hold a checkpoint of a minute and still as much training on
/// either side of it.
const TICKS: usize = 180;
/// How far back a job's speed is compared with where troubles may follow each other: long enough for ten stretches of five
/// ticks that overlap, short enough to lie after the trouble before.
pub const SHORTLY_NS: i64 = 40_000_000_000;
/// Steps of marks kept a rank: twice the five that `detect/compute_time` compares, and two that ranks may be apart.
const STEPS: usize = 12;
/// Ranks whose marks are kept a job, more than the largest job known has (100,000). A job of more is judged by its bytes.
const MOST_RANKS: usize = 131_072;
/// Ticks of a stretch of the baseline: of 1 s, one iteration at least.
const BASELINE_TICKS: usize = 8;
/// Stretches that must be known before their spread is.
const LEAST_STRETCHES: usize = 10;
/// The part of a job's ports that must have told their bytes: of a baseline nearly all, of the rate now half.
const COVERED_BEFORE: f64 = 0.9;
const COVERED_NOW: f64 = 0.5;
/// Ticks that make a rate: fewer hold no whole iteration.
const LEAST_TICKS: usize = 3;
/// A tick of which less than this was told is not scaled up any further.
const LEAST_COVERAGE: f64 = 0.01;
/// A window of so many steps at least tells steps that were lost.
const LEAST_STEPS: f64 = 2.0;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct JobState {
    /// Tick by tick, oldest first.
    pub progress: VecDeque<Progress>,
    /// When each step began, by the first rank's mark of it.
    pub steps: StepClock,
    /// Compute phases by rank.
    pub ranks: BTreeMap<i32, RankMarks>,
    /// The end of the newest mark.
    pub marked_ns: i64,
    /// Whether it stands still by its marks.
    pub(super) marked: Marked,
    /// Iterations by its bytes, and who keeps whom waiting.
    pub pace: JobPace,
    /// Notifications of congestion that its hosts sent and acted on, where they count any.
    pub notices: Option<Box<Notices>>,
}

/// How much a job sent in one tick.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    pub start_ns: i64,
    pub length_ns: i64,
    pub bytes: f64,
    /// The part of the job's ports that told their bytes.
    pub coverage: f64,
}

/// Stretches of event time in which an incident cost a job step time. No baseline of the job may be taken from them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Disturbed {
    /// Half open, ns.
    pub spans: Vec<(i64, i64)>,
}

impl Disturbed {
    pub fn holds(&self, ts_ns: i64) -> bool {
        self.spans.iter().any(|&(from_ns, until_ns)| from_ns <= ts_ns && ts_ns < until_ns)
    }

    fn at(&self, progress: &Progress) -> bool {
        self.holds(progress.start_ns)
    }
}

/// The compute phases of one rank.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RankMarks {
    pub device: String,
    /// The number of the step, and when its computing began and ended; oldest first.
    pub compute: VecDeque<(i64, i64, i64)>,
}

impl JobState {
    pub fn add_progress(&mut self, progress: Progress) {
        if self.progress.len() >= TICKS {
            self.progress.pop_front();
        }
        self.progress.push_back(progress);
    }

    pub fn add_mark(&mut self, mark: &StepMark) {
        self.steps.add(mark.step, mark.start_ns);
        self.marked_ns = self.marked_ns.max(mark.end_ns);
        let is_known = self.ranks.contains_key(&mark.rank);
        let is_compute = mark.phase == "compute" && mark.end_ns > mark.start_ns;
        if is_compute && (is_known || self.ranks.len() < MOST_RANKS) {
            self.ranks.entry(mark.rank).or_default().add(mark);
        }
    }

    /// The usual bytes a second of undisturbed training before a moment: the median over its stretches. `None` before there
    /// is any.
    pub fn baseline(&self, onset_ns: i64, disturbed: &Disturbed) -> Option<f64> {
        let is_before = |p: &&Progress| p.start_ns + p.length_ns <= onset_ns;
        let is_sound = |p: &&Progress| !disturbed.at(p) && p.coverage > COVERED_BEFORE;
        let means = stretches(self.progress.iter().filter(is_sound).filter(is_before), BASELINE_TICKS);
        means.get(means.len() / 2).copied().filter(|&rate| rate > 0.0)
    }

    /// By what part the job is slower between two moments than shortly before the first; `None` while that is within what
    /// stretches of the same length differ by. How much they differ is taken from the faster half of them, for a checkpoint
    /// makes slow ones:
    ///
    /// ```text
    /// slower, if   rate now  <  median − (highest − median)
    /// ```
    /// Ticks before are compared that were as disturbed by incidents as the last of them.
    pub fn slowed(&self, from_ns: i64, to_ns: i64, disturbed: &Disturbed) -> Option<f64> {
        let mut before: Vec<&Progress> = self.progress.iter().filter(|p| p.start_ns + p.length_ns <= from_ns).collect();
        let last = *before.last()?;
        before.retain(|p| p.coverage > COVERED_BEFORE && disturbed.at(p) == disturbed.at(last));
        let recent = before.len().saturating_sub((SHORTLY_NS / last.length_ns) as usize);
        let ticks = ((to_ns - from_ns) / last.length_ns).max(1) as usize;
        let means = stretches(before[recent..].iter().copied(), ticks);
        let (median, high) = ((means.get(means.len() / 2)? + means[(means.len() - 1) / 2]) / 2.0, means.last()?);
        let now = self.rate_between(from_ns, to_ns)?;
        (means.len() >= LEAST_STRETCHES && now < 2.0 * median - high).then_some(1.0 - now / median)
    }

    /// Bytes a second between two moments, by the ticks whose middle lies there; `None` when they are too few.
    pub fn rate_between(&self, from_ns: i64, to_ns: i64) -> Option<f64> {
        let is_within = |p: &&Progress| (from_ns..to_ns).contains(&(p.start_ns + p.length_ns / 2));
        let covered = self.progress.iter().filter(|p| p.coverage > COVERED_NOW);
        let ticks: Vec<&Progress> = covered.filter(is_within).collect();
        (ticks.len() >= LEAST_TICKS).then(|| rate(&ticks))
    }

    /// The part of the step time that was lost between two moments, against undisturbed running before the first: by the
    /// loop's own steps where the loop marks them, else by iterations that its bytes show, else by the bytes alone.
    pub fn lost(&self, from_ns: i64, to_ns: i64, disturbed: &Disturbed) -> Option<f64> {
        self.lost_against(from_ns, from_ns, to_ns, disturbed)
    }

    /// The same, against running before `before_ns`: of a job that has been slow since then, running just before `from_ns` is slow too.
    pub fn lost_against(&self, before_ns: i64, from_ns: i64, to_ns: i64, disturbed: &Disturbed) -> Option<f64> {
        self.lost_steps(before_ns, from_ns, to_ns, disturbed)
            .or_else(|| self.lost_iterations(before_ns, from_ns, to_ns))
            .or_else(|| self.lost_bytes(before_ns, from_ns, to_ns, disturbed))
    }

    /// The last moment at which the job is known to have moved, by its bytes or its marks.
    pub(super) fn moved_ns(&self) -> Option<i64> {
        let by_marks = (self.marked_ns > 0).then_some(self.marked_ns);
        self.pace.moved_ns().max(by_marks)
    }

    /// The median length of the loop's last steps; `None` without marks, for bytes alone show phases and not steps.
    pub fn step_ns(&self) -> Option<f64> {
        self.steps.usual_ns(|_| true)
    }

    /// How many steps were marked of late.
    pub fn steps_known(&self) -> usize {
        self.steps.len()
    }

    /// By the pace, where that is known to within what is worth a word.
    fn lost_iterations(&self, before_ns: i64, from_ns: i64, to_ns: i64) -> Option<f64> {
        let (lost, error) = self.pace.lost_against(before_ns, from_ns, to_ns)?;
        (error < pace::LEAST).then_some(lost)
    }

    fn lost_bytes(&self, before_ns: i64, from_ns: i64, to_ns: i64, disturbed: &Disturbed) -> Option<f64> {
        let (base, now) = (self.baseline(before_ns, disturbed)?, self.rate_between(from_ns, to_ns)?);
        Some((1.0 - now / base).clamp(0.0, 1.0))
    }

    fn lost_steps(&self, before_ns: i64, from_ns: i64, to_ns: i64, disturbed: &Disturbed) -> Option<f64> {
        let usual_ns = self.steps.usual_ns(|start_ns| start_ns < before_ns && !disturbed.holds(start_ns))?;
        let steps = self.steps.at(to_ns, usual_ns)? - self.steps.at(from_ns, usual_ns)?;
        let window_ns = (to_ns - from_ns) as f64;
        (window_ns >= LEAST_STEPS * usual_ns).then(|| (1.0 - steps * usual_ns / window_ns).clamp(0.0, 1.0))
    }
}

impl RankMarks {
    fn add(&mut self, mark: &StepMark) {
        self.device.clone_from(&mark.device);
        if self.compute.back().is_some_and(|&(step, ..)| step >= mark.step) {
            self.compute.retain(|&(step, ..)| step < mark.step); // the job went back to a checkpoint
        }
        if self.compute.len() >= STEPS {
            self.compute.pop_front();
        }
        self.compute.push_back((mark.step, mark.start_ns, mark.end_ns));
    }
}

/// Bytes a second over every so many ticks in a row, the lowest first.
fn stretches<'a>(progress: impl Iterator<Item = &'a Progress>, ticks: usize) -> Vec<f64> {
    let progress: Vec<&Progress> = progress.collect();
    let mut rates: Vec<f64> = progress.windows(ticks).map(rate).collect();
    rates.sort_by(f64::total_cmp);
    rates
}

/// Bytes a second. What the ports that told nothing sent is taken to be as much as the others sent.
fn rate(ticks: &[&Progress]) -> f64 {
    let add = |(bytes, ns): (f64, f64), p: &&Progress| {
        (bytes + p.bytes / p.coverage.max(LEAST_COVERAGE), ns + p.length_ns as f64)
    };
    let (bytes, ns) = ticks.iter().fold((0.0, 0.0), add);
    bytes * 1e9 / ns
}

impl Features {
    pub(super) fn update_jobs(&mut self, tick: &Tick) {
        self.size = self.ports.len();
        for job in 0..self.topology.jobs.len() {
            let (ports, progress) = self.progress(&self.topology.jobs[job], tick);
            let state = &mut self.jobs[job];
            self.size += ports + self.topology.jobs[job].devices.len() + state.ranks.len();
            progress.into_iter().for_each(|progress| state.add_progress(progress));
        }
        for mark in tick.steps.iter().filter(|mark| is_time(mark.start_ns) && is_time(mark.end_ns)) {
            if let Some(job) = self.topology.jobs.iter().position(|job| job.name == mark.job) {
                self.jobs[job].add_mark(mark);
            }
        }
        let interval_ns = self.tick_ns.max(self.bin_ns);
        for job in &mut self.jobs {
            job.pace.update_marks(&job.steps);
            job.update_marked(self.now_ns, interval_ns);
        }
    }

    /// How many ports a job has, and what they sent in a tick; `None` when no port told its bytes. A port whose readings are
    /// not a tick apart counts by its rate.
    fn progress(&self, job: &Job, tick: &Tick) -> (usize, Option<Progress>) {
        let (mut bytes, mut told, mut ports) = (0.0, 0_usize, 0_usize);
        for port in self.topology.job_ports(job) {
            ports += 1;
            let moved = self.ports[port].moved(tick.index);
            if let Some((sent, length_ns)) = moved.and_then(|moved| Some((moved.sent?, moved.length_ns))) {
                bytes += sent.max(0) as f64 * self.tick_ns as f64 / length_ns as f64;
                told += 1;
            }
        }
        let coverage = told as f64 / ports as f64;
        let progress = Progress { start_ns: tick.start_ns, length_ns: self.tick_ns, bytes, coverage };
        (ports, (told > 0).then_some(progress))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    /// A tick a second, of the bytes given.
    fn job(bytes: impl IntoIterator<Item = f64>) -> JobState {
        let mut job = JobState::default();
        for (i, bytes) in bytes.into_iter().enumerate() {
            let start_ns = i as i64 * SECOND;
            job.add_progress(Progress { start_ns, length_ns: SECOND, bytes, coverage: 1.0 });
        }
        job
    }

    #[test]
    fn a_job_is_slower_when_it_does_less_than_its_stretches_differ_by() {
        let iterations = |i: i64| [0.5, 1.5, 1.2, 0.8][i as usize % 4];
        let slowed = |by: f64| {
            let now = (0..8).map(|i| iterations(i) * by);
            job((0..60).map(iterations).chain(now)).slowed(60 * SECOND, 68 * SECOND, &Disturbed::default())
        };
        assert_eq!(slowed(1.0), None);
        assert!(slowed(0.8).is_some_and(|by| (by - 0.2).abs() < 0.02));
    }

    #[test]
    fn long_iterations_and_a_checkpoint_before_do_not_deceive() {
        // Ten seconds an iteration, half of them sending: five ticks may hold all or nothing.
        let long = (0..80).map(|i| if i % 10 < 5 { 2.0 } else { 0.0 });
        assert_eq!(job(long).slowed(75 * SECOND, 80 * SECOND, &Disturbed::default()), None);
        let checkpoint = (0..60).map(|i| if (40..46).contains(&i) { 0.0 } else { 1.0 + (i % 2) as f64 * 0.1 });
        let slowed = job(checkpoint.chain((0..6).map(|_| 0.7))).slowed(60 * SECOND, 66 * SECOND, &Disturbed::default());
        assert!(slowed.is_some_and(|by| (by - 0.33).abs() < 0.05), "{slowed:?}");
    }
}
