//! What a replay says is the same however its frames arrive.

use super::*;
use weft_trace::testkit::tiny;

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
