//! How fast a job goes: iterations over time as a line that may bend, with pauses taken off the clock.
//!
//! ```text
//! iterations │                    ╱╱ usual: the best pace that was held for 16 iterations
//!            │               ___╱╱                  loss = 1 − pace now / usual pace
//!            │          _╱‾‾  ↑ bend: slower since here
//!            │   ______╱
//!            │  ╱  ↑ pause (checkpoint): longer than an iteration, and not in each: off the clock
//!            └────────────────────── time
//! ```
//! **Phase.** A reading within a collective stands at a fraction of the iteration's bytes, not of its time. Readings fall evenly
//! into time, so that the share of readings that stand at or below a level is the share of the iteration's time: the rank of
//! the fraction among those of the last 256 readings is the phase. A reading between two collectives may be anywhere there, and
//! weighs less.
//!
//! **Bend.** At each of nine widths the slope of the last readings is compared with that of the segment before. How much slopes
//! of that width differ by chance is what they differed by so far (but for the newest readings, which are judged), where enough
//! is known; else what the phases and steps that jitter by 2 % make of it.
//!
//! With step marks the line goes through the starts of steps, which are exact.

use super::levels::WIDTH;
use super::window::KEEP;
use crate::statistics::{Point, bend, median, slope, student_t};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The least change of pace that is worth a word, as a part of the step time.
pub const LEAST: f64 = 0.03;
/// Readings over which slopes are compared: each half as long again as the one before, for a change of any size has a width
/// near it.
const WIDTHS: [usize; 9] = [4, 6, 8, 12, 16, 24, 32, 48, 64];
/// The widths, from the first, of which [`KEEP`] slopes hold [`LEAST_WINDOWS`] windows of their own, less the newest two.
const KNOWN: usize = 6;
const LEAST_WINDOWS: f64 = 8.0;
/// Widths of the newest slopes that are judged, and hence say nothing of what is usual.
const JUDGED: usize = 2;
/// Chance of a bend where there is none: one in as many slopes as a job makes in a day. A bend accuses nobody by itself.
const CHANCE: f64 = 1e-5;
/// Readings of a segment before the newest ones, at least.
const LEAST_BEFORE: usize = 8;
/// Readings before anything is said of the pace.
const LEAST_READINGS: usize = 24;
/// Readings at either end of a line in which no bend is looked for, and how far back before a bend its first line is fitted.
const NO_BEND: usize = 6;
const BEFORE_BEND: usize = 64;
/// Readings an iteration that are kept: more tell no more.
const READINGS_AN_ITERATION: f64 = 4.0;
/// Error of the phase of a reading within a collective, and of a mark, in iterations.
const JITTER: f64 = 0.05;
const MARK_JITTER: f64 = 0.02;
/// Steps differ by 2 % at least, of which neighbours share a little: the variance of the mean of n steps is 1.2 · 0.02² / n.
const STEP_VARIANCE: f64 = 1.2 * 0.02 * 0.02;
/// Degrees of freedom where the noise comes from least squares.
const FITTED_DEGREES: f64 = 30.0;
/// The least noise of a slope that is believed.
const LEAST_NOISE: f64 = 0.003;
/// The median of absolute values of a normal variable, times this, is its standard deviation.
const MAD_TO_SIGMA: f64 = 1.4826;
/// A pace is usual that was held for so many iterations.
pub const HELD: f64 = 16.0;
/// A stand that is longer than an iteration and comes again within so many is no pause but how the job goes now.
const PAUSE_APART: f64 = 5.0;
/// Of what the job loses now, what it must have lost before a bend for it to be the same slowing.
const SAME_SLOWING: f64 = 0.5;
/// Segments that are remembered.
const SEGMENTS: usize = 16;
/// Readings and iterations from which the pace between two moments is told.
const LEAST_BETWEEN: usize = 6;
const LEAST_ITERATIONS: f64 = 4.0;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Line {
    /// By marks: values are numbers of steps, and no phases.
    exact: bool,
    readings: VecDeque<Reading>,
    segments: VecDeque<Segment>,
    /// How slopes of each of the first widths differed from the segment before them, as a part of it.
    noise: [VecDeque<f32>; KNOWN],
    last: Option<Reading>,
    /// How long the job has stood between collectives up to now, and all pauses so far, s.
    stood_s: f64,
    paused_s: f64,
    /// The level of the last pause.
    paused_at: f64,
}

