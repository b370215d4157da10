//! The features: what detectors may know of the fabric, brought up to date tick by tick.
//!
//! ```text
//!                 ┌─► restarts ─► links and health ─► traffic of ports ─► cables
//! tick ─► wraps ──┤                                          └──────────► jobs
//!                 └─► readings of what is asked for ─► stalls of nodes
//! ```
//! | family | file | what it says |
//! |---|---|---|
//! | ports | `port.rs`, `sample.rs`, `health.rs` | load, service rate, packets damaged, dropped and held up |
//! | damage that a receiver counts | `errors.rs`, `followed.rs`, `episode.rs` | since when more comes than usual, and how surely |
//! | pauses of hosts | `pauses.rs`, `followed.rs`, `episode.rs` | since when a host holds up its switch, and how surely |
//! | queues | `queue/` | whether a queue stands for longer than its link is busy, and than it used to |
//! | the last two minutes | `past.rs` | bytes sent and hot ticks, coarsely |
//! | drops in spite of pauses | `headroom.rs` | since when a switch drops what it has paused for, and how surely |
//! | notifications | `notices.rs` | how many notifications of congestion hosts sent and acted on, and who acts on none |
//! | network cards | `cards.rs` | cards that their drivers give up, and since when they send nothing |
//! | held ports | `stuck.rs` | since when a port has been held by pauses and has sent nothing |
//! | onsets | `bins.rs` | bytes on an even grid of time |
//! | links | `link.rs`, `downs.rs`, `rows.rs` | up, down, how often, and by whose doing |
//! | speeds | `trained.rs` | links that run at a lower speed than they should |
//! | cables | `conservation.rs`, `bounds.rs`, `clocks.rs`, `stamps.rs`, `cables.rs` | packets that one end sent and the other did not receive |
//! | switches | `balance.rs`, `trail.rs` | packets that went in and did not come out, and bytes of each port tick by tick |
//! | jobs | `job.rs`, `steps.rs`, `marked.rs` | how far each job got, and whether it stands still by its marks |
//! | pace of jobs | `pace/` | iterations by bytes alone, how fast they go, and who keeps the others waiting |
//! | nodes | `stalls.rs`, `device.rs` | how much of the time work stood still |
//! | links between GPUs | `gpu_links.rs`, `errors.rs` | down, and since when more errors come than usual |
//! | GPUs | `gpus/` | clocks that are held down, memory that fails, GPUs that are lost |
//! | announced maintenance | `maintenance.rs` | which parts somebody works at, from when until when |
//! | PCIe links of network cards | `pcie.rs` | below what the card can |
//! | counters that began anew | `restarts.rs`, `series.rs`, `wraps.rs` | |
//! | any counter of the catalogue | `readings.rs` | its last readings and what is known of them |
//!
//! Nothing here judges. Everything here is bounded: rings of fixed length a port, a cable, a device and a job.

pub mod balance;
mod bins;
mod bounds;
mod cables;
mod cards;
mod cells;
mod clocks;
mod conservation;
mod device;
mod downs;
pub mod episode;
pub mod errors;
pub mod followed;
pub mod gpu_links;
pub mod gpus;
pub mod headroom;
mod health;
mod job;
mod life;
mod link;
pub mod maintenance;
mod marked;
mod moments;
pub mod notices;
pub mod pace;
mod packed;
mod past;
pub mod pauses;
pub mod pcie;
mod port;
pub mod queue;
pub mod readings;
mod restarts;
mod rows;
mod sample;
mod saved;
mod series;
mod short;
mod slots;
pub mod stalls;
pub mod stamps;
mod steps;
mod stuck;
mod trail;
mod trained;
mod wraps;

pub use bins::{BINS, Grid};
pub use cards::{Card, Silence};
pub use conservation::{Conservation, Difference, TICKS};
pub use device::{DeviceState, Silent};
pub use downs::{Downs, FLAP_MEMORY_NS};
pub use job::{Disturbed, JobState, Progress, RankMarks, SHORTLY_NS};
pub use life::Life;
pub use link::{Link, Off};
pub use marked::Ran;
#[cfg(test)]
pub use marked::tests::job as job_by_marks;
pub use notices::{Hears, Notices};
pub use past::{Heat, Hot, Past, SLOT_TICKS, SLOTS, Slots as PastSlots};
pub use port::{Moved, PortState};
pub use readings::{Quality, Read, Reading, Readings};
pub use sample::{Count, Sample, rise};
pub use saved::Saved;
pub use short::ShortTick;
pub use trail::{TRAIL, Way};
pub use trained::Low;
pub use wraps::{goes_round, turn};

