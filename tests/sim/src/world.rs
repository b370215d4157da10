//! The state of the fabric: every directed link, every port's counters, and the knobs that faults turn.

use crate::damage;
use crate::layout::{C, COUNTERS};
use crate::link::{Link, PACKET_BYTES};
use crate::rng::Rng;
use crate::topology::{DeviceId, PortId, Topology};
use weft_wire::Table;

/// Below so many events at the mean the normal distribution is a bad likeness of Poisson's.
const FEW: f64 = 8.0;
const SWITCH_BUFFER_BYTES: f64 = 6e6;
const NIC_BUFFER_BYTES: f64 = 2e6;
/// Part of what a congested link cannot carry that piles up before congestion control has slowed the senders.
const PILE_UP: f64 = 0.02;

/// What a port did in the last step, for readings taken within it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Delta {
    pub tx_bytes: f64,
    pub rx_bytes: f64,
    pub tx_packets: f64,
    pub rx_packets: f64,
}

/// What a job does with a node, for its GPU and host gauges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activity {
    #[default]
    Idle,
    Training,
    /// Waiting for a checkpoint to be written.
    Paused,
    /// Its rank is stuck outside of its GPUs.
    Stuck,
}

impl Node {
    /// Compute takes so many times as long as on a sound node: all GPUs of a node wait for the slowest.
    pub fn stretch(&self) -> f64 {
        self.slowness * self.throttled.map_or(1.0, |(_, stretch)| stretch)
    }
}

#[derive(Clone, Debug, Default)]
pub struct Node {
    pub activity: Activity,
    /// Compute takes this many times as long as it should; 1 when healthy.
    pub slowness: f64,
    /// A GPU of it that is held below its clock, and how many times as long compute takes for it.
    pub throttled: Option<(usize, f64)>,
    /// A collective that it has not begun yet, it does not begin.
    pub hangs: bool,
    /// Bytes a second written to storage.
    pub storage_write: f64,
}

/// Who looks at links again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Review {
    /// The switches' routing: uplinks.
    Routing,
    /// The communication library: a node's own NICs.
    Library,
}

impl Review {
    /// How long a link must have stayed as it is before it counts.
    fn patience_s(self) -> f64 {
        match self {
            Review::Routing => 0.25,
            Review::Library => 1.2,
        }
    }
}

/// What a node tells of a port the moment that it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    Up,
    Down,
    /// The driver of the card says that the card does not answer.
    Dead,
}

