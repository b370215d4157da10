//! The hand-written trace of docs/scoring.md, judged and scored, and what is said of a broken one.

use super::*;
use crate::replay::Allowed;
use std::path::{Path, PathBuf};
use weft_score::Output;

/// Commands that write and score the trace, as the page has them.
const PAGE: &str = include_str!("../../../docs/scoring.md");

fn args(traces: &[&Path]) -> ScoreArgs {
    let traces = traces.iter().map(|trace| PathBuf::from(*trace)).collect();
    ScoreArgs {
        traces,
        incidents: None,
        keep: None,
        metamorphic: None,
        baselines: false,
        html: None,
        seed: 1,
        allowed: Allowed::default(),
        output: Output::Table,
        at_once: None,
    }
}

/// The fenced block after a line that holds `mark`.
fn block(mark: &str) -> &'static str {
    let after = PAGE.split_once(mark).unwrap_or_else(|| panic!("docs/scoring.md has no {mark}")).1;
    after.split("```").nth(1).expect("a block").split_once('\n').expect("a language").1
}

/// Runs the page's script in an empty folder: it makes the folder `trace`.
fn written(dir: &Path) -> PathBuf {
    let script = block("example: a trace by hand");
    let status = std::process::Command::new("bash").args(["-euc", script]).current_dir(dir).status().expect("bash");
    assert!(status.success());
    dir.join("trace")
}

fn scored(args: &ScoreArgs) -> Result<Score, String> {
    let scored = score_all(args).into_iter().collect::<Result<Vec<_>, _>>();
    scored.map(|scored| score_of(args, scored)).map_err(|e| e.to_string())
}

#[test]
fn the_pages_trace_is_scored_as_the_page_says() {
    let dir = tempfile::tempdir().unwrap();
    let trace = written(dir.path());
    let score = scored(&args(&[&trace])).unwrap();
    let (said, page) = (render(&score, Output::Table), block("example: its score"));
    assert!(said.starts_with(page), "the page should say:\n{said}");
    assert!(score.is_good());
}

#[test]
fn what_was_kept_is_scored_again_without_judging() {
    let dir = tempfile::tempdir().unwrap();
    let (trace, keep) = (written(dir.path()), dir.path().join("verdicts"));
    let first = scored(&ScoreArgs { keep: Some(keep.clone()), ..args(&[&trace]) }).unwrap();
    let own = keep.join(dir.path().file_name().unwrap()).join("trace");
    for said in [keep.clone(), own.clone()] {
        let again = scored(&ScoreArgs { incidents: Some(said), ..args(&[&trace]) }).unwrap();
        assert_eq!(render(&again, Output::Json), render(&first, Output::Json));
    }
    std::fs::write(own.join("incidents.ndjson"), block("example: another system")).unwrap();
    let other = scored(&ScoreArgs { incidents: Some(keep.clone()), ..args(&[&trace]) }).unwrap();
    assert_eq!((other.overall.recall.hits, other.overall.r#false), (0, 1));
    let both = ScoreArgs { keep: Some(keep), ..args(&[&trace, &trace]) };
    assert!(named_twice(&both).unwrap().to_string().contains("/trace, and each needs a folder"));
}

#[test]
fn a_broken_trace_is_told_by_file_and_line() {
    let check = |file: &str, text: &str, expected: &str| {
        let dir = tempfile::tempdir().unwrap();
        let trace = written(dir.path());
        std::fs::write(trace.join(file), text).unwrap();
        let said = scored(&args(&[&trace])).unwrap_err();
        assert_eq!(said.strip_prefix(&format!("{}/", trace.display())).unwrap_or(&said), expected);
    };
    check(
        "truth.csv",
        "fault,class,device,port,start_ns,end_ns,step_loss,note\nf1,link_down,n9,eth0,1790000000000000000,,,\n",
        "truth.csv: fault f1 names device n9, which devices.csv does not have; add the device there, or mend its name",
    );
    check(
        "truth.csv",
        "fault,class,device,port,start_ns,end_ns\nf1,link_down,n0,eth0\n",
        "truth.csv:2: 4 fields, the header has 6; write every field, empty ones too",
    );
    check(
        "samples.csv",
        "ts_ns,device,port,counter,value\n1790000000000000000,n0,eth0,rx_bytes,much\n",
        "samples.csv:2: value is \"much\"; write a finite number; leave the row out when there is no value",
    );
}

#[test]
fn a_pulled_cable_is_told_whatever_disturbs_its_trace() {
    let dir = tempfile::tempdir().unwrap();
    let trace = written(dir.path());
    let all = ScoreArgs { metamorphic: Some("all".parse().unwrap()), ..args(&[&trace]) };
    let metamorphic = scored(&all).unwrap().metamorphic.unwrap();
    assert_eq!(metamorphic.runs.len(), 9);
    for run in &metamorphic.runs {
        assert_eq!((run.found, run.changes.len()), (1, 0), "{run:?}");
    }
}
