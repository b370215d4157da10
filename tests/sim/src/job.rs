//! A synchronous training job: compute, a collective, a barrier, and again.
//!
//! ```text
//!            phase start        ready[i]                                barrier
//! node i  ───── compute ───────────┤── its flows, as far as its peers let them ──┤──► next phase
//!                    └ overlap: part of the gradients is ready before ┘
//! A node that hangs does not get ready before it hangs no more; the others go as far as they can without it, and wait.
//!
//! states: Running ─► Paused (checkpoint) ─► Running;  Running ─► Stopped (restart) ─► Running
//! ```

use crate::flow::Flow;
use crate::rng::Rng;
use crate::route;
use crate::topology::RAILS;
use crate::world::{Activity, World};

/// How far a flow may run ahead of its neighbours in a ring: what the library buffers, as a part of the whole.
const RING_SLACK: f64 = 0.10;
/// What a sender may push towards a peer that has not yet entered the collective.
const EAGER: f64 = 0.06;
/// A rank that hangs is put off by this time again and again, seconds: longer than a step, and shorter than anything that is read.
const STUCK_S: f64 = 0.02;
/// Launch and synchronisation at a barrier, seconds.
const BARRIER_S: f64 = 0.002;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collective {
    /// All-reduce along a ring of the group on every rail, `channels` connections a neighbour.
    Ring { channels: usize },
    /// Every member to every other member of its group, rail by rail.
    AllToAll,
}

#[derive(Clone, Debug)]
pub struct JobSpec {
    pub name: String,
    /// Fabric node of each rank.
    pub nodes: Vec<usize>,
    /// Ranks that communicate with one another and do the same work.
    pub groups: Vec<Vec<usize>>,
    pub collective: Collective,
    /// Compute-then-communicate rounds an iteration.
    pub phases: usize,
    /// Seconds of compute a phase.
    pub compute_s: f64,
    /// Fraction of the compute after which gradients begin to be ready; 1 = no overlap.
    pub overlap_from: f64,
    /// Bytes a NIC sends a phase, by group.
    pub bytes: Vec<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    Running,
    Paused { until: f64 },
    Stopped { until: f64 },
}

/// A finished iteration, true time in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Iteration {
    pub start: f64,
    pub end: f64,
    /// No fault was active in it.
    pub clean: bool,
}

/// Mark of a training loop, true time in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    pub rank: usize,
    pub step: i64,
    pub phase: &'static str,
    pub start: f64,
    pub end: f64,
}

#[derive(Debug)]
pub struct Job {
    pub spec: JobSpec,
    pub state: State,
    pub iterations: Vec<Iteration>,
    /// Since they were last taken.
    pub marks: Vec<Mark>,
    flows: Vec<Flow>,
    /// Rings: runs of `flows` that are coupled, as (first, length).
    rings: Vec<(usize, usize)>,
    /// Group of each rank.
    group_of: Vec<usize>,
    step: i64,
    phase: usize,
    phase_start: f64,
    iteration_start: f64,
    /// `[rank]`: when gradients begin to be ready, and when all are.
    ready: Vec<(f64, f64)>,
    /// Latest end of a flow in this phase so far.
    last_end: f64,
    pause: Option<f64>,
    clean: bool,
    progress: Vec<f64>,
    rng: Rng,
}

impl Job {
    pub fn new(spec: JobSpec, world: &World, seed: u64) -> Job {
        let mut rng = Rng::stream(seed, 100);
        let mut job = Job {
            state: State::Running,
            iterations: Vec::new(),
            marks: Vec::new(),
            flows: Vec::new(),
            rings: Vec::new(),
            group_of: vec![0; spec.nodes.len()],
            step: rng.below(40_000) as i64,
            phase: 0,
            phase_start: 0.0,
            iteration_start: 0.0,
            ready: vec![(0.0, 0.0); spec.nodes.len()],
            last_end: 0.0,
            pause: None,
            clean: false,
            progress: Vec::new(),
            rng,
            spec,
        };
        job.connect();
        job.reroute(world, true);
        job
    }

    fn connect(&mut self) {
        for (group, members) in self.spec.groups.iter().enumerate() {
            for &rank in members {
                self.group_of[rank] = group;
            }
            for rail in 0..RAILS {
                match self.spec.collective {
                    Collective::Ring { channels } => {
                        for _ in 0..channels {
                            self.rings.push((self.flows.len(), members.len()));
                            for (i, &from) in members.iter().enumerate() {
                                let to = members[(i + 1) % members.len()];
                                self.flows.push(Flow::new(from, to, rail, self.rng.next_u64()));
                            }
                        }
                    }
                    Collective::AllToAll => {
                        for (&from, &to) in members.iter().flat_map(|a| members.iter().map(move |b| (a, b))) {
                            if from != to {
                                self.flows.push(Flow::new(from, to, rail, self.rng.next_u64()));
                            }
                        }
                    }
                }
            }
        }
    }

