//! The search for the bytes of an iteration, from the readings alone.
//!
//! In every reading between two collectives the bytes of the whole job stand at a multiple of the bytes of an iteration, plus a
//! constant. The comb (`statistics/comb.rs`) says at which periods they stand together; each of these is tried on the readings:
//!
//! ```text
//! score of a period  =  share of the readings in which most hosts stand at one level both ways
//! ```
//! A part of the true bytes scores as well as they do, and a multiple k of them scores 1/k. So the largest period is taken that
//! scores nearly as well as the best. Where the readings are in step with it (`spread.rs`), nothing is found, for that reason.

use super::aligned::Row;
use super::levels::{Atom, Levels, WIDTH};
use super::seats::LEAST_HOSTS;
use super::spread::is_in_step;
use crate::statistics::{resultant, teeth};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// Iterations in the readings at least: fewer show no period.
const LEAST_ITERATIONS: f64 = 5.0;
/// No iteration of training is shorter, s.
const SHORTEST_S: f64 = 0.4;
/// Steps of the comb in parts of one over the span: a tooth is as wide as one over the span.
const STEP: f64 = 0.25;
/// Frequencies beside a tooth that are tried, to either side of it one step of the comb.
const BESIDE: i32 = 10;
/// The comb ends here whatever the span: a window of 256 readings of a minute each, with iterations of 0.4 s, has no use of it.
const MOST_STEPS: usize = 8_192;
/// Periods that are tried, the longest first.
const MOST_TRIED: usize = 16;
/// Of the best score, what a longer period must reach: a multiple scores half or less, and a score of a half of 40 readings is
/// good to 0.08.
pub const AS_GOOD: f64 = 0.75;
/// The part of an iteration over which the readings must be spread. Twice the true bytes score the readings of one half of their
/// period: of readings spread evenly over a part c of it the fuller half holds ½ / c, which is less than [`AS_GOOD`] from c = ⅔ on; and
/// so it is for larger multiples. Of n readings with x iterations between two of them x is then ⅔ / n from the next whole number at
/// least: 1.7 % of 40 readings, 0.26 % of 256.
const SPREAD: f64 = 0.5 / AS_GOOD;
/// A period with a lower score is none.
const LEAST_SCORE: f64 = 0.1;
/// Readings apart from the first that stand at levels, at least.
const LEAST_OTHERS: usize = 3;
/// Of the hosts that have told anything, the part that must have told in every reading. Where they are fewer, because readings are
/// lost here and there, so many hosts are looked at that told most, in the readings in which all of these have told …
const TELLING: f64 = 0.7;
const FEW: usize = 6;
/// … of which this part must be left. Of 6 hosts of which each misses 3 in 100 readings, 83 in 100 are.
const LEFT: f64 = 0.6;
/// Readings that a score is counted over at least, so that two at the end of a window are no score of 1.
const LEAST_COUNTED: usize = 12;

/// What was found in a window of readings.
#[derive(Clone, Debug)]
pub struct Found {
    pub score: f64,
    /// Bytes that a host sends in an iteration, by the mean of the hosts.
    pub bytes: f64,
    pub atom: Atom,
}

/// Why the bytes of an iteration are not found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotFound {
    /// The readings show no levels.
    #[default]
    NoLevels,
    /// They show levels, and fall into so small a part of the iterations that any traffic would.
    InStep,
}

/// Looks for the bytes of an iteration in readings of these hosts.
pub fn search(rows: &[Row]) -> Result<Found, NotFound> {
    let telling = telling(rows);
    let told = |row: &Row| telling.iter().all(|&host| tells(row, host));
    let at: Vec<usize> = (0..rows.len()).filter(|&at| told(&rows[at])).collect();
    if telling.is_empty() || (at.len() as f64) < LEFT * rows.len() as f64 {
        return Err(NotFound::NoLevels);
    }
    let sum = |row: &Row| telling.iter().map(|&host| row.sent[host]).sum::<f64>();
    let points: Vec<f64> = at.iter().map(|&at| sum(&rows[at])).collect();
    let points: Vec<f64> = points.iter().map(|sent| sent - points[0]).collect();
    let found = best(rows, &at, &points, telling.len()).ok_or(NotFound::NoLevels)?;
    let moments_s: Vec<f64> = at.iter().map(|&at| (rows[at].ts_ns - rows[0].ts_ns) as f64 / 1e9).collect();
    let iterations: Vec<f64> = points.iter().map(|sent| sent / telling.len() as f64 / found.bytes).collect();
    if is_in_step(&moments_s, &iterations, SPREAD) { Err(NotFound::InStep) } else { Ok(found) }
}

