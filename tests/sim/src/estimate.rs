//! What a fault would cost where, before it is injected: so that a place drawn by the seed is one that matters.

use crate::job::{Job, JobSpec};
use crate::sim::Fabric;
use crate::topology::PortId;

/// What a fault does to the flows of a directed link.
#[derive(Clone, Copy, Debug)]
pub enum Effect {
    /// The link carries this part of its plan.
    Capacity(f64),
    /// Every flow over it gets this part of what it sends.
    Goodput(f64),
}

/// Fraction of step time that the hardest-hit job would lose.
pub fn loss(fabric: &Fabric, link: PortId, effect: Effect) -> f64 {
    fabric.jobs.iter().map(|job| job_loss(fabric, job, link, effect)).fold(0.0, f64::max)
}

fn job_loss(fabric: &Fabric, job: &Job, link: PortId, effect: Effect) -> f64 {
    let load = load(fabric, job, link);
    if load == 0.0 {
        return 0.0;
    }
    let stretch = match effect {
        Effect::Capacity(part) => (load / (fabric.world.links[link].plan() * part)).max(1.0),
        Effect::Goodput(part) => 1.0 / part,
    };
    stretched(fabric, &job.spec, stretch)
}

/// Bytes a second that a job asks of a link while it communicates.
pub fn load(fabric: &Fabric, job: &Job, link: PortId) -> f64 {
    let crossing = job.flows().iter().filter(|f| f.path.links().contains(&(link as u32)));
    crossing.map(|f| f.fair_rate(&fabric.world, job.flows_a_nic(f))).sum()
}

/// Fraction of its step a job loses when a collective takes `stretch` times as long.
fn stretched(fabric: &Fabric, spec: &JobSpec, stretch: f64) -> f64 {
    let line = fabric.world.links[fabric.world.topology.nics[spec.nodes[0]][0]].plan();
    let communicate = spec.bytes.iter().fold(0.0f64, |m, &b| m.max(b)) / line;
    let phase = |k: f64| spec.compute_s.max(spec.compute_s * spec.overlap_from + communicate * k);
    1.0 - phase(1.0) / phase(stretch)
}

/// Fraction of its step the job of a node loses when the node computes `slowness` times as long.
pub fn straggler_loss(fabric: &Fabric, node: usize, slowness: f64) -> f64 {
    let Some(job) = fabric.jobs.iter().find(|j| j.spec.nodes.contains(&node)) else {
        return 0.0;
    };
    let spec = &job.spec;
    let line = fabric.world.links[fabric.world.topology.nics[node][0]].plan();
    let communicate = spec.bytes.iter().fold(0.0f64, |m, &b| m.max(b)) / line;
    let phase = |k: f64| {
        let computed = spec.compute_s * k;
        computed.max(computed * spec.overlap_from + communicate)
    };
    1.0 - phase(1.0) / phase(slowness)
}
