//! What a replay says is the same however its frames arrive.

use super::*;
use weft_trace::testkit::{T0, tiny};

#[test]
fn a_replay_is_the_same_however_it_arrives() {
    let (trace, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    tiny(trace.path());
    let read = |name: &str| std::fs::read_to_string(out.path().join(name)).unwrap();
    let args = ReplayArgs::calm(trace.path(), out.path());
    let undisturbed = replay(&args).unwrap();
    let ReplayReport { ticks, frames, late_rows, samples, .. } = undisturbed;
    assert_eq!((ticks, frames, late_rows, samples), (60, 180, 0, 720));
    let (incidents, facts) = (read("incidents.ndjson"), read("facts.ndjson"));
    for disturb in ["late=2s,duplicate=0.1,shuffle,seed=5", "shuffle,seed=1", "late=1s,seed=9"] {
        let disturbed = ReplayArgs { disturb: disturb.parse().unwrap(), ..args.clone() };
        assert_eq!(replay(&disturbed).unwrap().late_rows, 0);
        assert_eq!((read("incidents.ndjson"), read("facts.ndjson")), (incidents.clone(), facts.clone()), "{disturb}");
    }
    let late = ReplayArgs { disturb: "late=30s,shuffle,seed=6".parse().unwrap(), ..args.clone() };
    assert!(replay(&late).unwrap().late_rows > 0);
}

/// The cable of n1 is pulled in second 20: with these rows beside that event.
fn incidents(rows: &str) -> Vec<serde_json::Value> {
    let (trace, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    tiny(trace.path());
    let events = trace.path().join("events.csv");
    let text = std::fs::read_to_string(&events).unwrap() + rows;
    std::fs::write(&events, text).unwrap();
    replay(&ReplayArgs::calm(trace.path(), out.path())).unwrap();
    let written = std::fs::read_to_string(out.path().join("incidents.ndjson")).unwrap();
    written.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn announced_maintenance_of_a_trace_is_judged_as_live() {
    const S: i64 = 1_000_000_000;
    let at = |second: i64, text: &str| format!("{},n1,,maintenance,{text}\n", T0 + second * S);
    let classes = |rows: &str| -> Vec<String> {
        incidents(rows).iter().map(|incident| incident["class"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(classes(""), ["link_down"]);
    assert_eq!(classes(&at(15, "for_s=100 who=ops reason=new cable")), ["maintenance"]);
    assert_eq!(classes(&(at(2, "another cable") + &at(10, "end"))), ["link_down"], "it was over by then");
    let told = &incidents(&at(15, "for_s=100 who=ops"))[0];
    assert_eq!((&told["kind"], &told["severity"]), (&"benign".into(), &"info".into()));
}
