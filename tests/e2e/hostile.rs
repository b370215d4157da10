//! Counters and clocks that do anything, told through ingest and the engine as any others: nothing hangs, nothing fails,
//! and a link of a sound device that goes down afterwards is named.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeMap;
use std::sync::Arc;
use weft_analyzer::ingest::{Ingest, IngestConfig, IngestEvent};
use weft_judge::engine::{Engine, EngineConfig};
use weft_judge::incident::{Incident, State};
use weft_wire::plan::{Plan, PlanCable, PlanDevice, PlanJob, PlanPort};
use weft_wire::*;

const CASES: u32 = 256;
const S: i64 = 1_000_000_000;
const BEGAN: i64 = 1_780_000_000 * S;
/// Sound seconds before and after the hostile ones.
const BEFORE: usize = 4;
const AFTER: usize = 8;
const HOSTS: usize = 4;
const COUNTERS: [&str; 9] = [
    "tx_bytes",
    "rx_bytes",
    "tx_packets",
    "rx_packets",
    "link_up",
    "link_down_events",
    "rx_errors",
    "rx_discards",
    "rx_pause_us",
];

/// What a counter of the hostile host does in a second.
#[derive(Clone, Copy, Debug)]
enum Move {
    Rise(i64),
    Fall(i64),
    To(i64),
    Stand,
    Absent,
    Round(u8),
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        4 => (0..1_i64 << 40).prop_map(Move::Rise),
        2 => (0..1_i64 << 40).prop_map(Move::Fall),
        2 => any::<i64>().prop_map(Move::To),
        1 => prop_oneof![Just(i64::MIN), Just(i64::MAX - 1), Just(0), Just(-1)].prop_map(Move::To),
        2 => Just(Move::Stand),
        1 => Just(Move::Absent),
        3 => (1..63_u8).prop_map(Move::Round),
    ]
}

/// What the hostile collector's stamps are away from the true time.
fn stamps() -> impl Strategy<Value = Stamp> {
    prop_oneof![
        6 => Just(Stamp::Off(0)),
        3 => (-8 * S..8 * S).prop_map(Stamp::Off),
        3 => (-90_000 * S..90_000 * S).prop_map(Stamp::Off),
        2 => any::<i64>().prop_map(Stamp::At),
        2 => prop_oneof![Just(0), Just(i64::MIN), Just(i64::MAX), Just(4_000_000_000 * S), Just(1 << 62)].prop_map(Stamp::At),
    ]
}

#[derive(Clone, Copy, Debug)]
enum Stamp {
    Off(i64),
    At(i64),
}

impl Stamp {
    fn of(self, ts_ns: i64) -> i64 {
        match self {
            Stamp::Off(by) => ts_ns.saturating_add(by),
            Stamp::At(at) => at,
        }
    }
}

#[derive(Clone, Debug)]
struct Second {
    counters: [Move; COUNTERS.len()],
    rows: Stamp,
    flush: Stamp,
    mark: (i64, i64, i64),
}

fn seconds() -> impl Strategy<Value = Vec<Second>> {
    let counters = prop::array::uniform9(moves());
    let second = (counters, stamps(), stamps(), any::<(i64, i64, i64)>());
    let second = second.prop_map(|(counters, rows, flush, mark)| Second { counters, rows, flush, mark });
    prop::collection::vec(second, 1..16)
}

#[derive(Clone, Debug)]
struct World {
    seconds: Vec<Second>,
    /// Declared width of each counter of the hostile host; 64 declares nothing.
    bits: [u8; COUNTERS.len()],
    /// One collector tells of all devices, so that its stamps are everybody's.
    alone: bool,
    close_early: bool,
}

fn worlds() -> impl Strategy<Value = World> {
    let bits = prop::array::uniform9(prop_oneof![Just(64_u8), 1..=64_u8]);
    let world = (seconds(), bits, any::<bool>(), any::<bool>());
    world.prop_map(|(seconds, bits, alone, close_early)| World { seconds, bits, alone, close_early })
}

fn device(host: usize) -> String {
    if host == HOSTS { "leaf".into() } else { format!("h{host}") }
}

/// Each host cabled to a leaf; the hostile one, 0, has a port without a cable besides.
fn plan() -> Plan {
    let mut plan = Plan::default();
    for host in 0..=HOSTS {
        let kind = if host == HOSTS { "switch" } else { "node" };
        plan.devices.push(PlanDevice { device: device(host), kind: kind.into(), ..PlanDevice::default() });
    }
    for host in 0..HOSTS {
        for (device, port, table) in
            [(device(host), "eth0".to_owned(), "nic"), ("leaf".into(), format!("swp{host}"), "switch_port")]
        {
            let speed_bps = Some(100_000_000_000);
            plan.ports.push(PlanPort { device, port, table: table.into(), speed_bps, ..PlanPort::default() });
        }
        let (b_device, b_port) = ("leaf".into(), format!("swp{host}"));
        plan.cables.push(PlanCable { a_device: device(host), a_port: "eth0".into(), b_device, b_port });
        plan.jobs.push(PlanJob { job: "train".into(), device: device(host), ..PlanJob::default() });
    }
    plan
}

