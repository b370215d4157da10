//! The features: what the detectors may know, kept up to date tick by tick.
//!
//! ```text
//! Tick ─► wraps ─► series (resets) ─► ports (traffic, health, link) ─► cables (conservation)
//!                                                 └────────────────► jobs (progress, marks)
//! ```
//! Nothing here judges; everything here is bounded.

mod backlog;
mod bins;
mod clocks;
mod downs;
mod drift;
mod job;
mod link;
mod packed;
mod port;
pub mod readings;
mod sample;
mod saved;
mod series;
mod slots;
pub mod stalls;
pub mod stamps;
mod wraps;

pub use bins::{BINS, Grid};
pub use downs::{Downs, FLAP_MEMORY_NS};
pub use drift::{Conservation, Drift, TICKS};
pub use job::{Disturbed, JobState, Progress, RankMarks, SHORTLY_NS};
pub use link::{Link, Off};
pub use port::{Busy, PortState, SHORT_NS, Service};
pub use readings::{Quality, Read, Reading, Readings};
pub use saved::Saved;

use crate::fabric::{Cable, LinkEvent, PortId, Tick, TickBatch, Topology, is_time};
use crate::fabric::{EntityId, EntityTable};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use sample::{Columns, Health};
pub use sample::{Count, Sample, rise};
use serde::{Deserialize, Serialize};
use series::Series;
use slots::Slots;
use stalls::Stalls;
use std::collections::BTreeSet;
use std::ops::Range;
use weft_wire::plan::Plan;
use weft_wire::{PortChange, Table};
use wraps::Wraps;
pub use wraps::{goes_round, turn};

#[derive(Debug)]
pub struct Features {
    pub topology: Topology,
    pub ports: Vec<PortState>,
    /// By cable: from end a to end b, and back.
    pub cables: Vec<[Conservation; 2]>,
    pub jobs: Vec<JobState>,
    pub devices: Vec<DeviceState>,
    /// Width of the bins of `PortState::sent`: the sampling interval of the fastest rows.
    pub bin_ns: i64,
    pub tick_ns: i64,
    /// Index and end of the last tick taken in, and the index of the one before it.
    pub tick: i64,
    pub tick_before: i64,
    pub now_ns: i64,
    wraps: Wraps,
    series: Series,
    /// Of every counter that a family or a detector asks for.
    pub readings: Readings,
    by_entity: Vec<Option<PortId>>,
    slots: Slots,
    /// Ports that are set down by their administrator.
    set_down: BTreeSet<PortId>,
    /// Ports, ports of jobs, and marks of ranks: what the detectors look at.
    size: usize,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DeviceState {
    /// Event time of the last row of any of its ports.
    pub seen_ns: Option<i64>,
    /// Told by ingest: its collector has been silent since, at this flush period.
    #[serde(skip)]
    pub silent: Option<Silent>,
    /// Ports whose counters fell in this tick.
    #[serde(skip)]
    pub reset_ports: Vec<PortId>,
    /// Only of nodes that tell of themselves.
    stalls: Option<Box<Stalls>>,
}

impl DeviceState {
    pub fn stalls(&self) -> Option<&Stalls> {
        self.stalls.as_deref()
    }

