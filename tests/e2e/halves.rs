//! A recording that is replayed in two halves, with a restart of the judge between them, says what it says in one piece.

use std::collections::BTreeMap;
use std::path::Path;
use tempfile::{TempDir, tempdir};
use weft_analyzer::replay::{ReplayArgs, ReplayError, Span, replay};
use weft_sim::sampler::{Sampler, SamplerOptions};
use weft_sim::script;
use weft_sim::sim::{Fabric, Sim};
use weft_sim::sink::TraceSink;

const EPOCH_NS: i64 = 1_767_225_600_000_000_000;
const SEED: u64 = 3;
const SECONDS: f64 = 85.0;
/// A cable loses packets from second 30 to 60; meanwhile the counters of another host begin anew, and a second host
/// computes longer. One link flaps from second 20 on.
const FAULTS: &str = "at_s,for_s,class,device,port,strength
20,30,link_flap,n004,eth1,0.5
30,30,silent_drop,n001,eth3,0.9
40,1,counter_reset,n002,,
45,30,host_straggler,n006,,0.5
";
/// Amid the faults, so that incidents are open across the cut. One cut lies within a second, one in the second after the
/// counters began anew, and one where losses have been measured for a while.
const CUTS_S: [f64; 3] = [33.5, 41.0, 56.0];

fn recording(seconds: f64) -> TempDir {
    let dir = tempdir().unwrap();
    let fabric = Fabric::new(64, SEED).unwrap();
    let faults = script::parse("faults", FAULTS, &fabric, SEED).unwrap();
    let mut sim = Sim::new(fabric, faults);
    let mut sink = TraceSink::create(dir.path(), &sim.fabric, EPOCH_NS, None, false).unwrap();
    let options = SamplerOptions { start_ns: EPOCH_NS, fast: false, marks: false, dither: true };
    let mut sampler = Sampler::new(&sim.fabric, options, SEED);
    while sim.now() < seconds {
        sim.step();
        sampler.observe(&mut sim.fabric, &mut sink).unwrap();
    }
    sink.finish(&sim, EPOCH_NS, "halves").unwrap();
    dir
}

fn args(trace: &Path, out: &Path) -> ReplayArgs {
    ReplayArgs::calm(trace, out)
}

/// What a replay wrote: all facts, and the incidents by their ids.
#[derive(Debug, PartialEq)]
struct Said {
    facts: String,
    incidents: BTreeMap<String, String>,
}

fn said(args: &ReplayArgs) -> Said {
    let report = replay(args).unwrap();
    assert!(report.detectors_dropped.is_empty(), "{report:?}");
    let read = |name: &str| std::fs::read_to_string(args.out.as_ref().unwrap().join(name)).unwrap();
    let id = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
    let incidents = read("incidents.ndjson").lines().map(|line| (id(line), line.to_owned())).collect();
    Said { facts: read("facts.ndjson"), incidents }
}

#[test]
fn two_halves_with_a_restart_between_say_what_one_piece_says() {
    let (trace, out) = (recording(SECONDS), tempdir().unwrap());
    let snapshot = out.path().join("judge.snapshot");
    let whole = said(&args(trace.path(), out.path()));
    let named = |class: &str, device: &str| {
        let has = |line: &String| line.contains(&format!("\"class\":\"{class}\"")) && line.contains(device);
        whole.incidents.values().any(has)
    };
    for (class, device) in [("silent_drop", "n001"), ("counter_reset", "n002"), ("link_flap", "n004")] {
        assert!(named(class, device), "{class} {device}: {:#?}", whole.incidents);
    }
    for cut in CUTS_S {
        let half = |span: Span| said(&ReplayArgs { span, ..args(trace.path(), out.path()) });
        let first = half(Span { until: Some(cut), snapshot: Some(snapshot.clone()), resume: None });
        let second = half(Span { resume: Some(snapshot.clone()), ..Span::default() });
        let mut both = Said { facts: first.facts + &second.facts, incidents: first.incidents };
        both.incidents.extend(second.incidents);
        assert!(both == whole, "cut at {cut} s: {both:#?} is not {whole:#?}");
    }
}

#[test]
fn a_snapshot_that_cannot_be_read_ends_the_replay_and_names_it() {
    let dir = tempdir().unwrap();
    let trace = recording(1.0);
    let resume = dir.path().join("judge.snapshot");
    let from =
        ReplayArgs { span: Span { resume: Some(resume.clone()), ..Span::default() }, ..args(trace.path(), dir.path()) };
    assert!(matches!(replay(&from), Err(ReplayError::Snapshot { .. })));
    std::fs::write(&resume, "no snapshot").unwrap();
    let error = replay(&from).unwrap_err().to_string();
    assert!(error.contains("judge.snapshot") && error.contains("--snapshot"), "{error}");
}