/// The ports a device tells of.
fn ports(host: usize) -> Vec<(String, Table)> {
    match host {
        0 => vec![("eth0".into(), Table::Nic), ("eth9".into(), Table::Nic)],
        HOSTS => (0..HOSTS).map(|host| (format!("swp{host}"), Table::SwitchPort)).collect(),
        _ => vec![("eth0".into(), Table::Nic)],
    }
}

struct Told {
    ingest: Ingest,
    engine: Engine,
    incidents: BTreeMap<String, Incident>,
    dropped: usize,
    sequences: [u64; HOSTS + 1],
    /// Of the hostile host.
    counters: [i64; COUNTERS.len()],
}

impl Told {
    fn new(world: &World) -> Told {
        let config = IngestConfig { close_early: world.close_early, ..IngestConfig::default() };
        Told {
            ingest: Ingest::new(config),
            engine: Engine::new(plan(), EngineConfig::of_tick(S)),
            incidents: BTreeMap::new(),
            dropped: 0,
            sequences: [0; HOSTS + 1],
            counters: [1_000; COUNTERS.len()],
        }
    }

    fn push(&mut self, frame: &Frame) {
        let bytes = frame.encode().unwrap().into();
        let events = self.ingest.push(&frame.collector, &bytes);
        self.judge(events);
    }

    fn judge(&mut self, events: Vec<IngestEvent>) {
        for event in events {
            match event {
                IngestEvent::Tick(tick) => {
                    let outcome = self.engine.on_tick(&tick, self.ingest.entities());
                    self.dropped += outcome.dropped.len();
                    self.incidents.extend(outcome.incidents.into_iter().map(|i| (i.id.clone(), i)));
                }
                IngestEvent::Preview(event) => drop(self.engine.preview(&event)),
                IngestEvent::DeadLetter { reason, .. } => assert!(!reason.contains("weft failed"), "{reason}"),
                _ => {}
            }
        }
    }

    /// One second of all devices; `hostile` is what host 0 does, `down` whether the link of host 3 is.
    fn second(&mut self, world: &World, second: usize, hostile: Option<&Second>, down: bool) {
        if let Some(hostile) = hostile {
            hostile.counters.iter().zip(&mut self.counters).for_each(|(by, count)| *count = moved(*count, *by));
        }
        let mut frames: Vec<Frame> = Vec::new();
        for host in 0..=HOSTS {
            let is_hostile = hostile.filter(|_| host == 0 || world.alone);
            let sections = self.sections(host, second, hostile, down);
            if world.alone && host > 0 {
                frames[0].sections.extend(sections);
                continue;
            }
            let flush_ts_ns = BEGAN + (second as i64 + 1) * S;
            let flush_ts_ns = is_hostile.map_or(flush_ts_ns, |hostile| hostile.flush.of(flush_ts_ns));
            let sequence = self.sequences[host];
            self.sequences[host] += 1;
            frames.push(Frame {
                collector: device(host),
                boot: 1,
                sequence,
                flush_ts_ns,
                clock_error_us: None,
                inventory_version: 1,
                dropped_frames: 0,
                inventory: (sequence == 0).then(|| inventory(host, world)),
                sections,
            });
        }
        frames.iter().for_each(|frame| self.push(frame));
    }