/// A level at a time, s since the line's origin, and pauses before it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Reading {
    at_s: f64,
    paused_s: f64,
    level: f64,
}

/// A stretch of one pace, in iterations a second.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Segment {
    /// Number of its first reading among those kept.
    first: usize,
    since_s: f64,
    pace: f64,
    /// Iterations that it lasted; known when the next one begins.
    held: f64,
}

/// A job that has become slower, and since when, s.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slow {
    pub since_s: f64,
    /// The part of the step time that is lost against the usual pace.
    pub loss: f64,
    /// The usual length of an iteration, s.
    pub usual_s: f64,
}

impl Line {
    /// A line through marks of steps.
    pub fn exact() -> Line {
        Line { exact: true, ..Line::default() }
    }

    /// Takes in the job's mean level. `between`: most hosts stand at one level.
    pub fn push(&mut self, at_s: f64, level: f64, between: bool) {
        let pace = self.pace().unwrap_or(0.0);
        let now = Reading { at_s, paused_s: self.paused_s, level };
        if let Some(last) = self.last {
            if between && (level - last.level).abs() < WIDTH && pace > 0.0 {
                self.stood_s += at_s - last.at_s;
                self.last = Some(now);
                return; // nothing is known before it goes on
            }
            let step_s = if self.exact && level > last.level { (at_s - last.at_s) / (level - last.level) } else { 0.0 };
            let stood_s = self.stood_s.max(step_s - if pace > 0.0 { 1.0 / pace } else { f64::INFINITY });
            if stood_s * pace > 1.0 && level - self.paused_at > PAUSE_APART {
                self.paused_s += stood_s;
                self.paused_at = level;
            }
            self.stood_s = 0.0;
        }
        let now = Reading { paused_s: self.paused_s, ..now };
        self.last = Some(now);
        let is_soon = |kept: &Reading| (now.trained_s() - kept.trained_s()) * pace < 1.0 / READINGS_AN_ITERATION;
        if pace > 0.0 && !self.exact && self.readings.back().is_some_and(is_soon) {
            return;
        }
        self.keep(now);
        if self.readings.len() >= LEAST_READINGS {
            self.judge();
        }
    }

    fn keep(&mut self, reading: Reading) {
        self.readings.push_back(reading);
        if self.readings.len() > KEEP {
            self.readings.pop_front();
            self.segments.iter_mut().for_each(|segment| segment.first = segment.first.saturating_sub(1));
        }
    }

    /// Looks for a bend, and brings the pace of the last segment up to date.
    fn judge(&mut self) {
        let points = self.points();
        if self.segments.is_empty() {
            let since_s = self.readings[0].at_s;
            self.segments.push_back(Segment { first: 0, since_s, pace: slope(&points).0, held: 0.0 });
        }
        let mut best: Option<(f64, usize, f64)> = None;
        let (first, end) = (self.first(), points.len());
        for (at, width) in WIDTHS.into_iter().enumerate() {
            if end < width + first + LEAST_BEFORE {
                break;
            }
            let (before, now) = (slope(&points[first..end - width]).0, slope(&points[end - width..]).0);
            let change = (now - before) / before;
            let (noise, degrees) = self.noise(at, &points[end - width..]);
            let far = change.abs() / (noise * (1.0 + width as f64 / (end - width - first) as f64).sqrt());
            let is_bend = change.abs() >= LEAST && far > student_t(CHANCE, degrees);
            if is_bend && best.is_none_or(|(most, ..)| far > most) {
                best = Some((far, width, before));
            }
            if at < KNOWN {
                remember(&mut self.noise[at], change as f32);
            }
        }
        if let Some((_, width, before)) = best {
            self.bend(&points, width, before);
        }
        let pace = slope(&points[self.first()..]).0;
        if let Some(segment) = self.segments.back_mut() {
            segment.pace = pace;
        }
    }

    fn first(&self) -> usize {
        self.segments.back().map_or(0, |segment| segment.first)
    }

