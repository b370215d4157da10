//! For unit tests: ticks made of plain readings, and a small fabric whose traffic a test describes.

use crate::engine::{Engine, EngineConfig, Outcome};
use crate::fabric::{Entity, EntityId, EntityTable};
use crate::fabric::{LinkEvent, Silence, StepMark, Tick, TickBatch};
use crate::incident::{Incident, State};
use std::collections::BTreeMap;
use std::sync::Arc;
use weft_wire::plan::{Plan, PlanCable, PlanDevice, PlanJob, PlanPort};
use weft_wire::{CounterSource, Overflow, Profile, Table, TableSchema, TableWriter};

pub const SECOND: i64 = 1_000_000_000;
pub const SAMPLE: i64 = SECOND / 10;

/// `hosts` hosts, each with one 100 Mbit port `eth1` cabled to `leaf`'s `swp<i>`, all in job `train`.
pub fn star(hosts: usize) -> Plan {
    let device =
        |name: &str, kind: &str| PlanDevice { device: name.into(), kind: kind.into(), ..PlanDevice::default() };
    let port = |device: &str, port: &str, table: &str| PlanPort {
        device: device.into(),
        port: port.into(),
        table: table.into(),
        speed_bps: Some(100_000_000),
        ..PlanPort::default()
    };
    let mut plan = Plan { devices: vec![device("leaf", "switch")], ..Plan::default() };
    for i in 0..hosts {
        let (host, swp) = (format!("h{i}"), format!("swp{i}"));
        plan.devices.push(device(&host, "node"));
        plan.ports.extend([port(&host, "eth1", "nic"), port("leaf", &swp, "switch_port")]);
        plan.cables.push(PlanCable {
            a_device: host.clone(),
            a_port: "eth1".into(),
            b_device: "leaf".into(),
            b_port: swp,
        });
        plan.jobs.push(PlanJob { job: "train".into(), device: host, ..PlanJob::default() });
    }
    plan
}

/// An engine and the counters of the ports it is told of.
pub struct Scene {
    pub engine: Engine,
    pub entities: EntityTable,
    pub tick: i64,
    /// Cumulative (sent bytes, received bytes, sent packets, received packets, errors, discards) by device and port.
    counters: BTreeMap<(String, String), [f64; 6]>,
    /// Cumulative pressure by host and counter, µs.
    pressure: BTreeMap<(String, &'static str), f64>,
    pub incidents: BTreeMap<String, Incident>,
    /// Bits of the byte counters, where they are narrower than their column and wrap.
    pub narrow: Option<u8>,
}

/// What one sampling interval did to one end of a cable.
#[derive(Clone, Copy, Default)]
pub struct Interval {
    pub sent: f64,
    /// What the other end sends. `None`: as much, so that both ways of a cable are busy.
    pub back: Option<f64>,
    /// Of the packets sent, the part that never arrives.
    pub lost: f64,
    pub queue_bytes: f64,
    /// Who counts the lost packets.
    pub counted: Counted,
}

#[derive(Clone, Copy, Default, PartialEq)]
pub enum Counted {
    #[default]
    Nobody,
    AsErrors,
    AsDiscards,
}

/// Time, counters and queue of one end.
pub type Reading = (i64, [f64; 6], f64);

/// A device, one of its ports, and counters of that port with their values.
pub type PortCounters = (&'static str, &'static str, &'static [(&'static str, f64)]);

/// What a test adds to a tick.
#[derive(Default)]
pub struct Extra {
    pub events: Vec<LinkEvent>,
    pub steps: Vec<StepMark>,
    pub silent: Vec<Silence>,
    /// Hosts that tell of themselves, and the share of this second that their tasks waited for a CPU.
    pub pressure: Vec<(String, f64)>,
    /// The same for a disk.
    pub io: Vec<(String, f64)>,
    /// Counters of ports that are read once in this second, beside those that the scene tells of every port:
    /// `("h1", "eth1", &[("pcie_width", 8.0)])`; of a GPU `gpu3`, of a link between GPUs `gpu3/link7`.
    pub told: Vec<PortCounters>,
    /// Devices that tell nothing.
    pub mute: Vec<String>,
}

impl Scene {
    pub fn new(plan: Plan) -> Scene {
        let counters = plan.ports.iter().map(|p| ((p.device.clone(), p.port.clone()), [1e6; 6])).collect();
        let engine = Engine::new(plan, EngineConfig::of_tick(SECOND));
        Scene {
            engine,
            entities: EntityTable::default(),
            tick: 1_000,
            counters,
            pressure: BTreeMap::new(),
            incidents: BTreeMap::new(),
            narrow: None,
        }
    }

    pub fn now_ns(&self) -> i64 {
        self.tick * SECOND
    }

