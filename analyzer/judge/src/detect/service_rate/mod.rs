//! Slow link: a port's queue stands for longer than its link would be busy at the planned rate.
//!
//! A port that has a queue sends as fast as its link lets it. So a queue stands no longer than the link is busy, whatever
//! the traffic is like, and a link that breaks this rule at its planned rate serves at less (`features/queue`):
//!
//! ```text
//!                     sound, 30 % busy at plan          capacity 0.5 of plan: busy for 60 %
//! sends               ▂▂▂▇▂▂▂▂▂▇▂▂▂▂▂▇▂▂▂▂              ▂▂▂▇▇▂▂▂▂▇▇▂▂▂▂▇▇▂▂▂
//! queue stands        ···│·····│·····│····              ··││││···││││···│││·
//! readings that see it  3 of 20, never above 6            11 of 20, which 6 cannot explain
//! ```
//! Two things must be sure, each by a bar of the one budget (`detect/budget.rs`):
//!
//! | | bar | by |
//! |---|---|---|
//! | something has changed here | A | the queue stands for longer than it used to, at both ends of the cable together; |
//! | | A | or for longer than the plan allows, whatever was before; |
//! | | V | or a job that sends over the cable has become slower since |
//! | it is the link, and no congestion | V | a lower capacity against a queue in any part of the busy time (`evidence.rs`) |
//!
//! Where more than two links of one device begin to look slow together, the cause is a common one: the device, or the rhythm of
//! what is sent there, which readings may fall in step with. No link is accused.
//!
//! With a job that became slower any of its cables may be the one, which costs ln (cables a node) more.
//!
//! The rate need never reach the capacity, nor need readings lie within a transfer: it works at 12 % of load and at 1 Hz,
//! where the greatest rate of an interval is the same, sick and sound. Example: a link of 100 Mbit/s sends 26, and a queue
//! stands in 13 of 20 readings. At a capacity of 0.4 each of these adds ln (0.65 / 0.26), each other one ln (0.35 / 0.74):
//! 6.7 nats, which a sound link shows one time in 800.

mod armed;
mod evidence;

use super::{Detector, Shows, Sink, Spot, Weighed, budget, strength};
use crate::fabric::{Carries, Place, PortId};
use crate::features::{Features, ShortTick};
use crate::features::pace::JobPace;
use crate::features::queue::{CAPACITIES, Queue};
use crate::kinds::{FactKind, LowServiceRate};
use crate::statistics::{in_step, median};
use evidence::{Ends, Slow};
use std::cell::OnceCell;

const NAME: &str = "service_rate";
/// How far apart what has changed and the slow link may have begun to be one thing, in readings: the bend of a job's pace
/// is found within some iterations.
const TOGETHER: i64 = 30;
/// Of the episodes of congestion those in which a port's queue stands for longer though it has no more to send: flows that
/// met by chance. Taken as one in ten until it is counted.
const QUIET: f64 = 0.1;
/// Evidence that a link is not as slow as it was said to be, in nats, that ends its case: one time in 20 it is wrong.
const SOUND: f64 = 3.0;
/// Evidence with which another link of the device seems slow as well, in nats: one chance in seven.
const LIKELY: f64 = 2.0;
/// So many links of a device may be slow at one time for causes of their own: two may share a module or a cable. That a third
/// one fails within the same seconds for a reason of its own is no chance that counts.
const FEW: usize = 2;
/// Sums of a port that are looked at: 9 and 7 at both ends. It only counts towards the budget of the detector.
const READINGS: usize = 32;

pub const DETECTOR: Detector = Detector {
    name: NAME,
    reads: &[],
    detect,
    forget,
    armed: &[super::armed::Row { detector: "slow_link", facts: &[FactKind::LowServiceRate], look: armed::look }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    let peers = OnceCell::new();
    for &port in &features.ports_with.queues {
        let state = &features.ports[port];
        let queue = state.queue.as_deref().filter(|_| state.link.up != Some(false));
        if let Some((queue, planned)) = queue.zip(features.topology.ports[port].planned_bps) {
            out.look_at(Spot::Place(features.topology.place_of(port)), READINGS);
            let ends = Ends { own: queue, far: far(features, port), far_tells: far_tells(features, port) };
            Direction { features, port, ends, planned: planned as f64 }.judge(&peers, out);
        }
    }
}

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    Spot::ports(spot, features).into_iter().for_each(|port| features.ports[port].queue = None);
}

pub fn bar(features: &Features) -> f64 {
    budget::change(features, NAME, features.bin_ns.max(1))
}

/// That a queue stands for longer than it used to.
pub fn weighed(features: &Features) -> Vec<Weighed> {
    let alike = usual_inflation(features);
    let of = |&port: &PortId| {
        let own = features.ports[port].queue.as_deref()?;
        let ends = Ends { own, far: far(features, port), far_tells: far_tells(features, port) };
        let (nats, _) = evidence::longer(ends, alike.max(own.inflation.at_least()));
        let readings = features.tick_ns as f64 / features.bin_ns as f64;
        Some(Weighed { place: Place::Port(port), nats, readings })
    };
    features.ports_with.queues.iter().filter_map(of).collect()
}

