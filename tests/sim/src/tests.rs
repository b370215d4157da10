//! What must hold of the simulated fabric, whatever the detectors do with it.

use crate::layout::C;
use crate::sampler::{Sampler, SamplerOptions};
use crate::script::{self, ScriptError};
use crate::sim::{Fabric, Sim};
use crate::sink::{FrameSink, TraceSink};
use std::path::Path;
use weft_wire::{Frame, Inventory, SchemaCache};

const START_NS: i64 = 1_767_225_600_000_000_000;
const HEADER: &str = "at_s,for_s,class,device,port,strength\n";

fn sim(gpus: usize, seed: u64, rows: &str) -> Sim {
    let fabric = Fabric::new(gpus, seed).unwrap();
    let script = script::parse("test", &format!("{HEADER}{rows}"), &fabric, seed).unwrap();
    Sim::new(fabric, script)
}

fn run(sim: &mut Sim, seconds: f64) {
    while sim.now() < seconds {
        sim.step();
        sim.fabric.world.events.clear();
        sim.fabric.jobs.iter_mut().for_each(|j| j.marks.clear());
    }
}

#[test]
fn a_healthy_cable_delivers_what_it_was_given() {
    let mut sim = sim(64, 3, "");
    run(&mut sim, 20.0);
    let world = &sim.fabric.world;
    for (port, peer) in world.topology.ports.iter().enumerate().filter_map(|(id, p)| Some((id, p.peer?))) {
        for (sent, received) in [(C::TxBytes, C::RxBytes), (C::TxPackets, C::RxPackets)] {
            let (sent, received) = (world.count(port, sent), world.count(peer, received));
            assert!(
                sent > 0.0 && sent == received,
                "{:?}: {sent} sent, {received} received",
                world.topology.name_of(port)
            );
        }
    }
}

#[test]
fn a_lossy_cable_delivers_less_and_its_siblings_do_not() {
    let mut sim = sim(64, 3, "2,15,silent_drop,n001,eth3,0.5\n");
    run(&mut sim, 16.0);
    let world = &sim.fabric.world;
    let lost = |port: usize| {
        let peer = world.topology.ports[port].peer.unwrap();
        1.0 - world.count(peer, C::RxPackets) / world.count(port, C::TxPackets)
    };
    let bad = world.topology.nics[1][3];
    assert!((0.003..0.007).contains(&lost(bad)), "{}", lost(bad));
    assert_eq!(lost(world.topology.nics[1][2]), 0.0);
    assert_eq!(world.count(bad, C::RxCrcErrors), 0.0);
}

#[test]
fn what_is_damaged_is_counted_by_the_receiving_end_and_no_other() {
    // Of strength 0.8 damaged: 10^(6.5 · 0.8 − 8) = 1.58 packets in a thousand.
    let mut sim = sim(64, 3, "2,15,lossy_link,n001,eth3,0.8\n");
    run(&mut sim, 16.0);
    let world = &sim.fabric.world;
    let bad = world.topology.nics[1][3];
    let receiver = world.topology.ports[bad].peer.unwrap();
    let damaged = world.count(receiver, C::RxCrcErrors);
    let missing = world.count(bad, C::TxPackets) - world.count(receiver, C::RxPackets);
    assert!(damaged > 100.0 && (damaged - missing).abs() < 0.5, "{damaged} damaged, {missing} missing");
    let part = damaged / world.count(bad, C::TxPackets);
    assert!((0.0011..0.0018).contains(&part), "{part}: the link is sound for 2 of the 16 s");
    // Codewords pass at 400 Gbit/s ÷ 5,140 bits for 14 s, and a frame has a part in 7.48 of them.
    let expected = 400e9 / 5_140.0 * 14.0 * 1.585e-3 / 7.48;
    let blocks = world.count(receiver, C::FecUncorrectable);
    assert!((0.99..1.01).contains(&(blocks / expected)), "{blocks} of {expected}");
    for port in (0..world.topology.ports.len()).filter(|&port| port != receiver) {
        assert_eq!(world.count(port, C::RxCrcErrors) + world.count(port, C::FecUncorrectable), 0.0);
    }
}

#[test]
fn link_level_retry_loses_no_packet_and_takes_room() {
    let mut sim = sim(64, 3, "2,15,link_retry_storm,n001,eth3,0.9\n");
    run(&mut sim, 16.0);
    let world = &sim.fabric.world;
    let bad = world.topology.nics[1][3];
    let receiver = world.topology.ports[bad].peer.unwrap();
    assert_eq!(world.count(bad, C::TxPackets), world.count(receiver, C::RxPackets));
    let replays = world.count(bad, C::LinkRetryEvents);
    assert!(replays > 1000.0 && replays == world.count(receiver, C::LinkRetryBlocks), "{replays}");
    assert_eq!(world.count(receiver, C::LinkRetryEvents), 0.0);
    // A quarter of the frames goes twice: 10^(6 · 0.9 − 6) = 0.251, and 1 ÷ (1 + 12 · 0.251) = 0.249 of the line is left.
    let link = &world.links[bad];
    assert!((0.248..0.250).contains(&(link.capacity() / link.plan())), "{}", link.capacity() / link.plan());
}

