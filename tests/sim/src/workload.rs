//! Which jobs run on the fabric: drawn by the seed, all of them synchronous, no two alike.

use crate::job::{Collective, Job, JobSpec};
use crate::rng::Rng;
use crate::world::World;

/// What a 400 Gbit NIC sends, bytes a second.
const LINE: f64 = 46e9;
const CHANNELS: usize = 4;
/// Members of an all-to-all group.
const EXPERTS: usize = 8;

/// The jobs of a fabric. A few nodes stay idle.
pub fn draw(world: &World, seed: u64) -> Vec<Job> {
    let mut rng = Rng::stream(seed, 2);
    let shares: &[f64] = match world.topology.nodes {
        0..16 => &[0.56, 0.44],
        16..64 => &[0.5, 0.3, 0.2],
        _ => &[0.4, 0.25, 0.2, 0.15],
    };
    let mut nodes = scattered_pairs(world.topology.nodes, &mut rng);
    let busy = nodes.len() - (nodes.len() / 24).max(1);
    nodes.truncate(busy);
    let mut jobs = Vec::new();
    let mut rest = nodes.as_slice();
    for (index, share) in shares.iter().enumerate() {
        let size = if index + 1 == shares.len() { rest.len() } else { (share * busy as f64).round() as usize };
        let (mine, others) = rest.split_at(size.min(rest.len()));
        rest = others;
        let spec = draw_spec(index, mine.to_vec(), &mut rng);
        let start = rng.range(0.0, 0.5);
        let mut job = Job::new(spec, world, rng.next_u64());
        job.start(world, start);
        jobs.push(job);
    }
    jobs
}

/// A scheduler that has been at work for weeks: a job's nodes lie in pairs all over the pods.
fn scattered_pairs(nodes: usize, rng: &mut Rng) -> Vec<usize> {
    let mut pairs: Vec<[usize; 2]> = (0..nodes / 2).map(|p| [2 * p, 2 * p + 1]).collect();
    rng.shuffle(&mut pairs);
    let mut all = pairs.concat();
    all.extend(nodes / 2 * 2..nodes);
    all
}

fn draw_spec(index: usize, nodes: Vec<usize>, rng: &mut Rng) -> JobSpec {
    let name = ["pretrain-a", "moe-b", "finetune-c", "research-d"][index % 4].to_owned();
    let period = rng.range(0.9, 1.3) * (1.0 + 0.35 * index as f64);
    match index {
        1 => all_to_all(name, nodes, period, rng),
        2 => overlapped(name, nodes, period, rng),
        _ => ring(name, nodes, period, rng),
    }
}

/// Data-parallel all-reduce after the backward pass; large jobs have two pipeline stages of different weight.
fn ring(name: String, nodes: Vec<usize>, period: f64, rng: &mut Rng) -> JobSpec {
    let ranks = nodes.len();
    let groups = match ranks >= 16 {
        true => vec![(0..ranks / 2).collect(), (ranks / 2..ranks).collect()],
        false => vec![(0..ranks).collect()],
    };
    let communicate = period * rng.range(0.32, 0.42);
    let bytes = (0..groups.len()).map(|g| LINE * communicate * (1.0 - 0.12 * g as f64)).collect();
    JobSpec {
        name,
        nodes,
        groups,
        collective: Collective::Ring { channels: CHANNELS },
        phases: 1,
        compute_s: period - communicate,
        overlap_from: 1.0,
        bytes,
    }
}

/// Gradients are reduced while the backward pass still runs: part of the communication is hidden.
fn overlapped(name: String, nodes: Vec<usize>, period: f64, rng: &mut Rng) -> JobSpec {
    let overlap_from = rng.range(0.4, 0.55);
    let compute_s = period * rng.range(0.76, 0.82);
    let communicate = period - compute_s * overlap_from;
    JobSpec {
        name,
        groups: vec![(0..nodes.len()).collect()],
        nodes,
        collective: Collective::Ring { channels: CHANNELS },
        phases: 1,
        compute_s,
        overlap_from,
        bytes: vec![LINE * communicate],
    }
}

/// A mixture of experts: dispatch and combine, forward and backward, four times an iteration.
fn all_to_all(name: String, nodes: Vec<usize>, period: f64, rng: &mut Rng) -> JobSpec {
    let ranks = nodes.len();
    let count = (ranks / EXPERTS).max(1);
    let groups: Vec<Vec<usize>> = (0..count).map(|g| (g * ranks / count..(g + 1) * ranks / count).collect()).collect();
    let phases = 4;
    let communicate = period * rng.range(0.34, 0.44) / phases as f64;
    JobSpec {
        name,
        nodes,
        bytes: vec![LINE * communicate; groups.len()],
        groups,
        collective: Collective::AllToAll,
        phases,
        compute_s: period / phases as f64 - communicate,
        overlap_from: 1.0,
    }
}
