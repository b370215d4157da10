//! When each port of a job is quiet, and when nearly all are together: the job's computing.

use crate::fabric::PortId;
use crate::features::{BINS, Features, Grid};
use crate::statistics::median;

/// A bin is quiet below this part of the port's busy bins: acknowledgements of others' data are no sending.
const QUIET: f32 = 0.03;
/// Ports that must be quiet together for a bin to belong to a core.
const TOGETHER: f64 = 0.85;
/// Iterations needed.
const MIN_ITERATIONS: usize = 4;
/// A core shorter than this part of the longer ones is a stall in mid-transfer, not the computing.
const CORE_SHARE: f64 = 0.6;
/// A port quiet over more cores than this is out of use, and tells nothing of them.
const MOST_SPANNED: usize = 3;

/// The quiet of one port over the window.
pub struct Row {
    pub port: PortId,
    quiet: Vec<bool>,
    runs: Vec<Run>,
}

/// A quiet stretch in bins, with fractions from the bins at its edges.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub start: f64,
    pub end: f64,
}

impl Row {
    /// `None` when the port sends nothing, never rests, or was not told of throughout.
    pub fn read(features: &Features, port: PortId, grid: Grid) -> Option<Row> {
        let (sent, bin_ns) = (features.ports[port].sent.as_ref()?, grid.bin_ns(features.bin_ns));
        let (bins, last) = (sent.on(grid)?, features.now_ns.div_euclid(bin_ns) - 1);
        let bytes = bins.up_to(last);
        let known = bytes.iter().position(|b| !b.is_nan())?;
        let bytes = &bytes[known..];
        let mut sorted: Vec<f32> = bytes.iter().copied().filter(|b| !b.is_nan()).collect();
        if sorted.len() < BINS / 6 {
            return None;
        }
        let rank = sorted.len() * 95 / 100;
        let busy = *sorted.select_nth_unstable_by(rank, f32::total_cmp).1;
        if busy <= 0.0 {
            return None;
        }
        let mut quiet: Vec<bool> = vec![false; known];
        quiet.extend(bytes.iter().map(|b| *b < busy * QUIET));
        let shift = known as f64 + sent.offset_ns() as f64 / bin_ns as f64;
        let runs = runs(bytes, &quiet[known..], busy).map(|r| Run { start: r.start + shift, end: r.end + shift });
        let runs: Vec<Run> = runs.collect();
        (!runs.is_empty()).then_some(Row { port, runs, quiet })
    }

    pub fn run_at(&self, bin: f64) -> Option<Run> {
        let after = self.runs.partition_point(|r| r.start <= bin);
        self.runs[..after].last().copied().filter(|r| r.end >= bin)
    }

    /// Its quiet around one core alone: a port that was quiet over several was out of use, not late.
    pub fn run_of(&self, core: f64, cores: &[f64]) -> Option<Run> {
        let covered = |r: &Run| cores.iter().filter(|c| (r.start..=r.end).contains(*c)).count();
        self.run_at(core).filter(|r| covered(r) == 1)
    }
}

/// Quiet runs that both begin and end inside the window.
fn runs<'a>(bytes: &'a [f32], quiet: &'a [bool], busy: f32) -> impl Iterator<Item = Run> + 'a {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < quiet.len() {
            let from = at + quiet[at..].iter().position(|q| *q)?;
            let to = from + quiet[from..].iter().position(|q| !*q)?;
            at = to;
            // Beside a bin that nobody told of there is no edge.
            if from > 0 && !bytes[from - 1].is_nan() && !bytes[to].is_nan() {
                // The bin after the quiet is filled from its middle on: its bytes against a full bin say where.
                let full = bytes.get(to + 1).copied().unwrap_or(busy).max(busy / 2.0);
                let late = 1.0 - (bytes[to] / full).clamp(0.0, 1.0);
                let before = if from > 1 { bytes[from - 2].max(busy / 2.0) } else { busy };
                let early = 1.0 - (bytes[from - 1] / before).clamp(0.0, 1.0);
                return Some(Run { start: from as f64 - f64::from(early), end: to as f64 + f64::from(late) });
            }
        }
        None
    })
}

/// Middles of the stretches in which nearly all ports compute, one an iteration, in bins, oldest first.
///
/// All are quiet together a second time when they wait for a straggler. That stretch is short beside their computing; and
/// some port is seen to have sent nothing between the two: the straggler, or one that was done before.
pub fn cores(rows: &[Row]) -> Vec<f64> {
    let stretches = quiet_together(rows);
    let lengths: Vec<f64> = stretches.iter().map(|s| usual_length(rows, s.middle)).collect();
    let long = upper_median(&mut lengths.clone()) * CORE_SHARE;
    let kept = stretches.into_iter().zip(lengths).filter(|(_, l)| *l >= long);
    let stretches: Vec<Stretch> = kept.map(|(stretch, _)| stretch).collect();
    let waits = waits(rows, &stretches);
    stretches.into_iter().zip(waits).filter(|(_, wait)| !wait).map(|(stretch, _)| stretch.middle).collect()
}

/// Bins in which nearly all are quiet.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    middle: f64,
    bins: usize,
}

/// The first and the last are cut by the window, and left out.
fn quiet_together(rows: &[Row]) -> Vec<Stretch> {
    let mut quiet = [0u32; BINS];
    for row in rows {
        quiet.iter_mut().zip(&row.quiet).for_each(|(n, q)| *n += u32::from(*q));
    }
    let enough = rows.len() as f64 * TOGETHER;
    let together = quiet.map(|n| f64::from(n) >= enough);
    let mut at = 0;
    let mut stretches = Vec::new();
    for run in together.chunk_by(|a, b| a == b) {
        let bins = run.len();
        if run[0] && at > 0 && at + bins < BINS {
            stretches.push(Stretch { middle: at as f64 + bins as f64 / 2.0, bins });
        }
        at += bins;
    }
    stretches
}

/// Median length of the ports' own quiet around a core; NaN where none is known.
fn usual_length(rows: &[Row], core: f64) -> f64 {
    let mut lengths: Vec<f64> = rows.iter().filter_map(|r| r.run_at(core)).map(|r| r.end - r.start).collect();
    median(&mut lengths)
}

/// Whether each stretch is a wait: some port sent nothing between it and a longer one.
fn waits(rows: &[Row], stretches: &[Stretch]) -> Vec<bool> {
    let mut waits = vec![false; stretches.len()];
    for run in rows.iter().flat_map(|r| &r.runs) {
        let first = stretches.partition_point(|s| s.middle < run.start);
        let after = stretches.partition_point(|s| s.middle <= run.end);
        if !(2..=MOST_SPANNED).contains(&after.saturating_sub(first)) {
            continue;
        }
        let longest = (first..after).rev().max_by_key(|&at| stretches[at].bins);
        (first..after).filter(|at| Some(*at) != longest).for_each(|at| waits[at] = true);
    }
    waits
}

/// Median distance of neighbouring cores, in bins; `None` when they are too few to tell an iteration.
pub fn period(cores: &[f64]) -> Option<f64> {
    let mut gaps: Vec<f64> = cores.windows(2).map(|w| w[1] - w[0]).collect();
    (gaps.len() >= MIN_ITERATIONS).then(|| median(&mut gaps))
}

/// Of those that are known.
fn upper_median(values: &mut Vec<f64>) -> f64 {
    values.retain(|v| !v.is_nan());
    values.sort_by(f64::total_cmp);
    let upper = values.len() / 2;
    median(&mut values[upper..])
}
