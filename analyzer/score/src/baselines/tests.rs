//! A star of six hosts, read once a second for three minutes: what the rules say of a damaged and of a pulled cable.

use super::tuning::half;
use super::*;
use crate::compare::compare;
use crate::incident::Incident;
use crate::subject::Subject;
use crate::testkit::{S, T0};
use std::fmt::Write;
use std::path::Path;
use weft_trace::TraceTables;

/// What the port of the leaf to host 2 counts a second from second 40 to 140, whether the cable of host 4 is pulled from second 60
/// to 80, and the rows of truth.csv.
struct Story {
    errors: i64,
    is_pulled: bool,
    truth: &'static str,
}

const DAMAGED: &str = "f1,lossy_link,l0,swp2,1700000040000000000,1700000140000000000\n";
const NOTHING: Story = Story { errors: 0, is_pulled: false, truth: "" };

fn write(dir: &Path, story: &Story) {
    let mut files = [
        ("trace.toml", "tick_ns = 1000000000\n".to_owned()),
        ("devices.csv", "device,kind,tier\nl0,switch,leaf\n".to_owned()),
        ("ports.csv", "device,port,table,speed_bps\n".to_owned()),
        ("cables.csv", "a_device,a_port,b_device,b_port\n".to_owned()),
        ("truth.csv", format!("fault,class,device,port,start_ns,end_ns\n{}", story.truth)),
        ("samples.csv", "ts_ns,device,port,counter,value\n".to_owned()),
    ];
    for host in 0..6 {
        writeln!(files[1].1, "n{host},node,").unwrap();
        writeln!(files[2].1, "n{host},eth0,nic,100000000000\nl0,swp{host},switch_port,100000000000").unwrap();
        writeln!(files[3].1, "n{host},eth0,l0,swp{host}").unwrap();
    }
    for second in 0..180 {
        for host in 0..6 {
            let is_up = !(story.is_pulled && host == 4 && (60..80).contains(&second));
            let errors = if host == 2 { (second - 40).clamp(0, 100) * story.errors } else { 0 };
            for (device, port, errors) in
                [(format!("n{host}"), "eth0".to_owned(), 0), ("l0".to_owned(), format!("swp{host}"), errors)]
            {
                let at = T0 + second * S;
                let state = i64::from(is_up);
                writeln!(
                    files[5].1,
                    "{at},{device},{port},rx_crc_errors,{errors}\n{at},{device},{port},link_up,{state}"
                )
                .unwrap();
            }
        }
    }
    files.iter().for_each(|(name, text)| std::fs::write(dir.join(name), text).unwrap());
}

fn seen(name: &str, story: &Story) -> Sighted {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), story);
    let subject = Subject::load(dir.path(), name, "s").unwrap();
    sighted(&TraceTables::load(dir.path()).unwrap(), subject)
}

/// Label, and the second at which each incident opened.
fn told(incidents: &[Incident]) -> Vec<(String, i64)> {
    let mut told: Vec<_> = incidents.iter().map(|i| (i.label(), (i.opened_ns.unwrap() - T0) / S)).collect();
    told.sort();
    told
}

#[test]
fn each_rule_names_the_port_that_counts_and_the_cable_that_is_down() {
    let trace = seen("t", &Story { errors: 20, is_pulled: true, truth: DAMAGED });
    let down = ("link_down n4/eth0".to_owned(), 61);
    let damaged = |second: i64| ("lossy_link l0/swp2".to_owned(), second);
    let at_published = |number: usize| told(&trace.alarms[number].incidents(BASELINES[number].published));
    // Twice the limit of ten a second, in the second after second 40; a value is known at the end of its tick.
    assert_eq!(at_published(0), [down.clone(), damaged(42)]);
    assert_eq!(at_published(1), [down.clone(), damaged(42)]);
    // Distance waits for sixty of its ticks, from that of second 42 on; a cable that was down for 20 s is not told by it.
    assert_eq!(at_published(2), [damaged(102)]);
    // Of ten seconds the mean: two of them with 20 errors a second are four times the least difference.
    assert_eq!(at_published(3), [down, damaged(43)]);
    let compared = compare(&trace.subject, &trace.alarms[0].incidents(1.0));
    assert_eq!((compared.faults[0].found, compared.r#false.len()), (true, 1), "no truth row says that n4 was pulled");
}

#[test]
fn an_alarm_that_comes_back_soon_is_the_same_one() {
    let trace = seen("t", &Story { errors: 20, is_pulled: false, truth: DAMAGED });
    let incidents = trace.alarms[0].incidents(1.0);
    // The last rise is that of second 140, and a minute later it is over.
    assert_eq!((incidents.len(), incidents[0].resolved_ns), (1, Some(T0 + 201 * S)));
    assert!(trace.alarms[0].incidents(2.1).is_empty(), "20 a second are not 21");
}

#[test]
fn thresholds_are_tuned_until_sound_traces_accuse_nobody() {
    // Fifteen errors a second are one and a half times the limit, in a trace that is said to be sound.
    let sound = seen("sound", &Story { errors: 15, ..NOTHING });
    let names = |own: bool| (0..20).map(|n| format!("t{n}")).filter(move |name| half(name) == own).take(2);
    let faulty = |name: String| seen(&name, &Story { errors: 20, is_pulled: false, truth: DAMAGED });
    let mut traces: Vec<Sighted> = names(false).chain(names(true)).map(faulty).collect();
    traces.push(sound);
    let scored: Vec<_> = traces.iter().map(|trace| compare(&trace.subject, &[])).collect();
    let rows = beside(&scored, &traces);
    assert_eq!((rows[0].figures.faults, rows[0].figures.recall.hits), (4, 0), "what was scored said nothing");
    let fixed = &rows[1];
    assert!(fixed.thresholds.iter().all(|t| (1.5..1.6).contains(t)), "{:?}", fixed.thresholds);
    assert_eq!((fixed.figures.recall.hits, fixed.figures.faults, fixed.figures.r#false), (4, 4, 0));
}