use crate::fabric::{EntityId, EntityTable, PortId, Tick, Topology};
use nonmax::NonMaxU32;
use series::Series;
use slots::Slots;
use std::collections::{BTreeMap, BTreeSet};
use weft_wire::Table;
use weft_wire::plan::Plan;
use wraps::Wraps;

/// How often a detector may go through what is remembered of a place in one tick: for each of its windows, or each iteration
/// of a job. No detector has a tenth as many.
const LOOKS: usize = 256;
/// False alarms that a site allows in a day where it says nothing else: a pager that rings once in ten days for nothing.
pub const FALSE_ALARMS: f64 = 0.1;
/// Counters that the features' own families want to find in [`Features::readings`].
const OWN_READS: [&[Read]; 2] = [&stalls::READS, &[life::READ]];
/// As many ports are allowed for in a fabric that has none.
const LEAST_PORTS: usize = 128;

#[derive(Debug)]
pub struct Features {
    pub topology: Topology,
    pub ports: Vec<PortState>,
    /// By cable: from end a to end b, and back.
    pub cables: Vec<[Conservation; 2]>,
    pub jobs: Vec<JobState>,
    pub devices: Vec<DeviceState>,
    /// Width of the bins of `PortState::sent`: the interval at which most ports are read.
    pub bin_ns: i64,
    pub tick_ns: i64,
    /// False alarms that are allowed in a day, of all detectors in the whole fabric together. Not a part of what is remembered:
    /// each process says its own.
    pub false_alarms: f64,
    /// How many nodes the fabric has, or one.
    pub nodes: usize,
    /// Index and end of the last tick taken in, and the index of the one before it.
    pub tick: i64,
    pub tick_before: i64,
    pub now_ns: i64,
    wraps: Wraps,
    series: Series,
    /// Of every counter that a family or a detector asks for.
    pub readings: Readings,
    pub gpus: gpus::Gpus,
    pub gpu_links: gpu_links::GpuLinks,
    pub pcie: pcie::Pcie,
    /// What was announced of parts that somebody works at.
    pub maintenance: maintenance::Maintenance,
    by_entity: Vec<Option<NonMaxU32>>,
    slots: Slots,
    /// Ports that are set down by their administrator.
    set_down: BTreeSet<PortId>,
    /// Ports whose links run at a lower speed than they should.
    pub trained_low: BTreeMap<PortId, Low>,
    /// Ports that stand still, each with the moment since when, ns ([`stuck`]). Empty in a sound fabric.
    pub stuck: BTreeMap<PortId, i64>,
    /// Ports of which a driver said that their card does not answer.
    pub cards: BTreeMap<PortId, Card>,
    /// What all hosts sent and acted on of notifications of congestion.
    pub notices: Option<Box<Notices>>,
    /// At least the ports whose links are not settled in this tick, see [`Link::is_settled`].
    pub unsettled: BTreeSet<PortId>,
    pub ports_with: PortsWith,
    /// Ports that told of errors in this tick; one may stand there twice.
    erring: Vec<PortId>,
    /// The same of hosts' ports and of pauses.
    pausing: Vec<PortId>,
    /// Ports that dropped packets on arrival in this tick, and how many; one may stand there twice.
    discarding: Vec<(PortId, f32)>,
    /// What counters of notifications rose by in this tick: port, counter, rise.
    noticing: Vec<(PortId, usize, f32)>,
    /// How many ports, ports of jobs, hosts of jobs and ranks there are: what the detectors look at.
    size: usize,
}

/// Ports that remember what most ports do not, so that no tick goes through all ports of a fabric to find them. At least these:
/// a port stays here whose state was forgotten.
#[derive(Clone, Debug, Default)]
pub struct PortsWith {
    pub errors: BTreeSet<PortId>,
    /// More pauses than before, as it seems: in a healthy fabric every host may pause its switch at times.
    pub pauses: BTreeSet<PortId>,
    pub queues: BTreeSet<PortId>,
}

impl PortsWith {
    fn among(ports: &[PortState]) -> PortsWith {
        let with = |has: fn(&PortState) -> bool| (0..ports.len()).filter(|&port| has(&ports[port])).collect();
        PortsWith {
            errors: with(|port| port.errors.is_some()),
            pauses: with(|port| !port.pauses.is_empty()),
            queues: with(|port| port.queue.is_some()),
        }
    }
}

