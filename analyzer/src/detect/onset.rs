//! Host straggler by bytes alone: one port begins to send late, iteration after iteration, after a quiet as much longer.
//!
//! ```text
//! peers      ████________█·····████        compute, first chunk, waiting, the rest
//! straggler  ████_____________█████        one longer quiet
//!                 ├── core ──┤             bins in which nearly all are quiet
//! ```
//! Late onset *and* a longer quiet: a port that only finished late (its network was slow) starts late after a normal
//! quiet; a victim starts on time and stalls. Completion says nothing: a collective ends together.

use super::{FactKind, Place, Presence, Sink, median, strength};
use crate::fact::Evidence;
use crate::model::{BINS, Model, PortId};
use std::collections::BTreeMap;

const MIN_PORTS: usize = 3;
/// A bin is quiet below this part of the port's busy bins: acknowledgements of others' data are no sending.
const QUIET: f32 = 0.03;
/// Ports that must be quiet together for a bin to belong to a core.
const TOGETHER: f64 = 0.85;
/// Iterations needed, and the part of the iteration that lateness must reach: below it ordinary jitter dominates.
const MIN_ITERATIONS: usize = 4;
/// Of the last so many: enough for a median, few enough to be soon.
const LAST_CORES: usize = 7;
/// A core shorter than this part of the longest is a stall in mid-transfer, not the computing.
const CORE_SHARE: f64 = 0.6;
const MIN_SHARE: f64 = 0.05;
const MIN_BINS: f64 = 0.5;
const OVER_NOISE: f64 = 5.0;

pub fn detect(model: &Model, out: &mut Sink<'_>) {
    for (job, plan) in model.topology.jobs.iter().enumerate() {
        let ports: Vec<PortId> = model.topology.job_ports(plan).collect();
        if plan.start_ns > model.now_ns || plan.end_ns < model.now_ns || ports.len() < MIN_PORTS {
            continue;
        }
        let rows: Vec<Row> = ports.into_iter().filter_map(|p| Row::read(model, p)).collect();
        if rows.len() >= MIN_PORTS {
            look(model, job, &rows, out);
        }
    }
}

/// The bytes of one port over the window, and its quiet runs.
struct Row {
    port: PortId,
    quiet: Vec<bool>,
    runs: Vec<Run>,
}

/// A quiet stretch in bins, with fractions from the bins at its edges.
#[derive(Clone, Copy, Debug)]
struct Run {
    start: f64,
    end: f64,
}

impl Row {
    /// `None` when the port sends nothing, never rests, or was not told of throughout.
    fn read(model: &Model, port: PortId) -> Option<Row> {
        let bins = model.ports[port].sent.as_ref()?;
        let last = model.now_ns.div_euclid(model.bin_ns) - 1;
        let bytes: Vec<f32> = (last - BINS as i64 + 1..=last).map(|b| bins.get(b)).collect();
        let known = bytes.iter().position(|b| !b.is_nan())?;
        let bytes = &bytes[known..];
        let mut sorted: Vec<f32> = bytes.iter().copied().filter(|b| !b.is_nan()).collect();
        if sorted.len() < BINS / 4 {
            return None;
        }
        sorted.sort_by(f32::total_cmp);
        let busy = sorted[sorted.len() * 95 / 100];
        if busy <= 0.0 {
            return None;
        }
        let mut quiet: Vec<bool> = vec![false; known];
        quiet.extend(bytes.iter().map(|b| *b < busy * QUIET));
        let runs = runs(bytes, &quiet[known..], busy)
            .map(|r| Run { start: r.start + known as f64, end: r.end + known as f64 });
        Some(Row { port, runs: runs.collect(), quiet })
    }

