//! How far each job got, tick by tick: bytes of training traffic, and the marks of its loop where there are any.

use crate::fabric::StepMark;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Ticks of progress kept.
const TICKS: usize = 180;
/// What a job's speed is compared with where troubles may follow each other.
pub const SHORTLY_NS: i64 = 40_000_000_000;
/// Steps of marks kept a rank.
const STEPS: usize = 12;
/// Ranks whose marks are kept a job; more are counted by the job's own bytes alone.
const MAX_RANKS: usize = 131_072;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct JobState {
    /// Tick by tick, oldest first.
    pub progress: VecDeque<Progress>,
    /// When each step began: the first rank's mark of it.
    pub steps: StepClock,
    /// Compute phases by rank.
    pub ranks: BTreeMap<i32, RankMarks>,
    /// When the marks last told anything.
    pub marked_ns: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    pub start_ns: i64,
    pub length_ns: i64,
    pub bytes: f64,
    /// Fraction of the job's ports that told their bytes.
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

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RankMarks {
    pub device: String,
    /// (step, start of compute, end of compute), oldest first.
    pub compute: VecDeque<(i64, i64, i64)>,
}

impl JobState {
    pub fn tell_progress(&mut self, progress: Progress) {
        if self.progress.len() >= TICKS {
            self.progress.pop_front();
        }
        self.progress.push_back(progress);
    }

    pub fn tell_mark(&mut self, mark: &StepMark) {
        self.steps.tell(mark.step, mark.start_ns);
        self.marked_ns = self.marked_ns.max(mark.end_ns);
        if mark.phase != "compute" || mark.end_ns <= mark.start_ns {
            return;
        }
        if !self.ranks.contains_key(&mark.rank) && self.ranks.len() >= MAX_RANKS {
            return;
        }
        let rank = self.ranks.entry(mark.rank).or_default();
        rank.device.clone_from(&mark.device);
        if rank.compute.back().is_some_and(|&(step, ..)| step >= mark.step) {
            rank.compute.retain(|&(step, ..)| step < mark.step); // the job restarted from a checkpoint
        }
        if rank.compute.len() >= STEPS {
            rank.compute.pop_front();
        }
        rank.compute.push_back((mark.step, mark.start_ns, mark.end_ns));
    }

    /// Bytes a second of undisturbed training before `onset_ns`: the median of 8-tick means, so that a checkpoint's
    /// silence does not count. `None` before there is enough of it.
    pub fn baseline(&self, onset_ns: i64, disturbed: &Disturbed) -> Option<f64> {
        let is_sound = |p: &&Progress| !disturbed.at(p) && p.coverage > 0.9 && p.start_ns + p.length_ns <= onset_ns;
        let means = stretches(self.progress.iter().filter(is_sound), 8);
        means.get(means.len() / 2).copied().filter(|&m| m > 0.0)
    }

    /// By what part it is slower in [from, to] than shortly before, in ticks as disturbed as the last one before; `None`
    /// while that is within what stretches as long differ by: a few ticks hold now more, now fewer iterations. Their spread
    /// is that of the faster ones, for a checkpoint makes slow ones.
    pub fn slowed(&self, from_ns: i64, to_ns: i64, disturbed: &Disturbed) -> Option<f64> {
        const STRETCHES: usize = 10;
        let mut before: Vec<&Progress> = self.progress.iter().filter(|p| p.start_ns + p.length_ns <= from_ns).collect();
        let last = *before.last()?;
        before.retain(|p| p.coverage > 0.9 && disturbed.at(p) == disturbed.at(last));
        let recent = before.len().saturating_sub((SHORTLY_NS / last.length_ns) as usize);
        let ticks = ((to_ns - from_ns) / last.length_ns).max(1) as usize;
        let means = stretches(before[recent..].iter().copied(), ticks);
        let (median, high) = ((means.get(means.len() / 2)? + means[(means.len() - 1) / 2]) / 2.0, means.last()?);
        let now = self.rate_between(from_ns, to_ns)?;
        (means.len() >= STRETCHES && now < 2.0 * median - high).then_some(1.0 - now / median)
    }

    /// Bytes a second in [from, to], by whole ticks; `None` when they are fewer than three or poorly covered.
    pub fn rate_between(&self, from_ns: i64, to_ns: i64) -> Option<f64> {
        let ticks: Vec<&Progress> = self
            .progress
            .iter()
            .filter(|p| {
                p.start_ns + p.length_ns / 2 >= from_ns && p.start_ns + p.length_ns / 2 < to_ns && p.coverage > 0.5
            })
            .collect();
        (ticks.len() >= 3).then(|| rate(&ticks))
    }

    /// Fraction of step time lost in [from, to] against undisturbed running before `from`. By the loop's own steps where
    /// it marks them; else by its bytes: they are constant an iteration, so bytes a second tell iterations a second.
    pub fn lost(&self, from_ns: i64, to_ns: i64, disturbed: &Disturbed) -> Option<f64> {
        self.lost_steps(from_ns, to_ns, disturbed).or_else(|| self.lost_bytes(from_ns, to_ns, disturbed))
    }

    /// Median length of the loop's last steps, ns; `None` without marks: bytes alone show phases, not steps.
    pub fn step_ns(&self) -> Option<f64> {
        self.steps.usual_ns(|_| true)
    }

    fn lost_bytes(&self, from_ns: i64, to_ns: i64, disturbed: &Disturbed) -> Option<f64> {
        let (base, now) = (self.baseline(from_ns, disturbed)?, self.rate_between(from_ns, to_ns)?);
        Some((1.0 - now / base).clamp(0.0, 1.0))
    }

    fn lost_steps(&self, from_ns: i64, to_ns: i64, disturbed: &Disturbed) -> Option<f64> {
        let ideal_ns = self.steps.usual_ns(|start_ns| start_ns < from_ns && !disturbed.holds(start_ns))?;
        let steps = self.steps.at(to_ns, ideal_ns)? - self.steps.at(from_ns, ideal_ns)?;
        let window_ns = (to_ns - from_ns) as f64;
        (window_ns >= 2.0 * ideal_ns).then(|| (1.0 - steps * ideal_ns / window_ns).clamp(0.0, 1.0))
    }
}

/// Starts of a job's steps, in order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StepClock {
    starts: VecDeque<(i64, i64)>,
}