impl Features {
    pub fn new(plan: &Plan, tick_ns: i64) -> Features {
        Features::of(Topology::new(plan), Vec::new(), Slots::default(), tick_ns)
    }

    fn of(topology: Topology, by_entity: Vec<Option<NonMaxU32>>, slots: Slots, tick_ns: i64) -> Features {
        let mut features = Features {
            ports: Vec::new(),
            cables: vec![Default::default(); topology.cables.len()],
            jobs: vec![JobState::default(); topology.jobs.len()],
            devices: Vec::new(),
            bin_ns: tick_ns,
            tick_ns,
            false_alarms: FALSE_ALARMS,
            nodes: 1,
            tick: i64::MIN,
            tick_before: i64::MIN,
            now_ns: i64::MIN,
            wraps: Wraps::default(),
            series: Series::default(),
            readings: Readings::default(),
            gpus: Default::default(),
            gpu_links: Default::default(),
            pcie: Default::default(),
            maintenance: Default::default(),
            by_entity,
            slots,
            set_down: BTreeSet::new(),
            trained_low: BTreeMap::new(),
            stuck: BTreeMap::new(),
            cards: BTreeMap::new(),
            notices: None,
            noticing: Vec::new(),
            unsettled: BTreeSet::new(),
            ports_with: PortsWith::default(),
            erring: Vec::new(),
            pausing: Vec::new(),
            discarding: Vec::new(),
            size: 0,
            topology,
        };
        features.readings.keep(&OWN_READS.concat());
        features.grow();
        features
    }

    /// From here on the counters of the features' own families and these are kept in [`Features::readings`].
    pub fn ask(&mut self, reads: impl IntoIterator<Item = Read>) {
        let reads: Vec<Read> = OWN_READS.concat().into_iter().chain(reads).collect();
        self.readings.keep(&reads);
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

    /// Forgets all but who is cabled to whom, who works for which job, which entity is which port, and what was announced.
    pub fn begin_anew(&mut self) {
        let (topology, by_entity) = (std::mem::take(&mut self.topology), std::mem::take(&mut self.by_entity));
        let (slots, mut readings) = (std::mem::take(&mut self.slots), std::mem::take(&mut self.readings));
        let maintenance = std::mem::take(&mut self.maintenance);
        readings.forget();
        let Features { tick_ns, false_alarms, .. } = *self;
        *self = Features { readings, false_alarms, maintenance, ..Features::of(topology, by_entity, slots, tick_ns) };
    }

    /// How many readings a detector may look at in one tick, so that no data makes a tick last for ever: of each port, port of
    /// a job, host of a job and rank all that is remembered, which is up to [`TICKS`] ticks, for as many windows or iterations as any
    /// detector has.
    pub fn budget(&self) -> u64 {
        (LOOKS * TICKS * (LEAST_PORTS + self.size)) as u64
    }

    pub fn update(&mut self, tick: &Tick, entities: &EntityTable) {
        (self.tick_before, self.tick, self.now_ns) = (self.tick, tick.index, tick.end_ns);
        self.devices.iter_mut().for_each(DeviceState::begin_tick);
        self.ports.iter_mut().for_each(PortState::begin_tick);
        self.slots.learn(entities);
        self.update_maintenance(&tick.events);
        self.nodes = self.topology.devices.iter().filter(|device| !device.is_switch).count().max(1);
        let batches = self.wraps.straighten(&tick.batches, entities, &self.slots);
        self.update_restarts(&batches, entities);
        self.update_gpus(&batches, &tick.events, entities);
        self.update_gpu_links(&batches, entities);
        self.update_pcie(&batches, entities);
        let rows = self.rows(&batches, &tick.events, entities);
        self.update_links(rows.news);
        self.end_maintenance();
        let packets = self.update_traffic(&rows.samples);
        self.update_errors();
        self.update_pauses();
        self.update_headroom();
        self.update_cables(&packets);
        self.update_pace(&rows.samples, &packets);
        self.update_jobs(tick);
        self.readings.update(tick, &batches, entities, &self.slots);
        self.update_stalls();
        self.update_life();
        self.update_notices();
        self.update_silence(tick);
        self.update_cards(&tick.events);
    }

    /// The port of the fabric that an entity is, new or known; `None` of an entity of another table.
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
            self.by_entity[index] = NonMaxU32::new(id as u32);
            self.grow();
        }
        self.by_entity[index].map(|port| port.get() as PortId)
    }
}
