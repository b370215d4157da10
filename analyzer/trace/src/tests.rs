//! Small traces by hand: what is read of them, and what is said of a broken one.

use crate::error::Result;
use crate::testkit::{T0, samples, tiny};
use crate::{FrameSource, import, load_plan, write_plan};
use std::path::Path;
use tempfile::TempDir;
use weft_wire::Frame;

const S: i64 = 1_000_000_000;

/// The trace of the testkit in a folder of its own.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    tiny(folder.path());
    folder
}

fn read(trace: &Path) -> Result<Vec<Frame>> {
    let mut source = FrameSource::open(trace, S)?;
    let mut all = Vec::new();
    while let Some(frames) = source.next_tick()? {
        all.extend(frames);
    }
    Ok(all)
}

#[test]
fn a_trace_becomes_frames() {
    let trace = folder();
    let mut source = FrameSource::open(trace.path(), S).unwrap();
    let first = source.next_tick().unwrap().unwrap();
    let names: Vec<_> = first.iter().map(|f| (f.collector.as_str(), f.sequence, f.sections.len())).collect();
    assert_eq!(names, [("l0", 0, 1), ("n0", 0, 1), ("n1", 0, 1)]);
    assert_eq!(first[0].sections[0].batch.num_rows(), 2);
    assert_eq!(first[0].inventory.as_ref().unwrap().ports.len(), 2);
    let mut ticks = 1;
    while let Some(frames) = source.next_tick().unwrap() {
        assert!(frames.iter().all(|f| f.inventory.is_none() || f.sequence == 30));
        ticks += 1;
    }
    assert_eq!((ticks, source.samples()), (60, 720));
}

#[test]
fn a_tick_is_never_shorter_than_asked_for() {
    let trace = folder();
    let mut source = FrameSource::open(trace.path(), 20 * S).unwrap();
    let rows: Vec<usize> =
        source.next_tick().unwrap().unwrap().iter().map(|f| f.sections[0].batch.num_rows()).collect();
    assert_eq!((source.tick_ns(), rows), (20 * S, vec![40, 20, 20]));
}

#[test]
fn a_file_sorted_by_series_is_the_same_trace() {
    let (by_time, by_series) = (folder(), folder());
    let text = samples(0..60);
    let mut lines: Vec<&str> = text.lines().skip(1).collect();
    lines.sort_by_key(|l| l.split_once(',').map(|(_, rest)| rest.split(',').take(3).collect::<Vec<_>>()));
    let sorted = format!("ts_ns,device,port,counter,value\n{}\n", lines.join("\n"));
    std::fs::write(by_series.path().join("samples.csv"), sorted).unwrap();
    assert_eq!(read(by_time.path()), read(by_series.path()));
}

#[test]
fn errors_name_the_line_and_the_mend() {
    let check = |file: &str, text: &str, expected: &str| {
        let trace = folder();
        std::fs::write(trace.path().join(file), text).unwrap();
        let said = read(trace.path()).unwrap_err().to_string();
        assert_eq!(said.replace(&format!("{}/", trace.path().display()), ""), expected);
    };
    check("trace.toml", "name = \"x\"\ntick_ns = 0\n", "trace.toml: tick_ns is 0; give the interval of sampling in ns");
    check("devices.csv", "device,kind\nn0,router\n", "devices.csv:2: kind is \"router\"; write node or switch");
    check(
        "samples.csv",
        &format!("ts_ns,device,port,counter,value\n{T0},n0,eth0,rx_bytes,12\n{T0},n0,eth0,rx_bytes,abc\n"),
        "samples.csv:3: value is \"abc\"; write a finite number; leave the row out when there is no value",
    );
    check(
        "samples.csv",
        "ts_ns,device,port,value\n",
        "samples.csv:1: the header has no column counter (it has ts_ns,device,port,value); \
         add it, or rename the column that holds it",
    );
    check(
        "samples.csv",
        "ts_ns,device,port,counter,value\n2024-01-01,n0,eth0,rx_bytes,1\n",
        "samples.csv:2: ts_ns is \"2024-01-01\", no integer; write integer ns since the epoch",
    );
    check(
        "cables.csv",
        "a_device,a_port,b_device,b_port\nn0,eth9,l0,swp0\n",
        "cables.csv:2: a cable ends at n0/eth9, which ports.csv does not have; add the port, or mend the cable",
    );
    check("events.csv", "ts_ns,device,event\n5,,x\n", "events.csv:2: device is empty; name the device");
}