#[test]
fn a_fault_that_comes_and_goes_is_away_in_between() {
    let fabric = Fabric::new(64, 3).unwrap();
    let text = "at_s,for_s,class,device,port,strength,course\n2,30,lossy_link,n001,eth3,0.8,intermittent\n";
    let mut sim = Sim::new(fabric, script::parse("test", text, &Fabric::new(64, 3).unwrap(), 3).unwrap());
    let bad = sim.fabric.world.topology.nics[1][3];
    for (until, there) in [(5.0, true), (10.0, false), (15.0, true), (20.0, false), (33.0, false)] {
        run(&mut sim, until);
        assert_eq!(sim.fabric.world.links[bad].damaged > 0.0, there, "at {until} s");
    }
}

#[test]
fn every_hardware_fault_costs_step_time_and_is_gone_after() {
    for (class, strength) in [
        ("link_down", 1.0),
        ("nic_down", 1.0),
        ("link_flap", 0.5),
        ("slow_link", 0.5),
        ("trained_low", 0.5),
        ("silent_drop", 0.4),
        ("lossy_link", 0.8),
        ("link_retry_storm", 0.9),
        ("device_down", 1.0),
        ("gpu_throttle", 0.3),
        ("host_straggler", 0.3),
    ] {
        for seed in [1, 2] {
            let mut sim = sim(64, seed, &format!("15,15,{class},,,{strength}\n"));
            run(&mut sim, 45.0);
            let truth = &sim.truths[0];
            let loss = truth.step_loss.unwrap();
            assert!((0.03..0.8).contains(&loss), "{class} seed {seed} at {}/{}: {loss}", truth.device, truth.port);
            let job = sim.fabric.jobs.iter().find(|j| j.spec.name == truth.job).unwrap();
            let usual = job.usual_period(15.0).unwrap();
            let last = job.iterations.last().unwrap();
            assert!((last.end - last.start) < 1.1 * usual, "{class} seed {seed} lingers");
        }
    }
}

#[test]
fn a_job_stands_still_while_a_node_of_it_hangs_and_then_goes_on() {
    let mut sim = sim(64, 4, "15,20,job_hang,,,\n");
    let sent = |sim: &Sim, job: usize| -> Vec<f64> {
        let nodes = sim.fabric.jobs[job].spec.nodes.iter();
        nodes
            .map(|&node| {
                sim.fabric.world.topology.nics[node].iter().map(|&nic| sim.fabric.world.count(nic, C::TxBytes)).sum()
            })
            .collect()
    };
    run(&mut sim, 20.0);
    let node = sim.fabric.world.nodes.iter().position(|node| node.hangs).unwrap();
    let job = sim.fabric.jobs.iter().position(|job| job.spec.nodes.contains(&node)).unwrap();
    let before = sent(&sim, job);
    run(&mut sim, 34.0);
    let moved = sent(&sim, job).iter().zip(&before).map(|(now, before)| (now - before) / before).fold(0.0, f64::max);
    assert!(moved < 1e-4, "background alone: {moved}");
    run(&mut sim, 60.0);
    let loss = sim.truths[0].step_loss.unwrap();
    assert!(loss > 0.8, "{loss}");
    let job = &sim.fabric.jobs[job];
    let last = job.iterations.last().unwrap();
    assert!(last.end > 50.0 && (last.end - last.start) < 1.1 * job.usual_period(15.0).unwrap(), "it goes on");
}

#[test]
fn somebody_innocent_complains_most_about_a_silent_drop() {
    let mut sim = sim(64, 5, "15,15,silent_drop,,,0.4\n");
    run(&mut sim, 31.0);
    assert!(sim.truths[0].decoy.is_some());
}

fn write_trace(dir: &Path, seed: u64) {
    let mut sim = sim(64, seed, "5,4,link_down,,,\n10,3,checkpoint,,,\n14,1,counter_reset,,,\n");
    let options = SamplerOptions { start_ns: START_NS, fast: true, marks: true, dither: true };
    let mut sampler = Sampler::new(&sim.fabric, options, seed);
    let mut sink = TraceSink::create(dir, &sim.fabric, START_NS, None, true).unwrap();
    while sim.now() < 16.0 {
        sim.step();
        sampler.observe(&mut sim.fabric, &mut sink).unwrap();
    }
    sink.finish(&sim, START_NS, "a test").unwrap();
}

fn read_file(dir: &Path, name: &str) -> Vec<u8> {
    let bytes = std::fs::read(dir.join(name)).unwrap();
    if name.ends_with(".zst") { zstd::decode_all(bytes.as_slice()).unwrap() } else { bytes }
}

