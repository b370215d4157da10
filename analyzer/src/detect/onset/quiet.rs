//! When each port of a job is quiet, and when nearly all are together: the job's computing.

use crate::detect::median;
use crate::model::{BINS, Grid, Model, PortId};

/// A bin is quiet below this part of the port's busy bins: acknowledgements of others' data are no sending.
const QUIET: f32 = 0.03;
/// Ports that must be quiet together for a bin to belong to a core.
const TOGETHER: f64 = 0.85;
/// Iterations needed.
const MIN_ITERATIONS: usize = 4;
/// A core shorter than this part of the longest, by more than a bin that its edges may have lost, is a stall in
/// mid-transfer and not the computing.
const CORE_SHARE: f64 = 0.6;

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
    pub fn read(model: &Model, port: PortId, grid: Grid) -> Option<Row> {
        let bins = model.ports[port].sent.as_ref()?.on(grid);
        let last = model.now_ns.div_euclid(grid.bin_ns(model.bin_ns)) - 1;
        let bytes: Vec<f32> = (last - BINS as i64 + 1..=last).map(|b| bins.get(b)).collect();
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
        let runs = runs(bytes, &quiet[known..], busy)
            .map(|r| Run { start: r.start + known as f64, end: r.end + known as f64 });
        Some(Row { port, runs: runs.collect(), quiet })
    }

    pub fn run_at(&self, bin: f64) -> Option<Run> {
        let after = self.runs.partition_point(|r| r.start <= bin);
        self.runs[..after].last().copied().filter(|r| r.end >= bin)
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
            if from > 0 {
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

/// Middles of the longer stretches in which nearly all ports are quiet, in bins, oldest first.
pub fn cores(rows: &[Row]) -> Vec<f64> {
    let mut quiet = [0u32; BINS];
    for row in rows {
        quiet.iter_mut().zip(&row.quiet).for_each(|(n, q)| *n += u32::from(*q));
    }
    let enough = rows.len() as f64 * TOGETHER;
    let together = quiet.map(|n| f64::from(n) >= enough);
    let mut at = 0;
    let mut stretches = Vec::new();
    for run in together.chunk_by(|a, b| a == b) {
        // The first and the last stretch are cut by the window.
        if run[0] && at > 0 && at + run.len() < BINS {
            stretches.push((at, run.len()));
        }
        at += run.len();
    }
    let mut lengths: Vec<f64> = stretches.iter().map(|s| s.1 as f64).collect();
    let usual = upper_median(&mut lengths);
    let long = stretches.into_iter().filter(|s| s.1 as f64 >= usual * CORE_SHARE - 1.0);
    long.map(|(start, length)| start as f64 + length as f64 / 2.0).collect()
}

/// Median distance of neighbouring cores, in bins; `None` when they are too few to tell an iteration.
pub fn period(cores: &[f64]) -> Option<f64> {
    let mut gaps: Vec<f64> = cores.windows(2).map(|w| w[1] - w[0]).collect();
    (gaps.len() >= MIN_ITERATIONS).then(|| median(&mut gaps))
}

fn upper_median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let upper = values.len() / 2;
    median(&mut values[upper..])
}