    /// Looks at every route again; connections that move wait for their retransmission timers.
    pub fn reroute(&mut self, world: &World, first: bool) {
        for flow in &mut self.flows {
            let (from, to) = (self.spec.nodes[flow.from], self.spec.nodes[flow.to]);
            let path = route::path(&world.topology, &world.usable, from, to, flow.rail, flow.hash);
            if path != flow.path {
                let broken = flow.path.links().iter().any(|&l| !world.links[l as usize].passes());
                if broken && !first {
                    flow.wait_until = world.now + self.rng.range(0.07, 0.27);
                }
                flow.path = path;
            }
        }
    }

    /// Begins the first iteration at `at`.
    pub fn start(&mut self, world: &World, at: f64) {
        self.state = State::Running;
        self.iteration_start = at;
        self.clean = false; // the first is not whole
        self.begin_phase(world, 0, at);
    }

    /// The size of one flow of a group.
    fn flow_bytes(&self, group: usize) -> f64 {
        self.spec.bytes[group] / self.flows_of_group(group) as f64
    }

    fn flows_of_group(&self, group: usize) -> usize {
        match self.spec.collective {
            Collective::Ring { channels } => channels,
            Collective::AllToAll => self.spec.groups[group].len() - 1,
        }
    }

    fn begin_phase(&mut self, world: &World, phase: usize, at: f64) {
        (self.phase, self.phase_start, self.last_end) = (phase, at, at);
        let common = 1.0 + 0.003 * self.rng.normal();
        for (rank, ready) in self.ready.iter_mut().enumerate() {
            let mut noise = common * (1.0 + 0.005 * self.rng.normal());
            if self.rng.chance(0.004) {
                noise += self.rng.range(0.005, 0.03); // a page fault storm, a garbage collection
            }
            let compute = self.spec.compute_s * noise * world.nodes[self.spec.nodes[rank]].stretch();
            *ready = (at + compute * self.spec.overlap_from, at + compute);
        }
        let sizes: Vec<f64> = (0..self.spec.groups.len()).map(|g| self.flow_bytes(g)).collect();
        for flow in &mut self.flows {
            flow.restart(sizes[self.group_of[flow.from]]);
        }
    }

    /// Asks for a checkpoint of `seconds` at the next end of an iteration.
    pub fn checkpoint(&mut self, seconds: f64) {
        self.pause = Some(seconds);
    }

    /// Kills the job; it starts anew after `seconds`.
    pub fn stop(&mut self, now: f64, seconds: f64) {
        self.state = State::Stopped { until: now + seconds };
    }

    /// Another phase of training: other sequence lengths, other batch.
    pub fn change(&mut self, compute: f64, bytes: f64) {
        self.spec.compute_s *= compute;
        self.spec.bytes.iter_mut().for_each(|b| *b *= bytes);
    }

    pub fn taint(&mut self) {
        self.clean = false;
    }

    /// What its flows want of the step `[now, now + dt)`.
    pub fn demand(&mut self, world: &mut World, dt: f64) {
        if self.state != State::Running {
            return;
        }
        let end = world.now + dt;
        self.hold_up(world, end);
        if self.ready.iter().all(|r| r.0 > end) {
            return self.flows.iter_mut().for_each(|f| f.demand(world, 0.0, 0.0));
        }
        self.progress.clear();
        self.progress.extend(self.flows.iter().map(Flow::progress));
        for index in 0..self.flows.len() {
            let (start, limit) = self.released(index, end);
            self.flows[index].demand(world, limit, end - start.max(world.now));
        }
        self.couple_rings(world, end);
    }

    /// A rank whose node hangs is not ready in a step that ends at `end`, if it was not before.
    fn hold_up(&mut self, world: &World, end: f64) {
        for (ready, &node) in self.ready.iter_mut().zip(&self.spec.nodes) {
            if world.nodes[node].hangs && ready.0 > world.now && ready.0 < end + STUCK_S {
                let later = end + 2.0 * STUCK_S;
                *ready = (later, ready.1.max(later));
            }
        }
    }

    /// When a flow's sender began to have data, and the part of it that is ready and welcome at `end`.
    fn released(&self, index: usize, end: f64) -> (f64, f64) {
        let flow = &self.flows[index];
        let (begin, all) = self.ready[flow.from];
        let ready = if end >= all { 1.0 } else { ((end - begin) / (all - begin).max(1e-9)).max(0.0) };
        let welcome = if end >= self.ready[flow.to].0 { 1.0 } else { EAGER };
        (begin, ready.min(welcome))
    }