    /// The phases of the readings that are kept, over the time trained.
    fn points(&self) -> Vec<Point> {
        let point = |reading: &Reading, value: f64, error: f64| Point {
            at: reading.trained_s(),
            value,
            weight: 1.0 / (error * error),
        };
        if self.exact {
            return self.readings.iter().map(|r| point(r, r.level, MARK_JITTER)).collect();
        }
        let whole = |level: f64| (level + WIDTH).floor();
        let fraction = |r: &Reading| (r.level - whole(r.level)).max(0.0);
        let mut sorted: Vec<f64> = self.readings.iter().map(fraction).collect();
        sorted.sort_by(f64::total_cmp);
        let share = |fraction: f64| sorted.partition_point(|&other| other <= fraction) as f64 / sorted.len() as f64;
        let between = sorted.partition_point(|&fraction| fraction < WIDTH) as f64 / sorted.len() as f64;
        let phase = |r: &Reading| match fraction(r) {
            own if own < WIDTH => point(r, whole(r.level) + between / 2.0, JITTER.max(between / 12.0_f64.sqrt())),
            own => point(r, whole(r.level) + share(own).max(between), JITTER),
        };
        self.readings.iter().map(phase).collect()
    }

    /// How much the slope of so many readings differs by chance, as a part of it, and with how many degrees of freedom that
    /// is known.
    fn noise(&self, at: usize, newest: &[Point]) -> (f64, f64) {
        let width = WIDTHS[at];
        let known = self.noise.get(at).map_or(0, |noise| (noise.len() + 1).saturating_sub(JUDGED * width));
        let windows = known as f64 / width as f64;
        if windows >= LEAST_WINDOWS {
            let mut sizes: Vec<f64> = self.noise[at].iter().take(known).map(|change| f64::from(change.abs())).collect();
            return ((MAD_TO_SIGMA * median(&mut sizes)).max(LEAST_NOISE), windows - 1.0);
        }
        (self.fitted_noise(newest, self.pace().unwrap_or(0.0)), FITTED_DEGREES)
    }

    /// For what part of an iteration the job has been sending when it stands at this level, by its usual pace:
    ///
    /// ```text
    /// its part of the iteration's bytes · the part of the readings that stand within a collective
    /// ```
    /// Readings since it became slow do not count. `None` while those before are few. Example: hosts have sent a tenth, and 40 % of
    /// the readings fall into collectives: the job has been sending for 4 % of an iteration.
    pub fn sending(&self, level: f64) -> Option<f64> {
        let part = |level: f64| level - (level + WIDTH).floor();
        let until_s = self.slow().map_or(f64::INFINITY, |slow| slow.since_s);
        let before = self.readings.iter().take_while(|reading| reading.at_s < until_s);
        let add =
            |(all, within): (usize, usize), own: &Reading| (all + 1, within + usize::from(part(own.level) >= WIDTH));
        let (all, within) = before.fold((0, 0), add);
        (all >= LEAST_READINGS).then(|| part(level).max(0.0) * within as f64 / all as f64)
    }

    /// The same from the errors of the phases and the jitter of steps.
    fn fitted_noise(&self, points: &[Point], pace: f64) -> f64 {
        let (_, variance) = slope(points);
        let iterations = points.first().zip(points.last()).map_or(0.0, |(first, last)| (last.at - first.at) * pace);
        (variance / (pace * pace) + STEP_VARIANCE / iterations.max(1.0)).sqrt()
    }

    /// A new segment begins where two lines fit best.
    fn bend(&mut self, points: &[Point], width: usize, before: f64) {
        let first = self.first();
        let from = (first + NO_BEND).max(points.len().saturating_sub(2 * width));
        let start = first.max(from.saturating_sub(BEFORE_BEND));
        let at = bend(&points[start..], before, from - start, 2).map_or(points.len() - width, |at| start + at);
        let held_s = points[at - 1].at - points[first].at;
        if let Some(segment) = self.segments.back_mut() {
            (segment.pace, segment.held) = (before, held_s * before);
        }
        let since_s = self.readings[at - 1].at_s;
        self.segments.push_back(Segment { first: at, since_s, pace: before, held: 0.0 });
        if self.segments.len() > SEGMENTS {
            self.segments.pop_front();
        }
    }

