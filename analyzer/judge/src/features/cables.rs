//! The traffic of a tick, port by port, and what the two ends of each cable say of what passed between them.

use super::port::Setting;
use super::sample::Sample;
use super::stuck::Stood;
use super::{Conservation, Features, clocks};
use crate::fabric::{Cable, CableId, PortId};
use std::ops::Range;

/// The readings of a tick of all ports that have a cable, of each with the last one before the tick in front.
pub(super) struct Packets {
    readings: Vec<Sample>,
    of_port: Vec<Range<usize>>,
    /// Of every port, with or without a cable, its own among the samples of the tick.
    rows: Vec<Range<usize>>,
}

impl Packets {
    fn with_room(readings: usize, ports: usize) -> Packets {
        let [of_port, rows] = [vec![0..0; ports], vec![0..0; ports]];
        Packets { readings: Vec::with_capacity(readings + ports), of_port, rows }
    }

    fn add(&mut self, port: PortId, before: Option<Sample>, run: &[(PortId, Sample)]) {
        let start = self.readings.len();
        self.readings.extend(before);
        self.readings.extend(run.iter().map(|(_, sample)| sample));
        self.of_port[port] = start..self.readings.len();
    }

    /// The port's own among the samples of the tick.
    pub(super) fn rows<'a>(&self, port: PortId, samples: &'a [(PortId, Sample)]) -> &'a [(PortId, Sample)] {
        &samples[self.rows[port].clone()]
    }

    fn of(&self, port: PortId) -> &[Sample] {
        &self.readings[self.of_port[port].clone()]
    }
}

impl Features {
    /// `samples`: by port and time.
    pub(super) fn update_traffic(&mut self, samples: &[(PortId, Sample)]) -> Packets {
        self.update_grid(samples);
        let mut packets = Packets::with_room(samples.len(), self.ports.len());
        let mut next = 0;
        for run in samples.chunk_by(|a, b| a.0 == b.0) {
            let port = run[0].0;
            packets.rows[port] = next..next + run.len();
            next += run.len();
            let (state, topology) = (&mut self.ports[port], &self.topology.ports[port]);
            // In the tick of a restart old and new counts stand side by side.
            if topology.cable.is_some() && state.reset_tick() != Some(self.tick) {
                packets.add(port, state.packets, run);
            }
            state.begin_readings(self.tick);
            let told_ns = state.since_before_ns(run[run.len() - 1].1.ts_ns).unwrap_or(self.tick_ns);
            let setting =
                Setting { bin_ns: self.bin_ns, tick_ns: self.tick_ns, told_ns, planned_bps: topology.planned_bps };
            let had_queue = state.queue.is_some();
            let packets_before = state.packets;
            run.iter().for_each(|&(_, sample)| state.update_traffic(sample, setting));
            if !had_queue && state.queue.is_some() {
                self.ports_with.queues.insert(port);
            }
            if topology.cable.is_some() {
                state.remember(self.tick, run);
                if state.paused_us > 0.0 || !self.stuck.is_empty() {
                    let waits = run.iter().rev().find_map(|(_, sample)| sample.queue_bytes);
                    match state.stood(self.tick, topology.planned_bps, waits) {
                        Stood::Still(since_ns) => _ = self.stuck.entry(port).or_insert(since_ns),
                        Stood::Moved => _ = self.stuck.remove(&port),
                        Stood::Unknown => {}
                    }
                }
            }
            let device = &mut self.devices[topology.device];
            if state.sent.is_some() || state.queue.is_some() {
                let moments = device.moments.get_or_insert_default();
                run.iter().for_each(|(_, sample)| moments.add(sample.ts_ns, self.bin_ns));
            }
            device.seen_ns = device.seen_ns.max(run.last().map(|(_, sample)| sample.ts_ns));
            if self.topology.devices[topology.device].is_switch {
                let balance = device.balance.get_or_insert_default();
                balance.add(state, packets_before, topology.cable.is_some(), self.now_ns);
                if topology.cable.is_some() {
                    state.leave_trail(self.tick);
                }
            }
        }
        self.close_balances();
        packets
    }

    fn close_balances(&mut self) {
        let Features { devices, topology, ports, tick, bin_ns, .. } = self;
        for (state, device) in devices.iter_mut().zip(&topology.devices) {
            if let Some(balance) = &mut state.balance {
                let tells = |&&port: &&PortId| topology.ports[port].cable.is_some() && ports[port].packets.is_some();
                balance.close(*tick, *bin_ns / 2, || device.ports.iter().filter(tells).count());
            }
        }
    }

    pub(super) fn update_cables(&mut self, packets: &Packets) {
        let mut too_narrow: Vec<CableId> = Vec::new();
        for (cable, ends) in self.topology.cables.iter().enumerate() {
            let [a, b] = [ends.a, ends.b].map(|port| packets.of(port));
            if !a.is_empty() && !b.is_empty() && !self.topology.is_contradicted(cable) {
                let bps = self.topology.ports[ends.a].planned_bps;
                if !clocks::update(&mut self.cables[cable], self.tick, a, b, bps) {
                    too_narrow.push(cable);
                }
            }
        }
        for cable in too_narrow {
            let Cable { a, b } = self.topology.cables[cable];
            for device in [a, b].map(|port| self.topology.ports[port].device) {
                clocks::widen_device(&self.topology, device, &mut self.cables);
            }
        }
    }

    /// Whether the two ends of a port's cable count the same packets; `None` where too little has passed to know.
    pub fn ends_agree(&self, port: PortId) -> Option<bool> {
        let ways = &self.cables[self.topology.ports[port].cable?];
        let proven = ways.iter().all(Conservation::is_proven);
        (proven || ways.iter().any(Conservation::is_at_odds)).then_some(proven)
    }

    /// How far a port's stamps may be from those of its far end, in seconds, as far as their counts have shown: what the port
    /// did may have been by so much earlier or later than it seems. Without end where the two count different packets, and 0
    /// where nothing is known. Example: a card whose driver refreshes its counts every 10 s, read once a second, tells of
    /// packets up to 10 s after they were sent; its switch port has counted them long before.
    pub fn stamps_apart_s(&self, port: PortId) -> f64 {
        let ways = self.topology.ports[port].cable.map_or(&[][..], |cable| &self.cables[cable]);
        let apart_s = |way: &Conservation| match way.is_at_odds() {
            true => f64::INFINITY,
            false => f64::from(way.clocks_us()) / 1e6,
        };
        ways.iter().map(apart_s).fold(0.0, f64::max)
    }

    /// How many cables have ends that count different packets.
    pub fn cables_at_odds(&self) -> usize {
        self.cables.iter().filter(|ways| ways.iter().any(Conservation::is_at_odds)).count()
    }
}
