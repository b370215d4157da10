//! The simulation: a fabric, its jobs, its script of faults, stepped in true time.

use crate::faults::Injection;
use crate::job::Job;
use crate::script::Planned;
use crate::topology::Topology;
use crate::truth::{Truth, complaints, loudest_victim};
use crate::workload;
use crate::world::World;

/// Length of a step, seconds.
pub const STEP_S: f64 = 0.01;
const STEPS_A_SECOND: u64 = 100;
/// The hops of the longest path.
const HOPS: usize = 4;
/// How long after a fault iterations may still suffer from it, seconds.
const AFTERMATH_S: f64 = 3.0;

/// What faults may look at and turn.
#[derive(Debug)]
pub struct Fabric {
    pub world: World,
    pub jobs: Vec<Job>,
}

impl Fabric {
    /// Errors when `gpus` is no multiple of 8 from 64 up.
    pub fn new(gpus: usize, seed: u64) -> Result<Fabric, String> {
        let world = World::new(Topology::build(gpus)?, seed);
        let jobs = workload::draw(&world, seed);
        Ok(Fabric { world, jobs })
    }
}

#[derive(Debug)]
struct Active {
    planned: Planned,
    injection: Injection,
    /// Index into [`Sim::truths`].
    truth: usize,
    complaints: Vec<f64>,
}

impl Active {
    /// Gives a fault that creeps, or comes and goes, the strength that it has now.
    fn turn(&mut self, fabric: &mut Fabric, now: f64) {
        let Planned { fault, for_s, strength, course, .. } = self.planned;
        let strength = course.strength(strength, now - self.injection.begin, for_s);
        if strength == self.injection.strength {
            return;
        }
        self.injection.strength = strength;
        match strength {
            0.0 => fault.end(fabric, &self.injection),
            _ => fault.begin(fabric, &self.injection),
        }
    }
}

#[derive(Debug)]
pub struct Sim {
    pub fabric: Fabric,
    /// Not yet begun, by time.
    script: Vec<Planned>,
    active: Vec<Active>,
    /// In order of injection; `step_loss` is set when a fault is over.
    pub truths: Vec<Truth>,
    steps: u64,
    tainted_until: f64,
}

impl Sim {
    pub fn new(fabric: Fabric, script: Vec<Planned>) -> Sim {
        Sim { fabric, script, active: Vec::new(), truths: Vec::new(), steps: 0, tainted_until: 0.0 }
    }

    /// True time, seconds since the start.
    pub fn now(&self) -> f64 {
        self.fabric.world.now
    }

    /// When the last fault of the script is over, seconds.
    pub fn script_end(&self) -> f64 {
        let waiting = self.script.iter().map(|p| p.at_s + p.for_s);
        waiting.chain(self.active.iter().map(|a| a.injection.end)).fold(0.0, f64::max)
    }

    /// Every fault of the script has begun and ended.
    pub fn script_done(&self) -> bool {
        self.script.is_empty() && self.active.is_empty()
    }

    /// One step of [`STEP_S`].
    pub fn step(&mut self) {
        self.turn_faults();
        let Fabric { world, jobs } = &mut self.fabric;
        if world.review() {
            jobs.iter_mut().for_each(|job| job.reroute(world, false));
        }
        world.begin_step();
        share(world, jobs);
        crate::storage::write(world, STEP_S);
        world.end_step(STEP_S);
        self.steps += 1;
        world.now = self.steps as f64 * STEP_S; // no rounding adds up
        let now = world.now;
        jobs.iter_mut().for_each(|job| job.settle(world, now));
        if self.steps.is_multiple_of(STEPS_A_SECOND) {
            world.drift();
        }
    }

    fn turn_faults(&mut self) {
        let now = self.now();
        while self.script.first().is_some_and(|p| p.at_s <= now) {
            let planned = self.script.remove(0);
            self.begin(planned);
        }
        for active in &mut self.active {
            active.turn(&mut self.fabric, now);
            active.planned.fault.step(&mut self.fabric, &active.injection);
        }
        let (over, active) =
            std::mem::take(&mut self.active).into_iter().partition(|a: &Active| a.injection.end <= now);
        self.active = active;
        over.into_iter().for_each(|a: Active| self.end(a));
        if !self.active.is_empty() {
            self.tainted_until = now + AFTERMATH_S;
        }
        if now < self.tainted_until {
            self.fabric.jobs.iter_mut().for_each(Job::taint);
        }
    }

    fn begin(&mut self, planned: Planned) {
        let now = self.now();
        let Planned { place, for_s, strength, course, .. } = planned;
        let injection =
            Injection { place, strength: course.strength(strength, 0.0, for_s), begin: now, end: now + for_s };
        let truth = self.truths.len();
        let complaints = complaints(&self.fabric);
        self.truths.push(Truth::new(truth + 1, &planned, &self.fabric));
        planned.fault.begin(&mut self.fabric, &injection);
        self.active.push(Active { planned, injection, truth, complaints });
    }

    fn end(&mut self, active: Active) {
        active.planned.fault.end(&mut self.fabric, &active.injection);
        let truth = &mut self.truths[active.truth];
        truth.measure(&self.fabric);
        truth.decoy = loudest_victim(&self.fabric, &active.complaints, active.planned.place);
    }
}

/// Flows share the links of a step, hop by hop.
fn share(world: &mut World, jobs: &mut [Job]) {
    jobs.iter_mut().for_each(|job| job.demand(world, STEP_S));
    for hop in 0..HOPS {
        jobs.iter().for_each(|job| job.offer(world, hop));
        jobs.iter_mut().for_each(|job| job.squeeze(world, hop, STEP_S));
    }
    jobs.iter_mut().for_each(|job| job.send(world, STEP_S));
}
