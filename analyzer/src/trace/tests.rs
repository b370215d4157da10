//! Small traces by hand: what is read, what is said of a broken one, and that a replay is the same however it arrives.

use super::replay::replay;
use super::*;
use std::fmt::Write;
use std::path::Path;

const S: i64 = 1_000_000_000;
const T0: i64 = 1_700_000_000 * S;

/// A folder that is gone after the test.
pub(crate) struct Folder(pub std::path::PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        let dir = std::env::temp_dir().join(format!("weft-trace-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        Folder(dir)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Two nodes under a leaf; the cable of n1 is pulled from second 20 to 40.
pub(crate) fn tiny(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write("trace.toml", "name = \"tiny\"\ntick_ns = 1000000000\n");
    folder.write(
        "devices.csv",
        "device,kind,tier,rack,pod,owner\nn0,node,,r1,p1,x\nn1,node,,r1,p1,y\nl0,switch,leaf,r1,p1,\n",
    );
    folder.write(
        "ports.csv",
        "device,port,table,speed_bps,rail,role\nn0,eth0,nic,100000000000,0,compute\nn1,eth0,nic,100000000000,0,compute\n\
         l0,swp0,switch_port,100000000000,,\nl0,swp1,switch_port,100000000000,,\n",
    );
    folder.write("cables.csv", "a_device,a_port,b_device,b_port\nn0,eth0,l0,swp0\nn1,eth0,l0,swp1\n");
    folder.write("jobs.csv", &format!("job,device,start_ns,end_ns,rank,group\nj,n0,{T0},,0,\nj,n1,{T0},,1,\n"));
    folder
        .write("events.csv", &format!("ts_ns,device,port,event,text\n{},n1,eth0,link_down,pulled\n", T0 + 20 * S + 5));
    folder.write("samples.csv", &samples(0..60));
    folder
}

fn samples(seconds: std::ops::Range<i64>) -> String {
    let mut text = "ts_ns,device,port,counter,value\n".to_owned();
    for second in seconds {
        for (device, port) in [("n0", "eth0"), ("n1", "eth0"), ("l0", "swp0"), ("l0", "swp1")] {
            let down = (device == "n1" || port == "swp1") && (20..40).contains(&second);
            let bytes = if down { 20 } else { second } * 1_000_000_000;
            let ts = T0 + second * S;
            for (counter, value) in [("rx_bytes", bytes), ("tx_bytes", bytes), ("link_up", i64::from(!down))] {
                writeln!(text, "{ts},{device},{port},{counter},{value}").unwrap();
            }
        }
    }
    text
}

fn args(trace: &Path, out: &Path) -> ReplayArgs {
    ReplayArgs {
        trace: trace.to_owned(),
        speed: Speed::Max,
        disturb: Disturb::default(),
        to: None,
        out: Some(out.to_owned()),
        lateness_s: 2.0,
    }
}

#[test]
fn a_trace_becomes_frames() {
    let trace = tiny("frames");
    let mut source = FrameSource::open(&trace.0).unwrap();
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
fn a_replay_is_the_same_however_it_arrives() {
    let trace = tiny("replay");
    let out = Folder::new("replay-out");
    let read = |name: &str| std::fs::read_to_string(out.0.join(name)).unwrap();
    let calm = replay(&args(&trace.0, &out.0)).unwrap();
    assert_eq!((calm.ticks, calm.frames, calm.late_rows, calm.samples), (60, 180, 0, 720));
    let (incidents, facts) = (read("incidents.ndjson"), read("facts.ndjson"));
    for disturb in ["late=2s,duplicate=0.1,shuffle,seed=5", "shuffle,seed=1", "late=1s,seed=9"] {
        let disturbed = ReplayArgs { disturb: disturb.parse().unwrap(), ..args(&trace.0, &out.0) };
        assert_eq!(replay(&disturbed).unwrap().late_rows, 0);
        assert_eq!((read("incidents.ndjson"), read("facts.ndjson")), (incidents.clone(), facts.clone()), "{disturb}");
    }
    let late = ReplayArgs { disturb: "late=30s,shuffle,seed=6".parse().unwrap(), ..args(&trace.0, &out.0) };
    assert!(replay(&late).unwrap().late_rows > 0);
}

#[test]
fn a_file_sorted_by_series_is_the_same_trace() {
    let (by_time, by_series) = (tiny("by-time"), tiny("by-series"));
    let text = samples(0..60);
    let mut lines: Vec<&str> = text.lines().skip(1).collect();
    lines.sort_by_key(|l| l.split_once(',').map(|(_, rest)| rest.split(',').take(3).collect::<Vec<_>>()));
    by_series.write("samples.csv", &format!("ts_ns,device,port,counter,value\n{}\n", lines.join("\n")));
    let frames = |dir: &Path| {
        let mut source = FrameSource::open(dir).unwrap();
        std::iter::from_fn(move || source.next_tick().unwrap()).flatten().count()
    };
    assert_eq!(frames(&by_time.0), frames(&by_series.0));
}

#[test]
fn errors_name_the_line_and_the_mend() {
    let check = |file: &str, text: &str, expected: &str| {
        let trace = tiny("errors");
        trace.write(file, text);
        let said = match FrameSource::open(&trace.0) {
            Err(error) => error.to_string(),
            Ok(mut source) => loop {
                match source.next_tick() {
                    Ok(Some(_)) => {}
                    Ok(None) => break "no error".to_owned(),
                    Err(error) => break error.to_string(),
                }
            },
        };
        let said = said.replace(&format!("{}/", trace.0.display()), "");
        assert_eq!(said, expected);
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

/// Every file that carries times, in every unit that is not ns: import and replay refuse it by file and line.
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
    for (number, (file, text)) in files.iter().enumerate() {
        for (by, unit) in units {
            let (trace, out) =
                (tiny(&format!("stamps-{number}-{by}")), Folder::new(&format!("stamps-out-{number}-{by}")));
            let bad = (T0 + 7 * S) / by;
            trace.write(file, &text.replace("GOOD", &(T0 + 9 * S).to_string()).replace("BAD", &bad.to_string()));
            let import = ImportArgs { src: trace.0.clone(), out: out.0.clone() };
            let mut said = vec![import::import(&import).unwrap_err().to_string()];
            // A replay does not read what was true.
            if *file != "truth.csv" {
                said.push(replay(&args(&trace.0, &out.0)).unwrap_err().to_string());
            }
            for said in said {
                assert!(said.contains(&format!("{file}:3: ")) && said.contains(&bad.to_string()), "{said}");
                assert!(said.contains(&format!("seems to be {unit}")), "{said}");
                assert!(said.ends_with(&format!("multiply by {by}")), "{said}");
            }
        }
    }
}

#[test]
fn an_import_is_the_same_trace_and_names_strangers() {
    let (trace, out) = (tiny("import"), Folder::new("import-out"));
    let args = ImportArgs { src: trace.0.clone(), out: out.0.clone() };
    assert_eq!(import::import(&args).unwrap(), 720);
    let frames = |dir: &Path| {
        let mut source = FrameSource::open(dir).unwrap();
        std::iter::from_fn(move || source.next_tick().unwrap()).flatten().collect::<Vec<_>>()
    };
    assert_eq!(frames(&out.0), frames(&trace.0));
    trace.write("samples.csv", &format!("ts_ns,device,port,counter,value\n{T0},nX,eth0,rx_bytes,12\n"));
    let said = import::import(&args).unwrap_err().to_string();
    assert!(said.ends_with("samples.csv:2: device nX is not in devices.csv; add it there"), "{said}");
}

#[tokio::test]
async fn a_recording_replays_to_the_same_incidents() {
    let (trace, out) = (tiny("record"), Folder::new("record-out"));
    let (verdict, again) = (Folder::new("record-verdict"), Folder::new("record-again"));
    let (publisher, subscriber) = weft_transport::in_process(10_000);
    let stop = tokio_util::sync::CancellationToken::new();
    let args = RecordArgs {
        out: out.0.clone(),
        transport: weft_transport::TransportUrl::InProcess,
        group: String::new(),
        prefix: String::new(),
        plan: Some(trace.0.clone()),
        name: "again".into(),
        lateness_s: 2.0,
    };
    let recording = tokio::spawn({
        let (args, stop) = (args.clone(), stop.clone());
        async move { record::record_from(subscriber, &args, stop).await }
    });
    let mut source = FrameSource::open(&trace.0).unwrap();
    while let Some(frames) = source.next_tick().unwrap() {
        for frame in frames {
            let bytes = frame.encode().unwrap().into();
            publisher.publish(weft_transport::Topic::Frames, &frame.collector, bytes).await.unwrap();
        }
    }
    stop.cancel();
    assert_eq!(recording.await.unwrap().unwrap(), 720);
    replay(&super::tests::args(&trace.0, &verdict.0)).unwrap();
    replay(&super::tests::args(&out.0, &again.0)).unwrap();
    let read = |folder: &Folder| std::fs::read_to_string(folder.0.join("incidents.ndjson")).unwrap();
    assert_eq!(read(&verdict), read(&again));
}