#[test]
fn the_same_seed_writes_the_same_trace_and_another_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b, c] = ["a/t", "b/t", "c/t"].map(|d| dir.path().join(d));
    write_trace(&a, 1);
    write_trace(&b, 1);
    write_trace(&c, 2);
    for name in ["samples.csv.zst", "steps.csv.zst", "events.csv", "truth.csv", "ports.csv", "jobs.csv", "trace.toml"] {
        assert_eq!(read_file(&a, name), read_file(&b, name), "{name}");
    }
    assert_ne!(read_file(&a, "samples.csv.zst"), read_file(&c, "samples.csv.zst"));
}

#[test]
fn a_trace_names_only_what_its_plan_and_the_catalogue_know() {
    let dir = tempfile::tempdir().unwrap();
    write_trace(dir.path(), 4);
    let ports: std::collections::HashMap<(String, String), weft_wire::Table> =
        csv::Reader::from_path(dir.path().join("ports.csv"))
            .unwrap()
            .records()
            .map(|r| r.unwrap())
            .map(|r| ((r[0].to_owned(), r[1].to_owned()), weft_wire::Table::from_name(&r[2]).unwrap()))
            .collect();
    let samples = read_file(dir.path(), "samples.csv.zst");
    let mut reader = csv::Reader::from_reader(samples.as_slice());
    let mut rows = 0;
    for record in reader.records() {
        let record = record.unwrap();
        let table = ports[&(record[1].to_owned(), record[2].to_owned())];
        assert!(weft_wire::catalogue().element(table, &record[3]).is_some(), "{} of {}", &record[3], table.name());
        assert!(record[0].parse::<i64>().unwrap() >= START_NS && record[4].parse::<f64>().unwrap() >= 0.0);
        rows += 1;
    }
    assert!(rows > 100_000, "{rows}");
    let events = String::from_utf8(read_file(dir.path(), "events.csv")).unwrap();
    assert_eq!((events.matches(",link_down,").count(), events.matches(",link_up,").count()), (2, 2));
}

#[test]
fn frames_decode_in_sequence_with_the_inventory_first() {
    let mut sim = sim(64, 6, "3,2,counter_reset,n002,,\n");
    let options = SamplerOptions { start_ns: START_NS, fast: true, marks: true, dither: true };
    let mut sampler = Sampler::new(&sim.fabric, options, 6);
    let mut sink = FrameSink::new(&sim.fabric.world.topology, 7).unwrap();
    let mut schemas = SchemaCache::default();
    let inventories = sink.take();
    assert_eq!(inventories.len(), sim.fabric.world.topology.devices.len());
    assert!(inventories.iter().all(|m| m.inventory && Inventory::decode(&m.payload).unwrap().collector == m.key));
    let mut frames = Vec::new();
    while sim.now() < 6.0 {
        sim.step();
        sampler.observe(&mut sim.fabric, &mut sink).unwrap();
        frames.extend(sink.take().iter().map(|m| Frame::decode(&m.payload, &mut schemas).unwrap()));
    }
    let mine: Vec<&Frame> = frames.iter().filter(|f| f.collector == "n002").collect();
    assert!(mine.iter().enumerate().all(|(i, f)| f.sequence == i as u64));
    assert!(mine[0].inventory.is_some());
    let fast = mine[2].sections.iter().find(|s| s.schema.table == weft_wire::Table::Nic).unwrap();
    assert_eq!(fast.batch.num_rows(), 9 * 10, "nine fast readings of ten ports before the full second");
    let reset = mine.iter().filter_map(|f| f.inventory.as_ref()).next_back().unwrap();
    assert_eq!((reset.version > 1, reset.ports[0].epoch), (true, 2));
}

#[test]
fn a_mistake_in_the_script_names_its_line_and_how_to_mend_it() {
    let fabric = Fabric::new(64, 1).unwrap();
    for (row, expected) in [
        ("5,3,link_dwn,,,", "test:2: no class \"link_dwn\" here; known are link_down"),
        ("5,3,link_down,n999,,", "test:2: no device n999"),
        ("5,3,link_down,n001,eth9,", "test:2: n001 has no port eth9"),
        ("5,3,link_down,n001,mgmt0,", "test:2: n001/mgmt0 is cabled to nothing"),
        ("5,3,slow_link,,,1.5", "test:2: strength 1.5"),
        ("5,0,slow_link,,,0.5", "test:2: at_s 5 and for_s 0"),
        ("5,3,slow_link,,eth1,0.5", "test:2: port eth1 without a device"),
        ("5,3,host_straggler,n001,eth0,0.5", "test:2: host_straggler is of a whole device"),
        ("5,3,slow_link,,,0.5,often", "test:2: "),
        ("x,3,slow_link,,,0.5", "test:2: "),
        ("5,3,slow_link", "test:2: "),
    ] {
        let error: ScriptError = script::parse("test", &format!("{HEADER}{row}\n"), &fabric, 1).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{row}: {error}");
    }
    let error = script::parse("test", "5,3,link_down,,,\n", &fabric, 1).unwrap_err().to_string();
    assert!(error.starts_with("test:1: no column \"5\"; begin the file with the line at_s,"), "{error}");
}