/// Every file that carries times, in every unit that is not ns: import and reading refuse it by file and line.
#[test]
fn stamps_that_are_no_ns_are_refused_where_they_stand() {
    let files: [(&str, &str); 7] = [
        ("samples.csv", "ts_ns,device,port,counter,value\nGOOD,n0,eth0,rx_bytes,1\nBAD,n0,eth0,rx_bytes,2\n"),
        ("events.csv", "ts_ns,device,port,event,text\nGOOD,n1,eth0,link_up,\nBAD,n1,eth0,link_down,\n"),
        ("steps.csv", "job,rank,device,step,phase,start_ns,end_ns\nj,0,n0,1,,GOOD,GOOD\nj,0,n0,1,,BAD,GOOD\n"),
        ("steps.csv", "job,rank,device,step,phase,start_ns,end_ns\nj,0,n0,1,,GOOD,GOOD\nj,0,n0,1,,GOOD,BAD\n"),
        ("jobs.csv", "job,device,start_ns,end_ns\nj,n0,GOOD,\nj,n1,BAD,\n"),
        ("jobs.csv", "job,device,start_ns,end_ns\nj,n0,0,9223372036854775807\nj,n1,GOOD,BAD\n"),
        (
            "truth.csv",
            "fault,class,device,port,start_ns,end_ns\n1,link_down,n1,eth0,GOOD,GOOD\n2,link_down,n1,,BAD,GOOD\n",
        ),
    ];
    let units = [(S, "seconds"), (1_000_000, "milliseconds"), (1000, "microseconds"), (100, "units of 100 ns")];
    for (file, text) in files {
        for (by, unit) in units {
            let (trace, out) = (folder(), tempfile::tempdir().unwrap());
            let bad = ((T0 + 7 * S) / by).to_string();
            let text = text.replace("GOOD", &(T0 + 9 * S).to_string()).replace("BAD", &bad);
            std::fs::write(trace.path().join(file), text).unwrap();
            let mut errors = vec![import(trace.path(), out.path()).unwrap_err().to_string()];
            // What was true is for those who score a replay; reading a trace leaves it alone.
            if file != "truth.csv" {
                errors.push(read(trace.path()).unwrap_err().to_string());
            }
            for said in errors {
                assert!(said.contains(&format!("{file}:3: ")) && said.contains(&bad), "{said}");
                assert!(said.contains(&format!("seems to be {unit}")), "{said}");
                assert!(said.ends_with(&format!("multiply by {by}")), "{said}");
            }
        }
    }
}

#[test]
fn an_import_is_the_same_trace_and_names_strangers() {
    let (trace, out) = (folder(), tempfile::tempdir().unwrap());
    assert_eq!(import(trace.path(), out.path()).unwrap(), 720);
    assert_eq!(read(out.path()), read(trace.path()));
    let stranger = format!("ts_ns,device,port,counter,value\n{T0},nX,eth0,rx_bytes,12\n");
    std::fs::write(trace.path().join("samples.csv"), stranger).unwrap();
    let said = import(trace.path(), out.path()).unwrap_err().to_string();
    assert!(said.ends_with("samples.csv:2: device nX is not in devices.csv; add it there"), "{said}");
}

#[test]
fn a_plan_reads_as_it_was_written() {
    let (trace, out) = (folder(), tempfile::tempdir().unwrap());
    let bare = load_plan(trace.path()).unwrap();
    let mut full = bare.clone();
    full.devices[0].labels.insert("owner".into(), "a \"b\", c".into());
    full.ports[0].plane = "1".into();
    full.jobs[0].port = "gpu3".into();
    for plan in [bare, full] {
        write_plan(out.path(), &plan).unwrap();
        assert_eq!(load_plan(out.path()).unwrap(), plan);
    }
}