impl Happening {
    /// The kind of event, and its text, as a collector tells it.
    pub fn told(self) -> (&'static str, &'static str) {
        match self {
            Happening::Up => ("link_up", "carrier acquired"),
            Happening::Down => ("link_down", "carrier lost"),
            Happening::Dead => (
                "kernel",
                "mlx5_core 0000:d2:00.0: poll_health:825:(pid 0): device's health compromised - reached miss count",
            ),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct PortEvent {
    /// Seconds since the start.
    pub at: f64,
    pub port: PortId,
    pub what: Happening,
}

#[derive(Debug)]
pub struct World {
    pub topology: Topology,
    /// True time, seconds since the start.
    pub now: f64,
    pub links: Vec<Link>,
    pub nodes: Vec<Node>,
    /// `[device]`: its collector says nothing.
    pub muted: Vec<bool>,
    /// `[device]`: how far its clock has run away, seconds, beside the error that every clock has.
    pub skews: Vec<f64>,
    /// `[port]`: since the counters were last read from zero.
    counts: Vec<[f64; COUNTERS]>,
    /// `[port]`: what the counters stood at when the simulation began, or were reset.
    bases: Vec<[i64; COUNTERS]>,
    pub epochs: Vec<i32>,
    pub deltas: Vec<Delta>,
    pub events: Vec<PortEvent>,
    /// `[port]`: what routing and the communication library believe of a link; they learn late.
    pub usable: Vec<bool>,
    /// When they look again, seconds.
    pub reviews: Vec<(f64, Review)>,
    rng: Rng,
}

impl World {
    pub fn new(topology: Topology, seed: u64) -> World {
        let mut rng = Rng::stream(seed, 1);
        let links = topology.ports.iter().map(|p| Link::new(p, &mut rng)).collect();
        let bases = topology.ports.iter().map(|p| starting_values(p.in_use, &mut rng)).collect();
        let ports = topology.ports.len();
        World {
            now: 0.0,
            links,
            nodes: vec![Node { slowness: 1.0, ..Node::default() }; topology.nodes],
            muted: vec![false; topology.devices.len()],
            skews: vec![0.0; topology.devices.len()],
            counts: vec![[0.0; COUNTERS]; ports],
            bases,
            epochs: vec![1; ports],
            deltas: vec![Delta::default(); ports],
            events: Vec::new(),
            usable: topology.ports.iter().map(|p| p.in_use).collect(),
            reviews: Vec::new(),
            topology,
            rng,
        }
    }

    pub fn add(&mut self, port: PortId, counter: C, amount: f64) {
        self.counts[port][counter as usize] += amount;
    }

    /// Since the start or the last reset; for the truth, not for readings.
    pub fn count(&self, port: PortId, counter: C) -> f64 {
        self.counts[port][counter as usize]
    }

    /// What the driver says, `back` steps (0 to 1) before the end of the last step.
    pub fn read(&self, port: PortId, counter: C, back: f64) -> i64 {
        let delta = &self.deltas[port];
        let step = match counter {
            C::TxBytes => delta.tx_bytes,
            C::RxBytes => delta.rx_bytes,
            C::TxPackets => delta.tx_packets,
            C::RxPackets => delta.rx_packets,
            _ => 0.0,
        };
        (self.bases[port][counter as usize] + (self.counts[port][counter as usize] - back * step).floor() as i64).max(0)
    }

    /// The driver was loaded anew: counters start from zero.
    pub fn reset_counters(&mut self, port: PortId) {
        self.counts[port] = [0.0; COUNTERS];
        self.bases[port] = [0; COUNTERS];
        self.deltas[port] = Delta::default();
        self.epochs[port] += 1;
    }

    /// Pulls or restores a cable; both ends see it.
    pub fn set_cable(&mut self, port: PortId, up: bool) {
        for end in [Some(port), self.topology.ports[port].peer].into_iter().flatten() {
            if self.links[end].up == up {
                continue;
            }
            (self.links[end].up, self.links[end].changed) = (up, self.now);
            let what = if up { Happening::Up } else { Happening::Down };
            self.events.push(PortEvent { at: self.now, port: end, what });
            if !up {
                self.add(end, C::LinkDownEvents, 1.0);
            }
        }
    }

    /// The card of a port stops working, or works again. Its link stays lit, and neither end sees anything.
    pub fn set_card(&mut self, nic: PortId, dead: bool) {
        for end in [Some(nic), self.topology.ports[nic].peer].into_iter().flatten() {
            (self.links[end].dead, self.links[end].changed) = (dead, self.now);
        }
    }

    /// Runs the reviews that are due; true when some link's use changed.
    pub fn review(&mut self) -> bool {
        let now = self.now;
        let due: Vec<Review> = self.reviews.iter().filter(|r| r.0 <= now).map(|r| r.1).collect();
        self.reviews.retain(|r| r.0 > now);
        let mut changed = false;
        for review in due {
            for id in 0..self.links.len() {
                let link = &self.links[id];
                let patient = now - link.changed >= review.patience_s() - 1e-6;
                if self.usable[id] != link.passes() && patient && (self.is_access(id) == (review == Review::Library)) {
                    self.usable[id] = link.passes();
                    changed = true;
                }
            }
        }
        changed
    }

    /// Whether a port is on a cable between a node and a switch.
    pub fn is_access(&self, port: PortId) -> bool {
        let ports = &self.topology.ports;
        ports[port].table == Table::Nic || ports[port].peer.is_some_and(|p| ports[p].table == Table::Nic)
    }

    pub fn begin_step(&mut self) {
        for link in &mut self.links {
            (link.offered, link.carried, link.paused) = (0.0, 0.0, 0.0);
        }
    }

    /// A count of independent events that are rare each, `mean` of them at the mean: Poisson's, by the normal distribution of the same
    /// variance where many come. Nothing is drawn where the mean is 0.
    pub fn draw(&mut self, mean: f64) -> f64 {
        match mean {
            0.0 => 0.0,
            few if few < FEW => self.rng.few(few),
            many => (many + self.rng.normal() * many.sqrt()).max(0.0).floor(),
        }
    }

    /// Books what the links carried into the counters of both their ends.
    pub fn end_step(&mut self, dt: f64) {
        for id in 0..self.links.len() {
            if !self.topology.ports[id].in_use {
                continue;
            }
            let link = &self.links[id];
            let background = if link.passes() { link.background_now * dt } else { 0.0 };
            let packets = link.carried / PACKET_BYTES + background / link.background_packets;
            let bytes = link.carried + background;
            let (loss, damage) = (link.loss, link.damaged);
            let lost = self.draw(packets * loss).min(packets.floor());
            let damaged = self.draw(packets * damage).min((packets - lost).floor());
            self.links[id].lost_packets = lost + damaged;
            self.book(id, bytes, packets, lost + damaged);
            self.book_damage(id, packets, damaged, dt);
            self.settle_queue(id, dt);
        }
        self.now += dt;
    }

    fn book(&mut self, id: PortId, bytes: f64, packets: f64, lost: f64) {
        let mean_size = if packets > 0.0 { bytes / packets } else { 0.0 };
        let (rx_bytes, rx_packets) = (bytes - lost * mean_size, packets - lost);
        // A port without a cable in the plan hears what the world beyond it says.
        let far = self.topology.ports[id].peer.unwrap_or(id);
        self.add(id, C::TxBytes, bytes);
        self.add(id, C::TxPackets, packets);
        self.add(far, C::RxBytes, rx_bytes);
        self.add(far, C::RxPackets, rx_packets);
        let delta = &mut self.deltas[id];
        (delta.tx_bytes, delta.tx_packets) = (bytes, packets);
        let delta = &mut self.deltas[far];
        (delta.rx_bytes, delta.rx_packets) = (rx_bytes, rx_packets);
    }

    fn book_damage(&mut self, id: PortId, packets: f64, damaged: f64, dt: f64) {
        let Some(receiver) = self.topology.ports[id].peer.filter(|_| self.links[id].passes()) else { return };
        if self.links[id].damaged > 0.0 {
            damage::book(self, id, receiver, damaged, dt);
        }
        if self.links[id].retried > 0.0 {
            damage::book_retries(self, id, receiver, packets);
        }
    }

    fn settle_queue(&mut self, id: PortId, dt: f64) {
        let nic = self.topology.ports[id].table == Table::Nic;
        let link = &mut self.links[id];
        // A NIC's queue pairs wait in memory: its own queue never sees more than its line.
        let offered = if nic { link.offered.min(link.plan() * dt) } else { link.offered };
        let excess = offered - link.capacity() * dt;
        let limit = if nic { NIC_BUFFER_BYTES } else { SWITCH_BUFFER_BYTES };
        // What is not asked of the line drains the queue: 6 MB in an eighth of a millisecond at 400 Gbit/s.
        let more = if excess > 0.0 { PILE_UP * excess } else { excess };
        link.queue = if link.passes() { (link.queue + more).clamp(0.0, limit) } else { 0.0 };
        let paused_us = link.paused * dt * 1e6;
        if paused_us > 0.0 {
            self.add(id, C::RxPauseUs, paused_us);
            self.add(id, C::RxPauseFrames, paused_us / 40.0);
            if let Some(far) = self.topology.ports[id].peer {
                self.add(far, C::TxPauseUs, paused_us);
                self.add(far, C::TxPauseFrames, paused_us / 40.0);
            }
        }
    }

    /// How full a link's queue is, 0 to 1.
    pub fn fill(&self, id: PortId) -> f64 {
        let nic = self.topology.ports[id].table == Table::Nic;
        self.links[id].queue / if nic { NIC_BUFFER_BYTES } else { SWITCH_BUFFER_BYTES }
    }

    /// Once a second: background traffic drifts, and a bit error now and then is nobody's fault.
    pub fn drift(&mut self) {
        for id in 0..self.links.len() {
            let spread = self.rng.normal();
            self.links[id].drift(spread);
            if self.links[id].up && self.rng.chance(2e-5) {
                self.add(id, C::SymbolErrors, 1.0);
            }
        }
    }

    pub fn device_of(&self, port: PortId) -> DeviceId {
        self.topology.ports[port].device
    }
}

/// Machines have been up for days: counters do not start at zero, and old errors stand in some.
fn starting_values(in_use: bool, rng: &mut Rng) -> [i64; COUNTERS] {
    let mut values = [0; COUNTERS];
    if !in_use {
        return values;
    }
    let scale = 10f64.powf(rng.range(12.0, 15.5));
    values[C::TxBytes as usize] = (scale * rng.range(0.5, 2.0)) as i64;
    values[C::RxBytes as usize] = (scale * rng.range(0.5, 2.0)) as i64;
    values[C::TxPackets as usize] = (values[C::TxBytes as usize] as f64 / PACKET_BYTES) as i64;
    values[C::RxPackets as usize] = (values[C::RxBytes as usize] as f64 / PACKET_BYTES) as i64;
    for counter in [C::LinkDownEvents, C::SymbolErrors, C::OutOfSequence, C::Retransmits, C::AckTimeouts] {
        if rng.chance(0.3) {
            values[counter as usize] = rng.below(40) as i64;
        }
    }
    for counter in [C::CnpSent, C::CnpHandled, C::RxEcnMarked, C::TxEcnMarked, C::RxPauseUs, C::TxPauseUs] {
        values[counter as usize] = rng.below(3_000_000) as i64;
    }
    values
}