/// The largest bytes of an iteration that score nearly as well as the best. `at`: the readings that the points are of.
fn best(rows: &[Row], at: &[usize], points: &[f64], telling: usize) -> Option<Found> {
    let span = *points.last()?;
    let seconds = (rows.last()?.ts_ns - rows[0].ts_ns) as f64 / 1e9;
    if span <= 0.0 {
        return None;
    }
    let most = (seconds / SHORTEST_S).max(LEAST_ITERATIONS + 1.0);
    let count = (((most - LEAST_ITERATIONS) / STEP) as usize).min(MOST_STEPS);
    let tried = teeth(points, LEAST_ITERATIONS / span, STEP / span, count).into_iter().take(MOST_TRIED);
    let found = tried.filter_map(|tooth| attempt(rows, at, points, tooth.frequency, span, telling));
    let found: Vec<Found> = found.collect();
    let best = found.iter().map(|found| found.score).fold(0.0, f64::max);
    found.into_iter().find(|found| best > LEAST_SCORE && found.score >= AS_GOOD * best)
}

/// The hosts whose bytes are added up: those that have told in every reading, or, where these are too few, some that told most.
fn telling(rows: &[Row]) -> Vec<usize> {
    let hosts = rows.first().map_or(0, |row| row.sent.len());
    let misses = |host: usize| rows.iter().filter(|row| !tells(row, host)).count();
    let mut heard: Vec<(usize, usize)> = (0..hosts).map(|host| (misses(host), host)).collect();
    heard.retain(|(misses, _)| *misses < rows.len());
    let always = heard.iter().filter(|(misses, _)| *misses == 0).count();
    if (always as f64) < TELLING * heard.len() as f64 {
        heard.sort_unstable();
        heard.truncate(FEW);
    } else {
        heard.retain(|(misses, _)| *misses == 0);
    }
    if heard.len() < LEAST_HOSTS { Vec::new() } else { heard.into_iter().map(|(_, host)| host).collect() }
}

fn tells(row: &Row, host: usize) -> bool {
    !row.sent[host].is_nan() && !row.received[host].is_nan()
}

/// Tries one period on the readings.
fn attempt(rows: &[Row], at: &[usize], points: &[f64], frequency: f64, span: f64, telling: usize) -> Option<Found> {
    let beside = (-BESIDE..=BESIDE).map(|at| frequency + f64::from(at) * STEP / span / f64::from(BESIDE));
    let frequency = beside.max_by(|a, b| resultant(points, *a).total_cmp(&resultant(points, *b)))?;
    let mut atom = densest(points, frequency);
    atom.first = at[atom.first];
    atom.others.iter_mut().for_each(|(row, _)| *row = at[*row]);
    let moved = atom.others.iter().filter(|(_, levels)| *levels != 0.0).count();
    if moved < LEAST_OTHERS {
        return None;
    }
    let mut levels = Levels::of(rows, &atom);
    let between = rows[atom.first..].iter().filter(|row| levels.push(row).between).count();
    let score = between as f64 / (rows.len() - atom.first).max(LEAST_COUNTED) as f64;
    Some(Found { score, bytes: 1.0 / frequency / telling as f64, atom })
}

/// The readings that stand within a level's width of the reading that most others stand with.
fn densest(points: &[f64], frequency: f64) -> Atom {
    let apart = |a: f64, b: f64| {
        let levels = (b - a) * frequency;
        (levels - levels.round()).abs()
    };
    let beside = |a: f64| points.iter().filter(|&&b| apart(a, b) < WIDTH).count();
    let center = (0..points.len()).max_by_key(|&at| (beside(points[at]), Reverse(at))).unwrap_or(0);
    let mut near = (0..points.len()).filter(|&at| apart(points[center], points[at]) < WIDTH);
    let first = near.next().unwrap_or(center);
    let levels = |at: usize| ((points[at] - points[first]) * frequency).round();
    Atom { first, others: near.map(|at| (at, levels(at))).filter(|(_, levels)| *levels != 0.0).collect() }
}