    pub fn restart_counters(&mut self, device: &str) {
        self.counters.iter_mut().filter(|(k, _)| k.0 == device).for_each(|(_, c)| *c = [0.0; 6]);
    }

    /// One second at ten readings; `traffic` says what the cable of each host carries in an interval that begins at `ts_ns`.
    pub fn second(&mut self, traffic: impl Fn(&str, i64) -> Interval, extra: Extra) -> Outcome {
        let mut rows: BTreeMap<(String, String), Vec<Reading>> = BTreeMap::new();
        let hosts: Vec<String> = self.counters.keys().filter(|k| k.0 != "leaf").map(|k| k.0.clone()).collect();
        let begin_ns = self.now_ns();
        for at in (0..10).map(|i| begin_ns + i * SAMPLE) {
            for host in &hosts {
                let did = traffic(host, at);
                let back = did.back.unwrap_or(did.sent);
                let packets = |bytes: f64| (bytes / 1000.0).round();
                let (own, far) = ((host.clone(), "eth1".to_owned()), ("leaf".to_owned(), format!("swp{}", &host[1..])));
                for (end, tx, rx, lost) in [(&own, did.sent, back, 0.0), (&far, back, did.sent, did.lost)] {
                    let counters = self.counters.get_mut(end).expect("planned");
                    let counted = |by: Counted| if did.counted == by { packets(rx) * lost } else { 0.0 };
                    let (errors, discards) = (counted(Counted::AsErrors), counted(Counted::AsDiscards));
                    let arrives = 1.0 - lost;
                    let change = [tx, rx * arrives, packets(tx), packets(rx) * arrives, errors, discards];
                    counters.iter_mut().zip(change).for_each(|(c, d)| *c += d);
                    let queue = if end == &own { did.queue_bytes } else { 0.0 };
                    rows.entry(end.clone()).or_default().push((at + SAMPLE - 1, *counters, queue));
                }
            }
        }
        rows.retain(|(device, _), _| !extra.mute.contains(device));
        let mut batches: Vec<TickBatch> =
            rows.into_iter().map(|((device, port), readings)| self.batch(device, port, &readings)).collect();
        let (start_ns, end_ns) = (self.now_ns(), self.now_ns() + SECOND);
        let Extra { events, steps, silent, pressure, io, told, .. } = extra;
        for (counter, waits) in [("cpu_pressure_us", pressure), ("io_pressure_us", io)] {
            batches.extend(waits.into_iter().map(|(host, share)| self.host_batch(host, counter, share)));
        }
        batches.extend(told.into_iter().map(|(host, port, counters)| self.told_batch(host, port, counters)));
        let tick = Tick { index: self.tick, start_ns, end_ns, batches, events, steps, silent };
        self.tick += 1;
        let outcome = self.engine.on_tick(&tick, &self.entities);
        self.incidents.extend(outcome.incidents.iter().map(|i| (i.id.clone(), i.clone())));
        outcome
    }

    /// Goes on under another plan.
    pub fn replan(&mut self, plan: &Plan) {
        let over = self.engine.replan(plan, &self.entities);
        self.incidents.extend(over.into_iter().map(|i| (i.id.clone(), i)));
    }

    pub fn batch(&mut self, device: String, port: String, readings: &[Reading]) -> TickBatch {
        const COUNTERS: [&str; 7] =
            ["tx_bytes", "rx_bytes", "tx_packets", "rx_packets", "rx_errors", "rx_discards", "queue_bytes"];
        let table = table_of(&device, &port);
        let schema = Arc::new(TableSchema::wide(table, &COUNTERS).expect("catalogue counters"));
        let mut writer = TableWriter::new(schema.clone());
        for (ts_ns, counters, queue) in readings {
            writer.begin_row(0, *ts_ns, None, 0);
            for (column, value) in counters.iter().chain([queue]).enumerate() {
                let bits = self.narrow.filter(|_| COUNTERS[column].ends_with("x_bytes"));
                writer.set_float(column, bits.map_or(*value, |bits| value % f64::from(bits).exp2()));
            }
        }
        self.tick_batch(table, schema, writer, &device, &port)
    }

    fn host_batch(&mut self, host: String, counter: &'static str, share: f64) -> TickBatch {
        let ts_ns = self.now_ns() + SECOND - 1;
        let schema = Arc::new(TableSchema::wide(Table::Host, &[counter]).expect("catalogue counter"));
        let mut writer = TableWriter::new(schema.clone());
        let stood_us = self.pressure.entry((host.clone(), counter)).or_insert(1e9);
        *stood_us += share * 1e6;
        writer.begin_row(0, ts_ns, None, 0);
        writer.set_float(0, *stood_us);
        self.tick_batch(Table::Host, schema, writer, &host, "")
    }

