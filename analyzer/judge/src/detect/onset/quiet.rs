//! When each port of a job is quiet, and when nearly all of them are quiet together: the compute phases of the job.
//!
//! ```text
//! bytes a bin, of a busy bin's     1.0 1.0 0.4 0   0   0   0   0.3 1.0 1.0       a quiet from bin 2.4 to bin 7.7: the bin
//! bin                              0   1   2   3   4   5   6   7   8   9         before is filled to 0.4, the one after to 0.3
//!
//! port 1   ▇▇▇▇____________▇▇▇▇▇▇▇▇____________▇▇▇▇
//! port 2   ▇▇▇▇▇___________▇▇▇▇▇▇▇▇▇___________▇▇▇▇
//! port 3   ▇▇▇▇____________▇▇▇▇▇▇▇▇____________▇▇▇▇
//!               └─ phase ─┘         └─ phase ─┘        nearly all are quiet
//!                    ├───── period ──────┤             from middle to middle: one iteration
//! ```
//! A bin is the time between two readings, which lie at uneven distances (`edges.rs`): its bytes are counted by how long it is.
//!
//! A job that waits for a straggler is quiet together a second time in each iteration, after its first data was sent. Such a
//! wait is no compute phase. It is told from one in two ways: it is short beside the compute phases, and some port sent
//! nothing from the compute phase before it to its end, which is the straggler itself (or a port that had nothing to send).

use super::edges::Edges;
use crate::fabric::PortId;
use crate::features::{BINS, Features, Grid};
use crate::statistics::median;

/// A bin is quiet that holds less than this part of a busy bin's bytes. Acknowledgements of data that others send are no
/// sending: one of 66 bytes for each packet of 4.2 kB is 1.6 % of the bytes received (reference/inference-stragglers.md, 5),
/// and this is twice as much.
const QUIET: f32 = 0.03;
/// A busy bin is one that no more than 5 in 100 of a port's bins exceed: a reading that was lost or came late puts the bytes
/// of two bins into one, and such a bin is not to be the measure. 3 in 100 readings may be lost (docs/scoring.md).
const BUSY_PERCENTILE: usize = 95;
/// Of a bin beside a quiet, its neighbour tells what a full bin would hold, but never less than this part of a busy bin: in
/// a short transfer the neighbour is itself filled in part. A half is the mean filling of a bin that is cut anywhere.
const LEAST_FULL: f32 = 0.5;
/// Bins that a port must have told: 4 iterations ([`MIN_ITERATIONS`]) of 1 s at 10 Hz.
const MIN_BINS: usize = BINS / 6;
/// The part of the ports that must be quiet in a bin of a compute phase. It lets one of seven ports have other work.
/// Chosen, and not critical: with 0.7 and 0.95 the same seven faults of nine traces at 10 Hz are found (journal of 2026-11-30, constants).
const TOGETHER: f64 = 0.85;
/// Distances between compute phases that are needed for a period. Where one phase in between was missed, one distance is
/// twice as long as the others; the median of four is right all the same.
const MIN_ITERATIONS: usize = 4;
/// A quiet shorter than this part of the longer ones is a wait in the midst of a transfer. Calibrated on the lab's
/// recordings of 2026-11-25 (journal, shown): with 0.6 of the usual length less one bin, waits passed for compute phases.
const PHASE_SHARE: f64 = 0.6;
/// A port that is quiet over more stretches than this is out of use and tells nothing of them: one iteration holds at most
/// the wait before, the compute phase and the wait after.
const MOST_SPANNED: usize = 3;

/// When one port was quiet in the time that the bins cover.
pub struct PortQuiet {
    pub port: PortId,
    /// Bin by bin of the window.
    is_quiet: Vec<bool>,
    /// Its quiets, oldest first.
    quiets: Vec<Quiet>,
}

/// A time without sending, in bins from the window's start. Both edges have fractions.
#[derive(Clone, Copy, Debug)]
pub struct Quiet {
    pub start: f64,
    pub end: f64,
}

impl Quiet {
    pub fn length(&self) -> f64 {
        self.end - self.start
    }
}

impl PortQuiet {
    /// `None` where the port sends nothing, never rests, or has told less than [`MIN_BINS`].
    pub fn read(features: &Features, port: PortId, grid: Grid) -> Option<PortQuiet> {
        let (sent, bin_ns) = (features.ports[port].sent.as_ref()?, grid.bin_ns(features.bin_ns));
        let (bins, last) = (sent.on(grid)?, features.now_ns.div_euclid(bin_ns) - 1);
        let bytes = bins.up_to(last);
        let unknown = bytes.iter().position(|b| !b.is_nan())?;
        let edges = Edges::of(features, port, sent.offset_ns(), bin_ns);
        let bytes: Vec<f32> = (unknown..BINS).map(|bin| bytes[bin] / edges.length(bin)).collect();
        let bytes = &bytes[..];
        let busy = busy_bin(bytes)?;
        let mut is_quiet: Vec<bool> = vec![false; unknown];
        is_quiet.extend(bytes.iter().map(|b| *b < busy * QUIET));
        // From the first known bin to the window's start, and from this port's bins to the grid that all ports share.
        let at = |bin: f64| edges.at(unknown as f64 + bin);
        let shifted = |quiet: Quiet| Quiet { start: at(quiet.start), end: at(quiet.end) };
        let quiets: Vec<Quiet> = quiets(bytes, &is_quiet[unknown..], busy).map(shifted).collect();
        (!quiets.is_empty()).then_some(PortQuiet { port, quiets, is_quiet })
    }