fn far(features: &Features, port: PortId) -> Option<&Queue> {
    features.ports[features.topology.far(port)?].queue.as_deref()
}

fn far_tells(features: &Features, port: PortId) -> bool {
    let far = features.topology.far(port).and_then(|far| features.ports[far].last);
    far.is_some_and(|last| last.queue_bytes.is_some())
}

/// One direction of a link.
struct Direction<'a> {
    features: &'a Features,
    port: PortId,
    ends: Ends<'a>,
    planned: f64,
}

impl Direction<'_> {
    fn judge(&self, peers: &OnceCell<f64>, out: &mut Sink<'_>) {
        let bar = self.cause_bar();
        let place = self.features.topology.place_of(self.port);
        let claimed = out.claimed(FactKind::LowServiceRate, place);
        if let Some(claim) = claimed && self.is_over(claim.amount) {
            out.absent(FactKind::LowServiceRate, place);
            return;
        }
        // Nothing is more than it is without inflation, which costs a look at all ports.
        if !self.ends.own.speaks() || evidence::slow(self.ends, 1.0).nats < bar {
            return;
        }
        let alike = peers.get_or_init(|| usual_inflation(self.features)).max(self.ends.own.inflation.at_least());
        let inflation = alike.max(self.in_step(evidence::slow(self.ends, alike)));
        let slow = evidence::slow(self.ends, inflation);
        let is_said = slow.nats >= bar && self.ends.own.sound_nats(slow.capacity) < SOUND;
        if !is_said || (claimed.is_none() && !self.has_changed(slow, inflation)) {
            return;
        }
        match self.is_common(slow) {
            true => out.absent(FactKind::LowServiceRate, place),
            false => self.say(slow, bar, out),
        }
    }

    /// More links of one of the two devices than a few seem slow since the same time.
    fn is_common(&self, slow: Slow) -> bool {
        let topology = &self.features.topology;
        let links = |end: PortId| topology.devices[topology.ports[end].device].ports.iter();
        let seem_slow = |end: PortId| links(end).filter(|&&port| self.seems_slow(port, slow)).count();
        seem_slow(self.port) > FEW || topology.far(self.port).is_some_and(|far| seem_slow(far) > FEW)
    }

    /// The link of this port, by the queue at either end, since about the same time as the one that is looked at.
    fn seems_slow(&self, port: PortId, slow: Slow) -> bool {
        let apart_ns = TOGETHER * self.interval_ns();
        let together = |since: ShortTick| (self.ns(slow.since) - self.ns(since)).abs() <= apart_ns;
        let own = self.features.ports[port].queue.as_deref();
        let mut sums = [own, far(self.features, port)].into_iter().flatten().flat_map(|queue| &queue.slower);
        sums.any(|slower| slower.against_any(1.0) >= LIKELY && together(slower.since))
    }

    /// How much less the readings say that fall into step with the iterations of a job that sends over the link: those since the
    /// evidence of this capacity began, at either end.
    fn in_step(&self, slow: Slow) -> f64 {
        let slower = [Some(self.ends.own), self.ends.far].into_iter().flatten().map(|end| &end.slower[slow.capacity]);
        let spoke_ns = slower.filter(|slower| slower.against_full(1.0) > 0.0).map(|slower| self.ns(slower.since));
        let since_ns = spoke_ns.min().unwrap_or(self.features.now_ns);
        self.in_step_of((self.features.now_ns - since_ns) as f64 / self.interval_ns() as f64)
    }

    /// The same of so many readings.
    fn in_step_of(&self, readings: f64) -> f64 {
        let topology = &self.features.topology;
        let place = topology.place_of(self.port);
        let device = &self.features.devices[topology.ports[self.port].device];
        let moments = device.moments.as_deref().map_or_else(Vec::new, |moments| moments.last(readings.ceil() as usize));
        let busy = f64::from(self.ends.own.lately());
        let jobs = (0..self.features.jobs.len()).filter(|&job| topology.carries_at(job, place) != Carries::No);
        jobs.map(|job| alike(&self.features.jobs[job].pace, readings, &moments, busy)).fold(1.0, f64::max)
    }

    /// V. Congestion mostly comes with more to send; where the port has no more than before, fewer episodes are left.
    fn cause_bar(&self) -> f64 {
        budget::cause(self.features, NAME, if self.ends.own.is_busier() { 1.0 } else { QUIET })
    }

    /// At which the port is read, ns.
    fn interval_ns(&self) -> i64 {
        let of_tick = self.features.ports[self.port].interval_ns();
        if of_tick > self.features.tick_ns { of_tick } else { self.features.bin_ns }
    }

    /// Something has surely changed, or the link is surely slow whatever was before.
    fn has_changed(&self, slow: Slow, inflation: f64) -> bool {
        let bar = budget::change(self.features, NAME, self.interval_ns());
        let (longer, since) = evidence::longer(self.ends, inflation);
        let apart_ns = TOGETHER * self.interval_ns();
        let together = |since_ns: i64| (self.ns(slow.since) - since_ns).abs() <= apart_ns;
        evidence::slow_whatever_was(self.ends.own, inflation) >= bar
            || longer >= bar && together(self.ns(since))
            || self.slows_a_job(slow, together)
    }

    /// A job that sends over the link has become slower at about the same time.
    fn slows_a_job(&self, slow: Slow, together: impl Fn(i64) -> bool) -> bool {
        let topology = &self.features.topology;
        let place = topology.place_of(self.port);
        (0..self.features.jobs.len()).any(|job| {
            let a_node = topology.cables.len() as f64 / topology.jobs[job].devices.len().max(1) as f64;
            let is_sure = slow.nats >= self.cause_bar() + a_node.max(1.0).ln();
            let slowed = self.features.jobs[job].pace.slow();
            let began = slowed.is_some_and(|(since_ns, _)| together(since_ns));
            is_sure && began && topology.carries_at(job, place) != Carries::No
        })
    }

    fn say(&self, slow: Slow, bar: f64, out: &mut Sink<'_>) {
        let bps = f64::from(CAPACITIES[slow.capacity]) * self.planned;
        let strength = strength(slow.nats, bar);
        let one_sided = self.ends.far.is_some_and(|far| far.sound_nats(slow.capacity) >= SOUND);
        let since_ns = self.ns(slow.since);
        let shows = Shows { since_ns, port: Some(self.port), one_sided, strength, ..Shows::default() };
        out.present(self.features.topology.place_of(self.port), shows, LowServiceRate { bps, planned_bps: self.planned });
    }

    /// The link is not as slow as was said, by one of its directions, and the other one does not say that it still is.
    fn is_over(&self, amount: f64) -> bool {
        let of_plan = 1.0 - amount as f32;
        let nearest = |a: &usize, b: &usize| (CAPACITIES[*a] - of_plan).abs().total_cmp(&(CAPACITIES[*b] - of_plan).abs());
        let capacity = (0..CAPACITIES.len()).min_by(nearest).unwrap_or_default();
        // Readings that came back to the same places of an iteration, at which no queue stood, say less.
        let in_step = |readings: f64| self.in_step_of(readings);
        let is_sound =
            |queue: &Queue| queue.sound_nats(capacity) >= SOUND && queue.sound_nats_of(capacity, in_step) >= SOUND;
        let is_slow = |queue: &Queue| queue.slower[capacity].against_full(queue.inflation.at_least()) >= SOUND;
        is_sound(self.ends.own) && !self.ends.far.is_some_and(|far| is_slow(far) && !is_sound(far))
    }

    /// The end of a tick.
    fn ns(&self, tick: ShortTick) -> i64 {
        let Features { tick: now, now_ns, tick_ns, .. } = *self.features;
        now_ns - (now - tick.seen_from(now)) * tick_ns
    }
}