    fn told_batch(&mut self, device: &str, port: &str, counters: &[(&str, f64)]) -> TickBatch {
        let table = table_of(device, port);
        let (schema, writer) = row(table, self.now_ns() + SECOND - 1, counters);
        self.tick_batch(table, schema, writer, device, port)
    }

    fn profile(&self) -> Arc<Profile> {
        let narrow = |counter: &str| CounterSource {
            counter: counter.into(),
            source: "test".into(),
            raw_name: counter.into(),
            bits: self.narrow.unwrap_or(64),
            overflow: Overflow::Wrap,
            period_ms: 0,
        };
        let counters = if self.narrow.is_some() { vec![narrow("tx_bytes"), narrow("rx_bytes")] } else { Vec::new() };
        Arc::new(Profile { counters })
    }

    fn tick_batch(
        &mut self,
        table: Table,
        schema: Arc<TableSchema>,
        mut writer: TableWriter,
        device: &str,
        port: &str,
    ) -> TickBatch {
        let entity = entity(table, device, port, self.profile());
        let id = self.entities.describe(entity);
        let batch = writer.finish().expect("rows of the schema");
        TickBatch { table, schema, entities: vec![id; batch.num_rows()], batch }
    }

    /// (class, culprit device, culprit port) of every incident that opened, whatever became of it.
    pub fn opened(&self) -> Vec<(String, String, String)> {
        let opened = self.incidents.values().filter(|i| i.opened_ns.is_some());
        let at = |incident: &Incident| {
            let culprit = incident.culprits.first();
            culprit.map(|culprit| (culprit.device.clone(), culprit.port.clone())).unwrap_or_default()
        };
        opened.map(|incident| (incident.class.clone(), at(incident))).map(|(class, at)| (class, at.0, at.1)).collect()
    }

    pub fn open(&self) -> Vec<&Incident> {
        self.incidents.values().filter(|i| i.state == State::Open).collect()
    }
}

fn table_of(device: &str, port: &str) -> Table {
    match port {
        _ if device == "leaf" => Table::SwitchPort,
        gpu if gpu.starts_with("gpu") => {
            if gpu.contains('/') {
                Table::GpuLink
            } else {
                Table::Gpu
            }
        }
        _ => Table::Nic,
    }
}

fn row(table: Table, ts_ns: i64, counters: &[(&str, f64)]) -> (Arc<TableSchema>, TableWriter) {
    let names: Vec<&str> = counters.iter().map(|(name, _)| *name).collect();
    let schema = Arc::new(TableSchema::wide(table, &names).expect("counters of the catalogue"));
    let mut writer = TableWriter::new(schema.clone());
    writer.begin_row(0, ts_ns, None, 0);
    counters.iter().enumerate().for_each(|(column, (_, value))| writer.set_float(column, *value));
    (schema, writer)
}

/// A row of a network card that tells these counters and no others.
pub fn told(counters: &[(&str, f64)]) -> TickBatch {
    let (schema, mut writer) = row(Table::Nic, SECOND, counters);
    let batch = writer.finish().expect("a row of the schema");
    TickBatch { table: Table::Nic, schema, entities: vec![EntityId(0)], batch }
}

/// An iteration of `period`: silent for its first half, then sending at full rate. `late` shortens the sending from the front.
pub fn iteration(at_ns: i64, period: i64, late: i64) -> Interval {
    let phase = at_ns.rem_euclid(period);
    let sending = phase >= period / 2 + late;
    Interval { sent: if sending { 1_250_000.0 } else { 0.0 }, ..Interval::default() }
}

/// The ports `eth0` of these hosts, in this order.
pub fn entities(hosts: &[&str]) -> EntityTable {
    let mut entities = EntityTable::default();
    hosts.iter().for_each(|host| _ = entities.describe(entity(Table::Nic, host, "eth0", Arc::default())));
    entities
}

fn entity(table: Table, device: &str, port: &str, profile: Arc<Profile>) -> Entity {
    Entity {
        id: EntityId(0),
        table,
        slot: 0,
        device: device.into(),
        port: port.into(),
        driver: "".into(),
        collector: device.into(),
        speed_bps: None,
        epoch: 0,
        profile,
    }
}

pub fn event(ts_ns: i64, device: &str, port: &str, event: &str) -> LinkEvent {
    LinkEvent { ts_ns, device: device.into(), port: port.into(), event: event.into(), text: String::new() }
}

/// The preview of a host's link that goes down.
pub fn down_of(host: &str) -> Incident {
    let mut scene = Scene::new(star(4));
    let events = vec![event(scene.now_ns(), host, "eth1", "link_up")];
    scene.second(|_, at| iteration(at, 1_070_000_000, 0), Extra { events, ..Extra::default() });
    let down = event(scene.now_ns() + SAMPLE, host, "eth1", "link_down");
    scene.engine.preview(&down).remove(0)
}