    /// The quiet that this moment lies in.
    pub fn quiet_at(&self, bin: f64) -> Option<Quiet> {
        let after = self.quiets.partition_point(|q| q.start <= bin);
        self.quiets[..after].last().copied().filter(|q| q.end >= bin)
    }

    /// The quiet around one compute phase alone: a port that was quiet over several of them was out of use, and not late.
    pub fn quiet_of(&self, phase: f64, phases: &[f64]) -> Option<Quiet> {
        let covered = |q: &Quiet| phases.iter().filter(|p| (q.start..=q.end).contains(*p)).count();
        self.quiet_at(phase).filter(|q| covered(q) == 1)
    }
}

/// The bytes of a busy bin of this port.
fn busy_bin(bytes: &[f32]) -> Option<f32> {
    let mut known: Vec<f32> = bytes.iter().copied().filter(|b| !b.is_nan()).collect();
    if known.len() < MIN_BINS {
        return None;
    }
    let rank = known.len() * BUSY_PERCENTILE / 100;
    let busy = *known.select_nth_unstable_by(rank, f32::total_cmp).1;
    (busy > 0.0).then_some(busy)
}

/// The quiets that both begin and end among these bins. A quiet beside a bin that nobody told of has no known edge, and is
/// left out.
fn quiets<'a>(bytes: &'a [f32], is_quiet: &'a [bool], busy: f32) -> impl Iterator<Item = Quiet> + 'a {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < is_quiet.len() {
            let from = at + is_quiet[at..].iter().position(|q| *q)?;
            let to = from + is_quiet[from..].iter().position(|q| !*q)?;
            at = to;
            if from > 0 && !bytes[from - 1].is_nan() && !bytes[to].is_nan() {
                return Some(edges(bytes, from, to, busy));
            }
        }
        None
    })
}

/// The quiet whose bins are `from` to `to`, without the latter, with the parts of the bins beside it that are quiet too: a
/// bin in which the sending begins is filled from the moment on at which it begins.
fn edges(bytes: &[f32], from: usize, to: usize, busy: f32) -> Quiet {
    let after = bytes.get(to + 1).copied().unwrap_or(busy).max(busy * LEAST_FULL);
    let late = 1.0 - (bytes[to] / after).clamp(0.0, 1.0);
    let before = if from > 1 { bytes[from - 2].max(busy * LEAST_FULL) } else { busy };
    let early = 1.0 - (bytes[from - 1] / before).clamp(0.0, 1.0);
    Quiet { start: from as f64 - f64::from(early), end: to as f64 + f64::from(late) }
}

/// The middles of the job's compute phases, in bins, oldest first.
pub fn compute_phases(ports: &[PortQuiet]) -> Vec<f64> {
    let stretches = quiet_together(ports);
    let lengths: Vec<f64> = stretches.iter().map(|s| usual_length(ports, s.middle)).collect();
    let long = median_of_upper_half(&mut lengths.clone()) * PHASE_SHARE;
    let kept = stretches.into_iter().zip(lengths).filter(|(_, length)| *length >= long);
    let stretches: Vec<Stretch> = kept.map(|(stretch, _)| stretch).collect();
    let waits = waits(ports, &stretches);
    stretches.into_iter().zip(waits).filter(|(_, is_wait)| !is_wait).map(|(stretch, _)| stretch.middle).collect()
}

/// Bins one after the other in which nearly all ports are quiet.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    middle: f64,
    bins: usize,
}

/// The stretches of the window. One that the window cuts at its start or end is left out: its middle is not known.
fn quiet_together(ports: &[PortQuiet]) -> Vec<Stretch> {
    let mut quiet_ports = [0u32; BINS];
    for port in ports {
        quiet_ports.iter_mut().zip(&port.is_quiet).for_each(|(n, q)| *n += u32::from(*q));
    }
    let enough = ports.len() as f64 * TOGETHER;
    let together = quiet_ports.map(|n| f64::from(n) >= enough);
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

/// The median length of the ports' own quiets around a moment, in bins; NaN where no port was quiet.
fn usual_length(ports: &[PortQuiet], bin: f64) -> f64 {
    let mut lengths: Vec<f64> = ports.iter().filter_map(|p| p.quiet_at(bin)).map(|q| q.length()).collect();
    median(&mut lengths)
}

/// Whether each stretch is a wait: some port sent nothing between it and a longer one.
fn waits(ports: &[PortQuiet], stretches: &[Stretch]) -> Vec<bool> {
    let mut waits = vec![false; stretches.len()];
    for quiet in ports.iter().flat_map(|p| &p.quiets) {
        let first = stretches.partition_point(|s| s.middle < quiet.start);
        let after = stretches.partition_point(|s| s.middle <= quiet.end);
        if !(2..=MOST_SPANNED).contains(&after.saturating_sub(first)) {
            continue;
        }
        let longest = (first..after).rev().max_by_key(|&at| stretches[at].bins);
        (first..after).filter(|at| Some(*at) != longest).for_each(|at| waits[at] = true);
    }
    waits
}

/// The length of an iteration in bins: the median distance of neighbouring compute phases. `None` where the phases are too
/// few.
pub fn period(phases: &[f64]) -> Option<f64> {
    let mut distances: Vec<f64> = phases.windows(2).map(|w| w[1] - w[0]).collect();
    (distances.len() >= MIN_ITERATIONS).then(|| median(&mut distances))
}

/// The median of the upper half of the known values: where half of the stretches are waits, it is still a compute phase's.
fn median_of_upper_half(values: &mut Vec<f64>) -> f64 {
    values.retain(|v| !v.is_nan());
    values.sort_by(f64::total_cmp);
    let upper = values.len() / 2;
    median(&mut values[upper..])
}
