use super::readings::{VERDICT_NATS, nats};
use super::*;
use crate::compare::compare;
use crate::testkit::{S, T0};
use std::fmt::Write;

#[test]
fn readings_needed_are_those_of_the_formulas() {
    // inference-stragglers.md §7: 25 % 12, 12 % 36, 6 % 117; inference-links.md §10: u = .12 at half speed 63, .26 at .4 10.
    let readings = |gain: f64| VERDICT_NATS / gain;
    for (needed, expected) in [
        (readings(nats(0.25, 0.01)), 12.0),
        (readings(nats(0.12, 0.01)), 36.0),
        (readings(nats(0.06, 0.01)), 117.0),
        (readings(2.0 * nats(0.24, 0.12)), 63.0),
        (readings(2.0 * nats(0.65, 0.26)), 10.0),
    ] {
        assert!((needed / expected - 1.0).abs() < 0.05, "{needed} is not {expected}");
    }
    assert_eq!((nats(0.0, 0.5), nats(1.0, 0.5)), (2f64.ln(), 2f64.ln()));
}

/// The fabric of the trace crate's testkit with queues at the leaf, each port busy for a quarter of the time at planned speed.
fn trace(marks: bool, speed_bps: i64) -> (Subject, TraceTables) {
    let dir = tempfile::tempdir().unwrap();
    weft_trace::testkit::tiny(dir.path());
    let mut samples = "ts_ns,device,port,counter,value\n".to_owned();
    for second in 0..60 {
        let (ts, bytes) = (T0 + second * S, second * 25_000_000_000 / 8);
        for (device, port) in [("n0", "eth0"), ("n1", "eth0"), ("l0", "swp0"), ("l0", "swp1")] {
            writeln!(samples, "{ts},{device},{port},tx_bytes,{bytes}\n{ts},{device},{port},rx_bytes,{bytes}").unwrap();
        }
        writeln!(samples, "{ts},l0,swp0,queue_bytes,0\n{ts},n0,eth0,speed_bps,{speed_bps}").unwrap();
    }
    std::fs::write(dir.path().join("samples.csv"), samples).unwrap();
    let rows = [
        ("slow_link", "n0", "eth0"),
        ("slow_link", "n1", "eth0"),
        ("host_straggler", "n1", ""),
        ("link_down", "n1", "eth0"),
    ];
    let mut truth = "fault,class,device,port,start_ns,end_ns,step_loss,note\n".to_owned();
    for (class, device, port) in rows {
        writeln!(truth, "f,{class},{device},{port},{},{},0.25,", T0 + 20 * S, T0 + 29 * S).unwrap();
    }
    std::fs::write(dir.path().join("truth.csv"), truth).unwrap();
    if marks {
        let step = format!("job,rank,device,step,phase,start_ns,end_ns\nj,0,n0,1,,{T0},{}\n", T0 + S);
        std::fs::write(dir.path().join("steps.csv"), step).unwrap();
    }
    (Subject::load(dir.path(), "t", "s").unwrap(), TraceTables::load(dir.path()).unwrap())
}

#[test]
fn a_limit_is_told_of_misses_whose_trace_tells_enough() {
    let limits = |marks: bool, speed_bps: i64| {
        let (subject, tables) = trace(marks, speed_bps);
        let mut compared = compare(&subject, &[]);
        add_limits(&mut compared, &subject, &tables);
        compared.faults.iter().map(|f| f.limit.map(|l| (l.needed.round(), l.had))).collect::<Vec<_>>()
    };
    // One way has its queue read: 6.9 / D(.5 ‖ .25). n1's cable has none. Ten instants from 20 to 29 s.
    let planned = 100_000_000_000;
    assert_eq!(limits(false, planned), [Some((48.0, 10)), None, Some((12.0, 10)), None]);
    assert_eq!(limits(true, planned), [Some((48.0, 10)), None, None, None], "marks show a late host at once");
    assert_eq!(limits(false, planned / 2), [None, None, Some((12.0, 10)), None], "a port that tells its speed");
    assert!(Limit { needed: 48.0, had: 10 }.is_beyond() && !Limit { needed: 10.0, had: 10 }.is_beyond());
}