impl StepClock {
    const STEPS: usize = 256;

    fn tell(&mut self, step: i64, start_ns: i64) {
        match self.starts.binary_search_by_key(&step, |s| s.0) {
            Ok(at) => self.starts[at].1 = self.starts[at].1.min(start_ns),
            Err(at) => self.starts.insert(at, (step, start_ns)),
        }
        // A step that begins before an earlier one: the job went back to a checkpoint, and counts from there.
        if let Some(back) = self.starts.iter().position(|s| s.0 > step && s.1 < start_ns) {
            self.starts.truncate(back);
        }
        while self.starts.len() > Self::STEPS {
            self.starts.pop_front();
        }
    }

    /// Median length of the steps whose start is wanted; `None` before there are eight.
    fn usual_ns(&self, wanted: impl Fn(i64) -> bool) -> Option<f64> {
        let pairs = self.starts.iter().zip(self.starts.iter().skip(1));
        let mut lengths: Vec<f64> = pairs
            .filter(|(a, b)| a.0.checked_add(1) == Some(b.0) && wanted(a.1) && wanted(b.1))
            .map(|(a, b)| (b.1 - a.1) as f64)
            .collect();
        lengths.sort_by(f64::total_cmp);
        (lengths.len() >= 8).then(|| lengths[lengths.len() / 2])
    }

    /// How many steps had been done at a moment, the running one by its share of the usual length.
    fn at(&self, ts_ns: i64, usual_ns: f64) -> Option<f64> {
        let after = self.starts.partition_point(|s| s.1 <= ts_ns);
        let (step, start_ns) = *self.starts.get(after.checked_sub(1)?)?;
        let share = match self.starts.get(after) {
            Some((_, next_ns)) => (ts_ns - start_ns) as f64 / (next_ns - start_ns) as f64,
            None => ((ts_ns - start_ns) as f64 / usual_ns).min(1.0),
        };
        Some(step as f64 + share)
    }
}

/// Bytes a second over every so many ticks in a row, the lowest first.
fn stretches<'a>(progress: impl Iterator<Item = &'a Progress>, ticks: usize) -> Vec<f64> {
    let told: Vec<&Progress> = progress.collect();
    let mut means: Vec<f64> = told.windows(ticks).map(rate).collect();
    means.sort_by(f64::total_cmp);
    means
}

fn rate(ticks: &[&Progress]) -> f64 {
    let (bytes, ns) =
        ticks.iter().fold((0.0, 0.0), |(b, n), p| (b + p.bytes / p.coverage.max(0.01), n + p.length_ns as f64));
    bytes * 1e9 / ns
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
            job.tell_progress(Progress { start_ns, length_ns: SECOND, bytes, coverage: 1.0 });
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