    /// Iterations a second now; `None` while too little is known.
    pub fn pace(&self) -> Option<f64> {
        self.segments.back().map(|segment| segment.pace).filter(|&pace| pace > 0.0)
    }

    /// The pace that the job is compared with: what it usually does, or does now where that is faster or nothing else is known.
    pub fn usual_pace(&self) -> Option<f64> {
        Some(self.pace()?.max(self.usual().unwrap_or(0.0)))
    }

    /// How many iterations had been done at the last reading.
    pub fn level(&self) -> Option<f64> {
        self.last.map(|last| last.level)
    }

    /// What the job does when nothing is the matter: the best pace that it held for a while before the present one.
    fn usual(&self) -> Option<f64> {
        let before = self.segments.iter().rev().skip(1).filter(|segment| segment.held >= HELD);
        before.map(|segment| segment.pace).max_by(f64::total_cmp)
    }

    /// Whether the job is slower than usual by as much as is worth a word.
    pub fn slow(&self) -> Option<Slow> {
        let usual = self.usual()?;
        let loss = 1.0 - self.segments.back()?.pace / usual;
        // Where the line bends once more, and the job was slow by half as much before, it is one slowing that is seen better.
        let mut same =
            self.segments.iter().rev().take_while(|segment| 1.0 - segment.pace / usual >= loss * SAME_SLOWING);
        let since_s = same.by_ref().last()?.since_s;
        (loss >= LEAST).then_some(Slow { since_s, loss, usual_s: 1.0 / usual })
    }

    /// The part of the step time that was lost between two moments, against the usual pace before the first, and its
    /// standard error. `None` where too little is known of either.
    ///
    /// The iterations between the two moments count, and no slope: a link that flaps stops the job again and again.
    pub fn lost(&self, from_s: f64, to_s: f64) -> Option<(f64, f64)> {
        self.lost_against(from_s, from_s, to_s)
    }

    /// The same, against the usual pace before `before_s`, which is no later than `from_s`.
    pub fn lost_against(&self, before_s: f64, from_s: f64, to_s: f64) -> Option<(f64, f64)> {
        let points = self.points();
        let [from, to] = [from_s, to_s].map(|moment_s| self.after(moment_s));
        let ((start, start_s, error), (end, end_s, end_error)) = (self.at(&points, from_s)?, self.at(&points, to_s)?);
        // A job that never paused before does not begin to by itself: what it stands still meanwhile is lost.
        let never_paused = self.readings.get(from)?.paused_s == self.readings.front()?.paused_s;
        let length_s = if never_paused { to_s.min(self.readings.back()?.at_s) - from_s } else { end_s - start_s };
        let iterations = end - start;
        if to < from + LEAST_BETWEEN || iterations < LEAST_ITERATIONS {
            return None;
        }
        let error = (error * error + end_error * end_error + STEP_VARIANCE * iterations).sqrt() / iterations;
        let (usual, usual_error) = self.usual_before(&points[..self.after(before_s)], before_s)?;
        let kept = iterations / length_s / usual;
        Some(((1.0 - kept).clamp(0.0, 1.0), kept * error.hypot(usual_error)))
    }

    /// The best pace that was held for a while and began before a moment; else that of the readings since the last bend before
    /// it. With its error, as a part of it.
    fn usual_before(&self, points: &[Point], from_s: f64) -> Option<(f64, f64)> {
        let before = || self.segments.iter().rev().filter(|segment| segment.since_s < from_s);
        let held = before().filter(|segment| segment.held >= HELD).map(|segment| segment.pace).max_by(f64::total_cmp);
        let just_before = || {
            let points = points.get(before().next()?.first..)?;
            let (pace, _) = slope(points);
            let length_s = points.last()?.at - points.first()?.at;
            (length_s * pace >= HELD).then(|| (pace, self.fitted_noise(points, pace)))
        };
        held.map(|pace| (pace, 0.0)).or_else(just_before)
    }

    /// The number of readings up to a moment.
    fn after(&self, moment_s: f64) -> usize {
        self.readings.partition_point(|reading| reading.at_s <= moment_s)
    }

