//! A trace of a host that now and then receives a damaged packet, and what is made of it.

use super::*;
use crate::replay::Allowed;
use std::fmt::Write;
use std::fs::write;

/// Seconds of the trace.
const SECONDS: i64 = 120;

/// In each of these seconds one of a million packets is damaged.
fn sound(dir: &Path, damaged: &[i64]) {
    let mut samples = String::from("ts_ns,device,port,counter,value\n");
    for second in 0..SECONDS {
        let errors = damaged.iter().filter(|&&at| at <= second).count();
        for (counter, value) in [("rx_packets", (second + 1_000) * 1_000_000), ("rx_crc_errors", errors as i64)] {
            writeln!(samples, "{},n0,eth0,{counter},{value}", (1_790_000_000 + second) * 1_000_000_000)
                .expect("a string");
        }
    }
    for (file, text) in [
        ("trace.toml", "tick_ns = 1000000000\n"),
        ("devices.csv", "device,kind\nn0,node\nn1,node\nleaf,switch\n"),
        ("ports.csv", "device,port,table\nn0,eth0,nic\nleaf,swp0,switch_port\n"),
        ("cables.csv", "a_device,a_port,b_device,b_port\nn0,eth0,leaf,swp0\n"),
        ("samples.csv", &samples),
    ] {
        write(dir.join(file), text).expect("a file");
    }
}

fn args(trace: &Path, resume: Option<&Path>) -> CalibrateArgs {
    CalibrateArgs {
        traces: vec![trace.to_owned()],
        resume: resume.map(Path::to_owned),
        output: Output::Table,
        allowed: Allowed::default(),
        at_once: Some(1),
    }
}

fn shard(args: &CalibrateArgs) -> Result<Shard, String> {
    calibrate(args).remove(0).map_err(|error| error.to_string())
}

#[test]
fn evidence_of_sound_data_is_told_and_nobody_is_accused() {
    let dir = tempfile::tempdir().unwrap();
    sound(dir.path(), &[30, 31, 32, 33]);
    let shard = shard(&args(dir.path(), None)).unwrap();
    assert_eq!((shard.r#false.len(), (shard.node_days * 86_400.0).round()), (0, 2.0 * (SECONDS - 1) as f64));
    let tail = &shard.tails["counted_errors"];
    // Four seconds with damage one after the other are worth 5.5 nats, far below the bar.
    assert_eq!((tail.reached, tail.readings), ([1, 1, 0, 0, 0, 0], (SECONDS - 30) as f64), "{tail:?}");
    assert_eq!(tail.bar.map(f64::round), Some(19.0));
    assert!(FaultFree::of(&[shard]).is_good());
}

#[test]
fn what_is_kept_is_not_judged_again_unless_another_version_judged_it() {
    let (dir, kept) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    sound(dir.path(), &[30]);
    let args = args(dir.path(), Some(kept.path()));
    let first = shard(&args).unwrap();
    write(dir.path().join("samples.csv"), "broken").unwrap();
    assert_eq!(shard(&args).unwrap(), first, "the trace is not read again");
    let shards = Shards::in_folder(kept.path());
    shards.keep(dir.path(), &Shard { weft: "another".into(), ..first }).unwrap();
    assert!(shard(&args).unwrap_err().contains("samples.csv"), "it is read");
}

#[test]
fn a_trace_with_a_fault_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    sound(dir.path(), &[]);
    let truth =
        "fault,class,device,port,start_ns,end_ns\nf1,link_down,n0,eth0,1790000020000000000,1790000040000000000\n";
    write(dir.path().join("truth.csv"), truth).unwrap();
    let said = shard(&args(dir.path(), None)).unwrap_err();
    assert!(said.contains("tells of a fault, link_down n0 eth0") && said.contains("leave the trace out"), "{said}");
}