    fn run_at(&self, bin: f64) -> Option<Run> {
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

fn look(model: &Model, job: usize, rows: &[Row], out: &mut Sink<'_>) {
    let cores = cores(rows);
    let Some(period) = period(&cores) else { return };
    let cores = &cores[cores.len().saturating_sub(LAST_CORES)..];
    let by_core: Vec<Vec<Option<f64>>> = cores.iter().map(|&core| late_at(rows, core)).collect();
    let late: Vec<Late> = (0..rows.len()).map(|row| per_iteration(cores, &by_core, row)).collect();
    let mut noise: Vec<f64> = late.iter().map(|l| l.bins.abs()).collect();
    let threshold = (MIN_SHARE * period).max(MIN_BINS).max(OVER_NOISE * median(&mut noise));
    say(model, job, rows, &late, Scale { threshold, period }, out);
}

/// Middles of the longer stretches in which nearly all ports are quiet.
fn cores(rows: &[Row]) -> Vec<f64> {
    let quiet = |bin: usize| rows.iter().filter(|r| r.quiet.get(bin) == Some(&true)).count() as f64;
    let together: Vec<bool> = (0..BINS).map(|bin| quiet(bin) >= rows.len() as f64 * TOGETHER).collect();
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
    let long = stretches.into_iter().filter(|s| s.1 as f64 >= usual * CORE_SHARE);
    long.map(|(start, length)| start as f64 + length as f64 / 2.0).collect()
}

/// Median distance of neighbouring cores, in bins; `None` when they are too few to tell an iteration.
fn period(cores: &[f64]) -> Option<f64> {
    let mut gaps: Vec<f64> = cores.windows(2).map(|w| w[1] - w[0]).collect();
    (gaps.len() >= MIN_ITERATIONS).then(|| median(&mut gaps))
}

/// How late each row begins after the quiet around `core`, in bins: its onset beyond the median onset, but no more than
/// its quiet is longer than the median quiet. `None` where the row was not quiet then.
fn late_at(rows: &[Row], core: f64) -> Vec<Option<f64>> {
    let runs: Vec<Option<Run>> = rows.iter().map(|r| r.run_at(core)).collect();
    let mut ends: Vec<f64> = runs.iter().flatten().map(|r| r.end).collect();
    let mut lengths: Vec<f64> = runs.iter().flatten().map(|r| r.end - r.start).collect();
    let (end, length) = (median(&mut ends), median(&mut lengths));
    runs.iter().map(|run| run.map(|r| (r.end - end).min(r.end - r.start - length))).collect()
}

/// How late one row is, and since which core, in bins.
#[derive(Clone, Copy)]
struct Late {
    bins: f64,
    since: f64,
}

/// The median over the cores: one late iteration is no habit.
fn per_iteration(cores: &[f64], by_core: &[Vec<Option<f64>>], row: usize) -> Late {
    let told: Vec<(f64, f64)> =
        cores.iter().zip(by_core).filter_map(|(&core, late)| Some((core, late[row]?))).collect();
    if told.len() < MIN_ITERATIONS {
        return Late { bins: 0.0, since: 0.0 };
    }
    let bins = median(&mut told.iter().map(|t| t.1).collect::<Vec<_>>());
    let since = told.iter().find(|t| t.1 >= bins / 2.0).map_or(0.0, |t| t.0);
    Late { bins, since }
}

fn upper_median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let upper = values.len() / 2;
    median(&mut values[upper..])
}

#[derive(Clone, Copy)]
struct Scale {
    threshold: f64,
    period: f64,
}

/// A device is as late as its latest port.
fn say(model: &Model, job: usize, rows: &[Row], late: &[Late], scale: Scale, out: &mut Sink<'_>) {
    let mut devices: BTreeMap<usize, (Late, PortId)> = BTreeMap::new();
    for (row, &late) in rows.iter().zip(late) {
        let worst = devices.entry(model.topology.ports[row.port].device).or_insert((late, row.port));
        if late.bins > worst.0.bins {
            *worst = (late, row.port);
        }
    }
    let first_bin = model.now_ns.div_euclid(model.bin_ns) - BINS as i64;
    let bin_s = model.bin_ns as f64 / 1e9;
    for (device, (Late { bins: late, since }, port)) in devices {
        let place = Place::Device(device);
        if late < scale.threshold / 2.0 {
            out.clear(FactKind::LateOnset, place);
        }
        if late < scale.threshold {
            continue;
        }
        let evidence = Evidence {
            counter: "onset_lateness".into(),
            value: late * bin_s,
            unit: "s an iteration".into(),
            reference: scale.period * bin_s,
            reference_of: "the iteration".into(),
        };
        let since_ns = (first_bin + since as i64) * model.bin_ns;
        let presence = Presence {
            since_ns,
            port: Some(port),
            strength: strength(late, scale.threshold),
            evidence,
            job: Some(job),
        };
        out.present(FactKind::LateOnset, place, presence);
    }
}
