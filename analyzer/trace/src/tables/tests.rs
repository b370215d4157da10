//! A trace in memory is the same trace; a stretch of it comes again with its counters going on.

use super::*;
use crate::FrameSource;
use crate::testkit::{T0, tiny};
use weft_wire::Frame;

const S: i64 = 1_000_000_000;

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    tiny(dir.path());
    dir
}

fn frames(mut source: FrameSource) -> Vec<Frame> {
    std::iter::from_fn(|| source.next_tick().unwrap()).flatten().collect()
}

#[test]
fn the_frames_of_a_trace_in_memory_are_those_of_its_files() {
    let dir = folder();
    // Ports that only samples and events name, a counter that no catalogue has, marks, and a width.
    let mut samples = std::fs::read_to_string(dir.path().join("samples.csv")).unwrap();
    samples +=
        &format!("{},n1,eth7,rx_bytes,5\n{},n0,eth0,vendor_thing,6\n{},nX,gpu1,power_w,7.5\n", T0 + S, T0 + S, T0 + S);
    std::fs::write(dir.path().join("samples.csv"), samples).unwrap();
    let step = format!("job,rank,device,step,phase,start_ns,end_ns\nj,0,n0,1,,{T0},{}\n", T0 + S);
    std::fs::write(dir.path().join("steps.csv"), step).unwrap();
    let counters = "device,port,counter,source,bits,overflow\nn0,eth0,rx_bytes,x,32,wrap\n";
    std::fs::write(dir.path().join("counters.csv"), counters).unwrap();
    let tables = TraceTables::load(dir.path()).unwrap();
    assert_eq!((tables.readings.len(), tables.span_ns()), (723, Some((T0, T0 + 59 * S))));
    let of_files = frames(FrameSource::open(dir.path(), S).unwrap());
    assert_eq!(frames(FrameSource::of_tables(tables.clone(), S)), of_files);
    // Names there and back are the same trace too.
    let mut renamed = tables;
    renamed.rename(|device, port| {
        (format!("a{device}"), if port.is_empty() { String::new() } else { format!("b{port}") })
    });
    assert_eq!((renamed.places[0].device.as_str(), renamed.places[0].port.as_str()), ("an0", "beth0"));
    assert!(renamed.sources.find("an0", "beth0", "rx_bytes").is_some());
    renamed.rename(|device, port| (device[1..].to_owned(), port.get(1..).unwrap_or_default().to_owned()));
    assert_eq!(frames(FrameSource::of_tables(renamed, S)), of_files);
}

/// A counter of n0 by second.
fn of_n0(tables: &TraceTables, counter: &str) -> Vec<(i64, f64)> {
    tables.series("n0", "eth0", counter).into_iter().map(|(ns, value)| ((ns - T0) / S, value)).collect()
}

#[test]
fn a_stretch_comes_again_and_counters_go_on() {
    let dir = folder();
    let steps: String = (0..30).map(|n| format!("j,0,n0,{n},,{},{}\n", T0 + 2 * n * S, T0 + (2 * n + 2) * S)).collect();
    std::fs::write(dir.path().join("steps.csv"), format!("job,rank,device,step,phase,start_ns,end_ns\n{steps}"))
        .unwrap();
    let mut tables = TraceTables::load(dir.path()).unwrap();
    tables.repeat(T0 + 5 * S, T0 + 15 * S);
    let expected: Vec<_> = (0..70).map(|n| (n, n as f64 * 1e9)).collect();
    assert_eq!(of_n0(&tables, "rx_bytes"), expected, "1 GB a second, over the splice too");
    assert!(tables.series("n0", "eth9", "rx_bytes").is_empty() && of_n0(&tables, "unknown").is_empty());
    assert!(of_n0(&tables, "link_up").iter().all(|(_, up)| *up == 1.0), "a state is no counter");
    // The mark from 14 to 16 reaches over the end, that from 4 to 6 over the beginning: seven before, 27 after.
    let numbers: Vec<i64> = tables.steps.iter().map(|s| s.step).collect();
    assert_eq!(numbers, (0..34).collect::<Vec<_>>());
    assert_eq!(tables.steps[7].start_ns, T0 + 16 * S);
    assert_eq!(tables.plan.jobs[0].start_ns, Some(T0));
}

#[test]
fn a_narrow_counter_goes_on_within_its_width() {
    let dir = folder();
    let counters = "device,port,counter,source,bits,overflow\n,,rx_bytes,x,36,wrap\n,,tx_bytes,x,36,saturate\n";
    std::fs::write(dir.path().join("counters.csv"), counters).unwrap();
    let mut tables = TraceTables::load(dir.path()).unwrap();
    tables.repeat(T0 + 5 * S, T0 + 15 * S);
    let (turn, last) = (1i64 << 36, 69_000_000_000);
    assert_eq!(of_n0(&tables, "rx_bytes")[69].1, (last - turn) as f64);
    assert_eq!(of_n0(&tables, "tx_bytes")[69].1, (turn - 1) as f64);
}