    /// In a ring one sends on what one has received, and receives only what one can send on.
    fn couple_rings(&mut self, world: &World, end: f64) {
        for &(first, length) in &self.rings {
            for i in 0..length {
                let before = self.progress[first + (i + length - 1) % length];
                let after = self.progress[first + (i + 1) % length];
                let neighbours = before.min(after) + RING_SLACK;
                if neighbours < 1.0 {
                    let (start, limit) = self.released(first + i, end);
                    self.flows[first + i].demand(world, limit.min(neighbours), end - start.max(world.now));
                }
            }
        }
    }

    pub fn offer(&self, world: &mut World, hop: usize) {
        if self.state == State::Running {
            self.flows.iter().for_each(|f| f.offer(world, hop));
        }
    }

    pub fn squeeze(&mut self, world: &World, hop: usize, dt: f64) {
        if self.state == State::Running {
            self.flows.iter_mut().for_each(|f| f.squeeze(world, hop, dt));
        }
    }

    pub fn send(&mut self, world: &mut World, dt: f64) {
        if self.state != State::Running {
            return;
        }
        for flow in &mut self.flows {
            if let Some(within) = flow.send(world, dt, &mut self.rng) {
                self.last_end = self.last_end.max(world.now + within * dt);
            }
        }
    }

    /// After a step that ended at `now`: barriers, checkpoints, restarts.
    pub fn settle(&mut self, world: &mut World, now: f64) {
        match self.state {
            State::Running => self.settle_running(world, now),
            State::Paused { until } | State::Stopped { until } if now >= until => self.start(world, until.max(0.0)),
            State::Paused { .. } | State::Stopped { .. } => {}
        }
        self.show(world, now);
    }

    fn settle_running(&mut self, world: &World, now: f64) {
        let computed = self.ready.iter().fold(0.0f64, |m, r| m.max(r.1));
        if now < computed || !self.flows.iter().all(Flow::is_done) {
            return;
        }
        let end = computed.max(self.last_end) + BARRIER_S;
        self.mark_phase(end);
        if self.phase + 1 < self.spec.phases {
            return self.begin_phase(world, self.phase + 1, end);
        }
        self.iterations.push(Iteration { start: self.iteration_start, end, clean: self.clean });
        let (step, start) = (self.step, self.iteration_start);
        self.marks.extend((0..self.spec.nodes.len()).map(|rank| Mark { rank, step, phase: "", start, end }));
        self.step += 1;
        match self.pause.take() {
            Some(seconds) => self.state = State::Paused { until: end + seconds },
            None => {
                self.start(world, end);
                self.clean = true;
            }
        }
    }

    fn mark_phase(&mut self, end: f64) {
        let ready: Vec<f64> = self.ready.iter().map(|r| r.1).collect();
        let (step, start) = (self.step, self.phase_start);
        self.marks.extend(ready.iter().enumerate().flat_map(|(rank, &ready)| {
            [
                Mark { rank, step, phase: "compute", start, end: ready },
                Mark { rank, step, phase: "communicate", start: ready, end },
            ]
        }));
    }

    /// What the nodes' own gauges will show of it.
    fn show(&self, world: &mut World, now: f64) {
        let (activity, writes) = match self.state {
            State::Running => (Activity::Training, 0.0),
            State::Paused { until } => (Activity::Paused, if now < until - 0.4 { 1.0 } else { 0.0 }),
            State::Stopped { .. } => (Activity::Idle, 0.0),
        };
        for (&node, ready) in self.spec.nodes.iter().zip(&self.ready) {
            let is_stuck = activity == Activity::Training && world.nodes[node].hangs && ready.0 > now;
            world.nodes[node].activity = if is_stuck { Activity::Stuck } else { activity };
            world.nodes[node].storage_write = writes;
        }
    }

    /// When the iteration that runs began, true time in seconds.
    pub fn began(&self) -> f64 {
        self.iteration_start
    }

    /// Seconds an iteration takes when nothing is wrong: the median of the last clean ones; `None` before there are three.
    pub fn usual_period(&self, before: f64) -> Option<f64> {
        let clean = self.iterations.iter().rev().filter(|i| i.clean && i.end <= before).take(25);
        let mut periods: Vec<f64> = clean.map(|i| i.end - i.start).collect();
        periods.sort_by(f64::total_cmp);
        (periods.len() >= 3).then(|| periods[periods.len() / 2])
    }

    /// Flows of the job, for who wants to know where its bytes go.
    pub fn flows(&self) -> &[Flow] {
        &self.flows
    }

    /// How many flows share the NIC of a flow's sender.
    pub fn flows_a_nic(&self, flow: &Flow) -> usize {
        self.flows_of_group(self.group_of[flow.from])
    }
}