    /// The phase at a moment, the time trained by then, and the phase's error, by the readings on either side.
    fn at(&self, points: &[Point], moment_s: f64) -> Option<(f64, f64, f64)> {
        let next = self.after(moment_s);
        let before = points.get(next.checked_sub(1)?)?;
        let error = (1.0 / before.weight).sqrt();
        let Some((after, reading)) = points.get(next).zip(self.readings.get(next)) else {
            return Some((before.value, before.at, error));
        };
        let since_s = moment_s - self.readings[next - 1].at_s;
        let part = since_s / (reading.at_s - self.readings[next - 1].at_s);
        let between = |of: fn(&Point) -> f64| of(before) + part * (of(after) - of(before));
        Some((between(|point| point.value), between(|point| point.at), error))
    }
}

impl Reading {
    /// The time without the pauses before.
    fn trained_s(&self) -> f64 {
        self.at_s - self.paused_s
    }
}

fn remember(noise: &mut VecDeque<f32>, change: f32) {
    if noise.len() >= KEEP {
        noise.pop_front();
    }
    noise.push_back(change);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A job read once a second: iterations of 1.6 s, 0.96 s of each between collectives, `slower` by this part of the step
    /// time from second 120 on, which lengthens the time between. `pause`: none, or its second and length.
    fn line(slower: f64, pause: Option<(f64, f64)>, seconds: u32) -> Line {
        let mut line = Line::default();
        let (mut at_s, mut level, mut next) = (0.0, 0.0, 0.5);
        while at_s < f64::from(seconds) {
            // Steps differ by up to ±3 %.
            let jitter = 1.0 + 0.03 * (f64::sin(level * 12.9898) * 43_758.545).fract();
            let lost = if at_s >= 120.0 { 1.6 * slower / (1.0 - slower) } else { 0.0 };
            let paused = pause.filter(|(from, _)| (at_s..at_s + 1.6).contains(from)).map_or(0.0, |(_, length)| length);
            let (still, moving) = (0.96 * jitter + lost + paused, 0.64);
            while next < at_s + still + moving {
                let within = ((next - at_s - still) / moving).max(0.0);
                line.push(next, level + within, within == 0.0);
                next += 1.0;
            }
            (at_s, level) = (at_s + still + moving, level + 1.0);
        }
        line
    }

    #[test]
    fn a_slower_job_is_seen_with_its_time_and_its_loss() {
        for loss in [0.06, 0.12, 0.25] {
            let slow = line(loss, None, 200).slow().expect("80 s are enough");
            assert!((slow.loss - loss).abs() < 0.015, "{loss}: {slow:?}");
            assert!((slow.since_s - 120.0).abs() < 10.0 && (slow.usual_s - 1.6).abs() < 0.03, "{loss}: {slow:?}");
        }
        assert_eq!(line(0.0, None, 300).slow(), None);
    }

    #[test]
    fn a_pause_is_off_the_clock() {
        let paused = line(0.0, Some((120.0, 20.0)), 260);
        assert_eq!(paused.slow(), None);
        assert!((paused.paused_s - 21.0).abs() < 2.0, "{}", paused.paused_s);
    }

    #[test]
    fn the_loss_between_two_moments_is_told_with_its_error() {
        let line = line(0.12, None, 200);
        let (lost, error) = line.lost(121.0, 199.0).expect("known");
        assert!((lost - 0.12).abs() < 2.0 * error.max(0.005) && error < 0.02, "{lost} {error}");
        let (none, _) = line.lost(60.0, 110.0).expect("known");
        assert!(none < 0.02, "{none}");
        let (late, error) = line.lost_against(121.0, 170.0, 199.0).expect("known");
        assert!((late - 0.12).abs() < 2.0 * error.max(0.01), "{late} {error}");
        assert_eq!(line.lost(195.0, 199.0), None, "too short");
    }

    #[test]
    fn marks_are_exact() {
        let mut line = Line::exact();
        for step in 0..100 {
            let lost = f64::from((step - 60).max(0)) * 0.1;
            let checkpoint = if step > 40 { 30.0 } else { 0.0 };
            line.push(f64::from(step) * 2.0 + lost + checkpoint, f64::from(step), false);
        }
        let slow = line.slow().expect("slower by a tenth of a second");
        assert!((slow.loss - 0.1 / 2.1).abs() < 0.002 && (slow.since_s - 150.0).abs() < 5.0, "{slow:?}");
    }
}
