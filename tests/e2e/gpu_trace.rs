//! A recording with rows of GPUs, of links between them and of PCIe, written by hand as anybody may: each trouble in it is named, and
//! nothing else.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use weft_analyzer::replay::{ReplayArgs, replay};

const EPOCH_NS: i64 = 1_767_225_600_000_000_000;
const SECOND: i64 = 1_000_000_000;
const SECONDS: i64 = 60;
const NODES: [&str; 3] = ["n0", "n1", "n2"];
/// Seconds at which each trouble begins: lanes of n2's card, heat of n1's gpu1, a link and the memory of n0, a GPU of n2, errors on a
/// link of n1.
const LANES: i64 = 20;
const HEAT: i64 = 24;
const LINK: i64 = 28;
const MEMORY: i64 = 32;
const LOST: i64 = 36;
const ERRORS: i64 = 40;

fn since(second: i64, begun: i64, before: f64, after: f64) -> f64 {
    if second >= begun { after } else { before }
}

/// What a node's ports say in a second: port, counter, value.
fn said(node: &str, second: i64) -> Vec<(String, &'static str, f64)> {
    let bytes = 5e6 * second as f64;
    let lanes = since(second, LANES, 16.0, if node == "n2" { 8.0 } else { 16.0 });
    let mut said = vec![
        ("eth0".to_owned(), "tx_bytes", bytes),
        ("eth0".to_owned(), "rx_bytes", bytes),
        ("eth0".to_owned(), "pcie_width", lanes),
        ("eth0".to_owned(), "pcie_max_width", 16.0),
    ];
    for gpu in ["gpu0", "gpu1"] {
        let is_hot = (node, gpu) == ("n1", "gpu1") && second >= HEAT;
        let is_lost = (node, gpu) == ("n2", "gpu1") && second >= LOST;
        let (mhz, reasons) = if is_hot { (1_200.0, 64.0) } else { (1_900.0, 0.0) };
        let errors = since(second, MEMORY, 3.0, if (node, gpu) == ("n0", "gpu0") { 5.0 } else { 3.0 });
        let up = since(second, LINK, 1.0, f64::from(u8::from((node, gpu) != ("n0", "gpu1"))));
        let crc = if (node, gpu) == ("n1", "gpu0") { 200.0 * (second - ERRORS).max(0) as f64 } else { 0.0 };
        let of_gpu = [
            ("sm_clock_mhz", mhz),
            ("max_sm_clock_mhz", 1_980.0),
            ("throttle_reasons", reasons),
            ("ecc_uncorrectable", errors),
        ];
        if !is_lost {
            said.extend(of_gpu.map(|(counter, value)| (gpu.to_owned(), counter, value)));
            said.extend([("link_up", up), ("crc_errors", crc)].map(|(c, value)| (format!("{gpu}/link0"), c, value)));
        }
    }
    said
}

fn write(trace: &Path) {
    let mut files = [
        ("trace.toml", "name = \"gpus\"\ntick_ns = 1000000000\ndescription = \"\"\nclock = \"exact\"\n".to_owned()),
        ("devices.csv", "device,kind,tier,rack,pod\n".to_owned()),
        ("ports.csv", "device,port,table,speed_bps,rail,role\n".to_owned()),
        ("jobs.csv", "job,device,start_ns,end_ns,rank,group\n".to_owned()),
        ("samples.csv", "ts_ns,device,port,counter,value\n".to_owned()),
        ("events.csv", "ts_ns,device,port,event,text\n".to_owned()),
    ];
    let [_, devices, ports, jobs, samples, events] = &mut files;
    for (rank, node) in NODES.iter().enumerate() {
        let _ = writeln!(devices.1, "{node},node,,r0,p0");
        let _ = writeln!(ports.1, "{node},eth0,nic,100000000000,0,compute");
        for gpu in ["gpu0", "gpu1"] {
            let _ = writeln!(ports.1, "{node},{gpu},gpu,,,\n{node},{gpu}/link0,gpu_link,,,");
        }
        let _ = writeln!(jobs.1, "train,{node},{EPOCH_NS},{},{rank},", EPOCH_NS + SECONDS * SECOND);
    }
    for second in 0..SECONDS {
        let ts_ns = EPOCH_NS + second * SECOND + SECOND / 2;
        for node in NODES {
            for (port, counter, value) in said(node, second) {
                let _ = writeln!(samples.1, "{ts_ns},{node},{port},{counter},{value}");
            }
        }
    }
    let lost_ns = EPOCH_NS + LOST * SECOND + SECOND / 4;
    let _ = writeln!(events.1, "{lost_ns},n2,gpu1,xid,\"NVRM: Xid (PCI:0000:1b:00): 79, GPU has fallen off the bus.\"");
    for (name, text) in files {
        std::fs::write(trace.join(name), text).unwrap();
    }
}

#[test]
fn each_trouble_of_a_recording_is_named_and_nothing_else() {
    let (trace, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(trace.path());
    let report = replay(&ReplayArgs::calm(trace.path(), out.path())).unwrap();
    assert!(report.detectors_dropped.is_empty(), "{report:?}");
    let text = std::fs::read_to_string(out.path().join("incidents.ndjson")).unwrap();
    let incidents = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let opened = incidents.filter(|incident| !incident["opened_ns"].is_null());
    let named: BTreeSet<String> = opened
        .map(|incident| {
            let [class, severity] = ["class", "severity"].map(|key| incident[key].as_str().unwrap().to_owned());
            let culprit = &incident["culprits"][0];
            let [device, port] = ["device", "port"].map(|key| culprit[key].as_str().unwrap().to_owned());
            let after = incident["opened_ns"].as_i64().unwrap() - EPOCH_NS;
            format!("{class} {severity} {device} {port} {}", after / SECOND)
        })
        .collect();
    // Each with the end of the tick that named it.
    let expected = [
        format!("pcie_degraded warning n2 eth0 {}", LANES + 1),
        format!("gpu_throttle info n1 gpu1 {}", HEAT + 2),
        format!("nvlink_down critical n0 gpu1/link0 {}", LINK + 1),
        format!("gpu_memory_errors warning n0 gpu0 {}", MEMORY + 1),
        format!("gpu_lost critical n2 gpu1 {}", LOST + 1),
        format!("nvlink_errors warning n1 gpu0/link0 {}", ERRORS + 4),
    ];
    assert_eq!(named, BTreeSet::from(expected), "{text}");
}