/// How much less so many readings, the last of which were taken at these moments, say than independent ones, beside a job of this
/// pace that keeps a sound link busy for a part of the time.
fn alike(pace: &JobPace, readings: f64, moments_ns: &[i64], busy: f64) -> f64 {
    match pace.line().pace() {
        Some(pace) => {
            let done = moments_ns.iter().map(|ns| (ns - moments_ns[0]) as f64 / 1e9 * pace);
            in_step(readings, &done.collect::<Vec<f64>>(), busy)
        }
        // However long its iterations are: all readings may have come at the same part of them.
        None if pace.is_in_step() => readings,
        None => 1.0,
    }
}

/// How much less readings say than independent ones, by the median port: ports that share a job share its rhythm.
fn usual_inflation(features: &Features) -> f64 {
    let queues = features.ports_with.queues.iter().filter_map(|&port| features.ports[port].queue.as_ref());
    let mut known: Vec<f64> = queues.filter_map(|queue| queue.inflation.greatest()).collect();
    if known.is_empty() { 1.0 } else { median(&mut known).max(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::pace::tests::{Story, in_step, simulated};

    #[test]
    fn readings_in_step_with_a_job_say_as_much_as_one_and_others_as_much_as_they_are() {
        let table = [
            ("iterations of 1.6 s", simulated(Story::Healthy, 150), 1.0..2.0),
            ("in step, of unknown length", in_step(|_| ()), 30.0..31.0),
            ("of no job that is known", JobPace::default(), 1.0..1.1),
        ];
        for (what, pace, expected) in table {
            let moments_ns: Vec<i64> = (0..30).map(|second| second * 1_000_000_000).collect();
            let alike = alike(&pace, 30.0, &moments_ns, 0.4);
            assert!(expected.contains(&alike), "{what}: {alike}");
        }
    }
}