    pub fn forget_stalls(&mut self) {
        self.stalls = None;
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Silent {
    pub since_ns: i64,
    pub flush_period_ns: i64,
}

/// What happened to a link.
enum Told {
    Event(bool),
    Change(PortChange),
    Health(Health),
}

impl Told {
    fn is_down(&self) -> bool {
        match self {
            Told::Event(up) => !up,
            Told::Health(health) => health.link_up == Some(false),
            Told::Change(_) => false,
        }
    }
}

/// Traffic readings, and what was told of links, each sorted by port and time.
type Rows = (Vec<(PortId, Sample)>, Vec<(i64, PortId, Told)>);

/// A tick's readings of the ports that have a cable, each with the last one of packets before it in front.
struct Packets {
    readings: Vec<Sample>,
    of_port: Vec<Range<usize>>,
}

impl Packets {
    fn add(&mut self, port: PortId, before: Option<Sample>, run: &[(PortId, Sample)]) {
        let start = self.readings.len();
        self.readings.extend(before);
        self.readings.extend(run.iter().map(|(_, sample)| sample));
        self.of_port[port] = start..self.readings.len();
    }

    fn of(&self, port: PortId) -> &[Sample] {
        &self.readings[self.of_port[port].clone()]
    }
}

impl Features {
    pub fn new(plan: &Plan, tick_ns: i64) -> Features {
        Features::of(Topology::new(plan), Vec::new(), Slots::default(), tick_ns)
    }

    fn of(topology: Topology, by_entity: Vec<Option<PortId>>, slots: Slots, tick_ns: i64) -> Features {
        let mut features = Features {
            ports: Vec::new(),
            cables: vec![Default::default(); topology.cables.len()],
            jobs: vec![JobState::default(); topology.jobs.len()],
            devices: Vec::new(),
            bin_ns: tick_ns,
            tick_ns,
            tick: i64::MIN,
            tick_before: i64::MIN,
            now_ns: i64::MIN,
            wraps: Wraps::default(),
            series: Series::default(),
            readings: Readings::default(),
            by_entity,
            slots,
            set_down: BTreeSet::new(),
            size: 0,
            topology,
        };
        features.readings.ask(&stalls::READS);
        features.grow();
        features
    }

    /// Room for ports and devices newly seen.
    fn grow(&mut self) {
        self.devices.resize_with(self.topology.devices.len(), DeviceState::default);
        if self.ports.len() == self.topology.ports.len() {
            return;
        }
        self.ports.resize_with(self.topology.ports.len(), PortState::default);
        for job in &self.topology.jobs {
            for port in self.topology.job_ports(job).collect::<Vec<_>>() {
                self.ports[port].sent.get_or_insert_default();
            }
        }
    }

    /// Forgets all but who is cabled to whom, who works for which job, and which entity is which port.
    pub fn begin_anew(&mut self) {
        let (topology, by_entity) = (std::mem::take(&mut self.topology), std::mem::take(&mut self.by_entity));
        let (slots, mut readings) = (std::mem::take(&mut self.slots), std::mem::take(&mut self.readings));
        readings.forget();
        *self = Features { readings, ..Features::of(topology, by_entity, slots, self.tick_ns) };
    }

    /// How many readings a detector may look at in one tick: no data makes a tick last for ever. Of a place it is about, a
    /// detector remembers up to 32 ticks (480 bins of bytes), and looks at each of them for a bounded number of windows or
    /// iterations; so 256 times the 32 for each port, port of a job and rank, and the same for 128 more, are beyond what any
    /// data asks for.
    pub fn budget(&self) -> u64 {
        const LOOKS: usize = 256;
        (LOOKS * TICKS * (128 + self.size)) as u64
    }

    pub fn update(&mut self, tick: &Tick, entities: &EntityTable) {
        (self.tick_before, self.tick, self.now_ns) = (self.tick, tick.index, tick.end_ns);
        for device in &mut self.devices {
            device.silent = None;
            device.reset_ports.clear();
        }
        for port in &mut self.ports {
            (port.damaged, port.discarded, port.paused_us) = (port.damaged / 2.0, port.discarded / 2.0, 0);
        }
        self.slots.learn(entities);
        let batches = self.wraps.straighten(&tick.batches, entities, &self.slots);
        self.update_resets(&batches, entities);
        let (samples, told) = self.read(&batches, &tick.events, entities);
        self.update_links(told);
        let packets = self.update_traffic(&samples);
        self.update_cables(&packets);
        self.update_jobs(tick);
        self.readings.update(tick, &batches, entities, &self.slots);
        self.update_stalls();
        self.update_silence(tick);
    }

    fn port_of(&mut self, entity: EntityId, entities: &EntityTable) -> Option<PortId> {
        let index = entity.0 as usize;
        if self.by_entity.len() <= index {
            self.by_entity.resize(index + 1, None);
        }
        if self.by_entity[index].is_none() {
            let entity = entities.get(entity);
            if !matches!(entity.table, Table::Nic | Table::SwitchPort) {
                return None;
            }
            let id = self.topology.port(&entity.device, &entity.port);
            self.readings.learn_port(id, entity.table, self.slots.of(entity.id));
            self.by_entity[index] = Some(id);
            self.grow();
        }
        self.by_entity[index]
    }

    fn update_resets(&mut self, batches: &[TickBatch], entities: &EntityTable) {
        self.series.forget(self.tick);
        // `extra` has neither counters of its own nor epochs: its rows are about ports that tell theirs elsewhere.
        for batch in batches.iter().filter(|batch| batch.table.is_wide()) {
            let falls = self.series.update(self.tick, batch, &self.slots);
            for (row, fallen, compared) in falls.rows {
                // One counter of many that falls is that counter's own story; a restart takes most of what had counted.
                if u32::from(fallen) * 4 < u32::from(compared) {
                    continue;
                }
                if let Some(port) = self.port_of(batch.entities[row], entities) {
                    self.restart(port);
                }
            }
            let (times, epochs) =
                (batch.batch.column(1).as_primitive::<Int64Type>(), batch.batch.column(3).as_primitive::<Int32Type>());
            for (row, &entity) in batch.entities.iter().enumerate() {
                let Some(port) = self.port_of(entity, entities) else { continue };
                if self.ports[port].tell_epoch(times.value(row), epochs.value(row)) {
                    self.restart(port);
                }
            }
        }
    }

    /// The counters of a port begin anew.
    fn restart(&mut self, port: PortId) {
        let device = self.topology.ports[port].device;
        if !self.devices[device].reset_ports.contains(&port) {
            self.devices[device].reset_ports.push(port);
        }
        self.ports[port].restart(self.tick);
        if let Some(cable) = self.topology.ports[port].cable {
            self.cables[cable].iter_mut().for_each(Conservation::restart);
        }
    }

    fn read(&mut self, batches: &[TickBatch], events: &[LinkEvent], entities: &EntityTable) -> Rows {
        let rows = batches.iter().map(|b| b.batch.num_rows()).sum();
        let (mut samples, mut told) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        for batch in batches.iter().filter(|b| matches!(b.table, Table::Nic | Table::SwitchPort)) {
            let columns = Columns::of(batch);
            for (row, &entity) in batch.entities.iter().enumerate() {
                let Some(port) = self.port_of(entity, entities) else { continue };
                let sample = columns.sample(row);
                if !is_time(sample.ts_ns) {
                    continue;
                }
                if let Some(health) = columns.health(row) {
                    told.push((sample.ts_ns, port, Told::Health(health)));
                }
                samples.push((port, sample));
            }
        }
        for event in events.iter().filter(|event| is_time(event.ts_ns)) {
            if let Some((port, what)) = self.link_event(event) {
                told.push((event.ts_ns, port, what));
            }
        }
        sample::sort(&mut samples);
        told.sort_by_key(|(ts_ns, port, _)| (*port, *ts_ns));
        (samples, told)
    }

    fn link_event(&self, event: &LinkEvent) -> Option<(PortId, Told)> {
        let what = match event.event.as_str() {
            "link_up" => Told::Event(true),
            "link_down" => Told::Event(false),
            kind => Told::Change(PortChange::read(kind, &event.text)?),
        };
        Some((self.topology.find_port(&event.device, &event.port)?, what))
    }

    fn update_links(&mut self, told: Vec<(i64, PortId, Told)>) {
        for (ts_ns, port, told) in told {
            if told.is_down() && self.topology.ports[port].cable.is_some() {
                self.ports[port].link.expect_carrier(ts_ns);
            }
            match told {
                Told::Event(up) => self.ports[port].link.update_carrier(ts_ns, up),
                Told::Health(health) => self.ports[port].tell_health(ts_ns, health),
                Told::Change(change) => {
                    self.ports[port].link.update_interface(ts_ns, change);
                    self.set_down.insert(port);
                }
            }
        }
        self.excuse_far_ends();
    }

    /// The far end of a port that is set down has lost its carrier by that.
    fn excuse_far_ends(&mut self) {
        let Features { set_down, ports, topology, now_ns, .. } = self;
        set_down.retain(|&port| ports[port].link.is_admin_down());
        for &port in set_down.iter() {
            if let (Some(off), Some(far)) = (ports[port].link.off, topology.far(port)) {
                ports[far].link.excuse(off.since_ns, *now_ns);
            }
        }
    }

    fn update_traffic(&mut self, samples: &[(PortId, Sample)]) -> Packets {
        self.measure_interval(samples);
        let readings = Vec::with_capacity(samples.len() + self.ports.len());
        let mut packets = Packets { readings, of_port: vec![0..0; self.ports.len()] };
        for run in samples.chunk_by(|a, b| a.0 == b.0) {
            let port = run[0].0;
            let (state, topology) = (&mut self.ports[port], &self.topology.ports[port]);
            // In the tick of a restart old and new counts stand side by side.
            if topology.cable.is_some() && state.reset_tick != Some(self.tick) {
                packets.add(port, state.packets, run);
            }
            state.begin(self.tick);
            for &(_, sample) in run {
                state.tell_traffic(sample, self.bin_ns, self.tick_ns, topology.planned_bps);
                let device = &mut self.devices[topology.device];
                device.seen_ns = device.seen_ns.max(Some(sample.ts_ns));
            }
        }
        packets
    }

    /// The grid follows the sampling interval most ports have; when that changes, the grid starts afresh.
    fn measure_interval(&mut self, samples: &[(PortId, Sample)]) {
        let mut intervals: Vec<i64> =
            samples.windows(2).filter(|w| w[0].0 == w[1].0).map(|w| w[1].1.ts_ns - w[0].1.ts_ns).collect();
        if intervals.is_empty() {
            return;
        }
        intervals.sort_unstable();
        let wanted = snap(intervals[intervals.len() / 2]).min(self.tick_ns);
        if wanted != self.bin_ns {
            self.bin_ns = wanted;
            self.ports.iter_mut().filter_map(|p| p.sent.as_mut()).for_each(|b| b.clear());
        }
    }

    /// The two ends of a port's cable count the same packets; `None` where too little has passed to know.
    pub fn ends_agree(&self, port: PortId) -> Option<bool> {
        let ways = &self.cables[self.topology.ports[port].cable?];
        let proven = ways.iter().all(Conservation::is_proven);
        (proven || ways.iter().any(Conservation::is_at_odds)).then_some(proven)
    }

    pub fn cables_at_odds(&self) -> usize {
        self.cables.iter().filter(|ways| ways.iter().any(Conservation::is_at_odds)).count()
    }

    fn update_cables(&mut self, packets: &Packets) {
        let mut unheld = Vec::new();
        for (cable, ends) in self.topology.cables.iter().enumerate() {
            let [a, b] = [ends.a, ends.b].map(|port| packets.of(port));
            if !a.is_empty() && !b.is_empty() {
                let bps = self.topology.ports[ends.a].planned_bps;
                if !clocks::tell(&mut self.cables[cable], self.tick, a, b, bps) {
                    unheld.push(cable);
                }
            }
        }
        for cable in unheld {
            let Cable { a, b } = self.topology.cables[cable];
            for device in [a, b].map(|port| self.topology.ports[port].device) {
                clocks::share(&self.topology, device, &mut self.cables);
            }
        }
    }

    fn update_jobs(&mut self, tick: &Tick) {
        self.size = self.ports.len();
        for (job, state) in self.topology.jobs.iter().zip(&mut self.jobs) {
            let (mut bytes, mut told, mut ports) = (0.0, 0usize, 0usize);
            for port in self.topology.job_ports(job) {
                ports += 1;
                let state = &self.ports[port];
                let moved = state.moved(tick.index);
                if let Some(sent) = moved.and_then(|(b, l)| Some((rise(b.tx_bytes, l.tx_bytes)?, l.ts_ns - b.ts_ns))) {
                    bytes += sent.0.max(0) as f64 * self.tick_ns as f64 / sent.1 as f64;
                    told += 1;
                }
            }
            self.size += ports + state.ranks.len();
            if ports > 0 && told > 0 {
                let coverage = told as f64 / ports as f64;
                let length_ns = self.tick_ns;
                state.tell_progress(Progress { start_ns: tick.start_ns, length_ns, bytes, coverage });
            }
        }
        for mark in tick.steps.iter().filter(|mark| is_time(mark.start_ns) && is_time(mark.end_ns)) {
            if let Some(job) = self.topology.jobs.iter().position(|j| j.name == mark.job) {
                self.jobs[job].tell_mark(mark);
            }
        }
    }

    fn update_stalls(&mut self) {
        for (device, state) in self.topology.devices.iter().zip(&mut self.devices) {
            if self.readings.tells(&device.name, &stalls::READS) {
                state.stalls.get_or_insert_default().update(self.tick, &device.name, &self.readings);
            }
        }
    }

    fn update_silence(&mut self, tick: &Tick) {
        for silence in tick.silent.iter().filter(|silence| is_time(silence.last_ns)) {
            for name in &silence.devices {
                let device = self.topology.device(name);
                self.grow();
                let flush_period_ns = silence.flush_period_ns;
                self.devices[device].silent = Some(Silent { since_ns: silence.last_ns, flush_period_ns });
            }
        }
    }
}

/// The nearest round interval: readings jitter, the grid must not.
fn snap(interval_ns: i64) -> i64 {
    const MS: i64 = 1_000_000;
    const ROUND: [i64; 11] = [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000];
    let near = |ms: &i64| (interval_ns as f64 / (*ms * MS) as f64).ln().abs();
    ROUND.into_iter().min_by(|a, b| near(a).total_cmp(&near(b))).unwrap_or(1_000) * MS
}