    fn sections(&self, host: usize, second: usize, hostile: Option<&Second>, down: bool) -> Vec<Section> {
        let hostile = hostile.filter(|_| host == 0);
        let table = ports(host)[0].1;
        let schema = Arc::new(TableSchema::wide(table, &COUNTERS).unwrap());
        let mut writer = TableWriter::new(schema.clone());
        for (index, (port, _)) in ports(host).into_iter().enumerate() {
            let ts_ns = BEGAN + second as i64 * S + S / 2 + host as i64 * S / 100;
            let ts_ns = hostile.map_or(ts_ns, |hostile| hostile.rows.of(ts_ns));
            writer.begin_row(index as i32 + host as i32 * 100, ts_ns, None, 0);
            let is_down = down && (host == 3 || port == "swp3");
            for (column, counter) in COUNTERS.iter().enumerate() {
                let sound = match *counter {
                    "link_up" => i64::from(!is_down),
                    "link_down_events" => i64::from(is_down),
                    "rx_errors" | "rx_discards" | "rx_pause_us" => 0,
                    _ => second as i64 * 1_000_000 + 1,
                };
                let absent = hostile.is_some_and(|hostile| matches!(hostile.counters[column], Move::Absent));
                let value = if host == 0 { self.counters[column] } else { sound };
                if !absent {
                    writer.set_int(column, 0, value);
                }
            }
        }
        let mut sections = vec![Section { schema, batch: writer.finish().unwrap() }];
        if let Some((step, start_ns, end_ns)) = hostile.map(|hostile| hostile.mark) {
            let end_ns = if step % 2 == 0 { BEGAN + second as i64 * S } else { end_ns };
            let (rank, gpu, extra) = (0, None, String::new());
            let (device, job, phase) = (device(host), "train".into(), "compute".into());
            let mark = StepRow { device, job, rank, gpu, step, phase, start_ns, end_ns, extra };
            let schema = Arc::new(TableSchema::fixed(Table::Step).unwrap());
            sections.push(Section { schema, batch: StepRow::batch(&[mark]).unwrap() });
        }
        sections
    }
}

fn moved(count: i64, by: Move) -> i64 {
    match by {
        Move::Rise(by) => count.saturating_add(by),
        Move::Fall(by) => count.saturating_sub(by),
        Move::To(to) => to,
        Move::Stand | Move::Absent => count,
        Move::Round(bits) => count.saturating_add((1 << bits) / 3).rem_euclid(1 << bits),
    }
}

fn inventory(host: usize, world: &World) -> Inventory {
    let hosts: Vec<usize> = if world.alone { (0..=HOSTS).collect() } else { vec![host] };
    let descriptor = |host: usize| DeviceDescriptor {
        device: device(host),
        kind: if host == HOSTS { DeviceKind::Switch } else { DeviceKind::Node },
        boot_id: String::new(),
        labels: BTreeMap::new(),
    };
    let port = |host: usize, (index, (port, table)): (usize, (String, Table))| PortDescriptor {
        index: index as i32 + host as i32 * 100,
        table,
        device: device(host),
        port,
        driver: String::new(),
        speed_bps: Some(100_000_000_000),
        epoch: 0,
        part: Part::default(),
        position: String::new(),
        profile: u32::from(host > 0),
        labels: BTreeMap::new(),
    };
    let source = |(counter, bits): (&str, u8)| CounterSource {
        counter: counter.to_owned(),
        source: "test".into(),
        raw_name: String::new(),
        bits,
        overflow: Overflow::Wrap,
        period_ms: 0,
    };
    let narrow = Profile { counters: COUNTERS.into_iter().zip(world.bits).map(source).collect() };
    Inventory {
        collector: device(host),
        boot: 1,
        version: 1,
        devices: hosts.iter().map(|&host| descriptor(host)).collect(),
        ports: hosts.iter().flat_map(|&host| ports(host).into_iter().enumerate().map(move |p| port(host, p))).collect(),
        profiles: vec![narrow, Profile::default()],
        schemas: [Table::Nic, Table::SwitchPort].map(|table| TableSchema::wide(table, &COUNTERS).unwrap()).to_vec(),
        flush_period_ms: 1000,
        neighbors: Vec::new(),
    }
}

fn survives(world: &World) -> Result<(), TestCaseError> {
    let mut told = Told::new(world);
    let mut second = 0;
    let mut next = |told: &mut Told, hostile: Option<&Second>, down: bool| {
        told.second(world, second, hostile, down);
        second += 1;
    };
    (0..BEFORE).for_each(|_| next(&mut told, None, false));
    world.seconds.iter().for_each(|hostile| next(&mut told, Some(hostile), false));
    (0..AFTER).for_each(|_| next(&mut told, None, false));
    (0..AFTER).for_each(|_| next(&mut told, None, true));
    let events = told.ingest.finish();
    told.judge(events);
    prop_assert_eq!(told.dropped, 0);
    let of_3 = |i: &&Incident| i.class == "link_down" && i.state == State::Open && i.culprits[0].device == "h3";
    prop_assert!(told.incidents.values().any(|i| of_3(&i)), "{:#?}", told.incidents.values().collect::<Vec<_>>());
    Ok(())
}

#[test]
fn whatever_counters_and_clocks_do_the_others_are_judged() {
    // The same cases each time; a case that fails is printed whole, and smaller ones are looked for.
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner =
        TestRunner::new_with_rng(config, proptest::test_runner::TestRng::deterministic_rng(Default::default()));
    runner.run(&worlds(), |world| survives(&world)).unwrap_or_else(|failed| panic!("{failed}"));
}
