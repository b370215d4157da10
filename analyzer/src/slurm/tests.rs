//! What is made of Slurm's answers, version by version and step by step.

use super::answer::{Job, Jobs, Nodes, Reservations};
use super::ask::Asker;
use super::config::{SlurmConfig, SlurmKind};
use super::jobs::rows;
use super::maintenance::announced;
use super::watch::{Watcher, told_jobs, told_maintenance};
use crate::operations::{Book, JobsInForce};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use weft_settings::Secret;

const T: i64 = 1_700_000_000;
const S: i64 = 1_000_000_000;

const JOBS: &str = include_str!("fixtures/jobs-v0.0.40.json");
const NODES: &str = include_str!("fixtures/nodes-v0.0.40.json");
const RESERVATIONS: &str = include_str!("fixtures/reservations-v0.0.40.json");

/// Job, device, GPUs, start and end in seconds from [`T`], group; GPUs of one node in one line.
fn shown(jobs: &[Job]) -> Vec<String> {
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for row in rows(jobs).unwrap() {
        let seconds = |ns: Option<i64>| ns.map_or_else(|| "runs".to_owned(), |ns| (ns / S - T).to_string());
        let head =
            format!("{} {} {}..{} {}", row.job, row.device, seconds(row.start_ns), seconds(row.end_ns), row.group);
        match lines.last_mut().filter(|(last, _)| *last == head) {
            Some((_, gpus)) => gpus.push(row.port),
            None => lines.push((head, vec![row.port])),
        }
    }
    let line = |(head, gpus): (String, Vec<String>)| match (gpus.first(), gpus.last()) {
        (Some(first), Some(last)) if !first.is_empty() => format!("{} {first}-{last}", head.trim_end()),
        _ => head.trim_end().to_owned(),
    };
    lines.into_iter().map(line).collect()
}

fn parsed<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap()
}

#[test]
fn jobs_are_read_off_the_answers_of_every_version() {
    assert_eq!(
        shown(&parsed::<Jobs>(JOBS).jobs),
        [
            "8123 gpu001 0..runs gpu0-gpu7",
            "8123 gpu002 0..runs gpu0-gpu7",
            "8124 gpu003 0..runs gpu0-gpu3",
            "8125 gpu003 0..runs gpu4-gpu7",
            "8126_7 gpu004 0..runs",
            "8131 gpu005 0..runs component 0",
            "8131 gpu006 0..runs component 1",
            "8131 gpu007 0..runs component 1",
            "8141 gpu008 -500..-100",
            "8142 gpu009 -500..-5",
        ]
    );
    assert_eq!(
        shown(&parsed::<Jobs>(include_str!("fixtures/jobs-v0.0.38.json")).jobs),
        ["701 gpu1 0..runs gpu0-gpu7", "703 gpu2 -500..-100 gpu0-gpu7", "709_2 gpu3 0..runs gpu0-gpu7"]
    );
}

/// One job from its birth to its end, as Slurm tells of it from one answer to the next.
#[test]
fn a_job_begins_is_requeued_shares_a_node_and_ends() {
    let job = |state: Value, nodes: &str, start_s: i64, end_s: i64| {
        let number = |s: i64| json!({"set": true, "infinite": false, "number": if s == 0 { 0 } else { T + s }});
        json!({"job_id": 5, "job_state": state, "nodes": nodes, "start_time": number(start_s), "end_time": number(end_s)})
    };
    let other = json!({"job_id": 6, "job_state": "RUNNING", "nodes": "n2", "start_time": T});
    for (told, expected) in [
        (vec![job(json!(["PENDING"]), "", 0, 0)], &[][..]),
        (vec![job(json!(["CONFIGURING"]), "n[1-2]", 10, 900)], &[]),
        (vec![job(json!(["RUNNING"]), "n[1-2]", 10, 900)], &["5 n1 10..runs", "5 n2 10..runs"]),
        (
            vec![job(json!(["RUNNING"]), "n[1-2]", 10, 900), other.clone()],
            &["5 n1 10..runs", "5 n2 10..runs", "6 n2 0..runs"],
        ),
        (vec![job(json!(["COMPLETING", "NODE_FAIL"]), "n[1-2]", 10, 99)], &["5 n1 10..99", "5 n2 10..99"]),
        // Requeued after a node failed: it waits, and begins on other nodes.
        (vec![job(json!(["PENDING", "REQUEUED"]), "", 0, 0), other.clone()], &["6 n2 0..runs"]),
        (vec![job(json!(["RUNNING"]), "n[3-4]", 200, 900)], &["5 n3 200..runs", "5 n4 200..runs"]),
        (vec![job(json!(["COMPLETED"]), "n[3-4]", 200, 700)], &["5 n3 200..700", "5 n4 200..700"]),
        (vec![], &[]),
    ] {
        let answer: Jobs = serde_json::from_value(json!({"jobs": told, "errors": []})).unwrap();
        assert_eq!(shown(&answer.jobs), expected, "{told:?}");
    }
}

#[test]
fn odd_fields_are_left_and_a_broken_list_of_nodes_is_named() {
    let odd = json!({"jobs": [
        {"job_id": 1, "job_state": null, "nodes": null, "start_time": {"set": false}, "gres_detail": null},
        {"job_id": 2, "job_state": ["RUNNING"], "nodes": "n1", "start_time": {"set": true, "number": 1.7e9}, "array_job_id": "x"},
        {"job_id": 3, "job_state": ["RUNNING"], "nodes": "n2", "start_time": -5},
        {"job_id": 4, "job_state": ["RUNNING"], "nodes": "n2", "start_time": {"infinite": true, "set": true, "number": 0}},
    ]});
    assert_eq!(shown(&serde_json::from_value::<Jobs>(odd).unwrap().jobs), ["2 n1 0..runs"]);
    let broken = Job {
        job_id: 9,
        job_state: vec!["RUNNING".into()],
        nodes: "n[1".into(),
        start_time: Some(5),
        ..Job::default()
    };
    assert!(rows(&[broken]).unwrap_err().to_string().starts_with("nodes of job 9: \"n[1\""));
}

#[test]
fn drained_nodes_and_reservations_for_maintenance_are_announced() {
    let said = |nodes: &str, reservations: &str| {
        let (nodes, reservations): (Nodes, Reservations) = (parsed(nodes), parsed(reservations));
        let all = announced(&nodes.nodes, &reservations.reservations, T * S).unwrap();
        let line = |told: crate::operations::Announced| {
            let parts: Vec<String> = told.parts.iter().map(|part| part.device.clone()).collect();
            let until = told.until_ns.map_or_else(|| "open".to_owned(), |ns| (ns / S - T).to_string());
            format!("{} {}..{until} {}: {}", parts.join("+"), told.from_ns / S - T, told.who, told.reason)
        };
        all.into_iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(
        said(NODES, RESERVATIONS),
        [
            "gpu011 0..open root: new kernel",
            "gpu014 0..open root: disk",
            "gpu015 0..open root: reboot ASAP",
            "gpu020+gpu021 3600..7200 root: reservation firmware",
        ]
    );
    let none = r#"{"reservations": []}"#;
    assert_eq!(said(include_str!("fixtures/nodes-v0.0.38.json"), none), ["gpu1 0..open root: fan"]);
}

/// A stand-in for a command of Slurm.
fn command(dir: &Path, name: &str, script: &str) {
    let path = dir.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn what_slurm_22_05_answered_is_read() {
    let jobs: Jobs = parsed(include_str!("fixtures/recorded-22.05-jobs.json"));
    let rows = rows(&jobs.jobs).unwrap();
    let shown = |job: &str| {
        let own = rows.iter().filter(|row| row.job == job);
        own.map(|row| format!("{} {} {}", row.device, row.port, row.end_ns.is_some())).collect::<Vec<_>>()
    };
    let eight = |node: &str| (0..8).map(|gpu| format!("{node} gpu{gpu} false")).collect::<Vec<_>>();
    assert_eq!(shown("1"), [eight("n1"), eight("n2")].concat());
    assert_eq!(shown("2_0"), ["n3 gpu0 false", "n3 gpu1 false", "n3 gpu2 false"]);
    assert!(shown("2_1").is_empty(), "it was requeued and waits");
    assert_eq!(shown("3"), ["n4  true", "n3  true"], "cancelled: its components, whose GPUs are told no more");
    assert!(shown("5").is_empty(), "it ended in the second in which it began");
    let nodes: Nodes = parsed(include_str!("fixtures/recorded-22.05-nodes.json"));
    let reservations: Reservations = parsed(include_str!("fixtures/recorded-22.05-reservations.json"));
    let told = announced(&nodes.nodes, &reservations.reservations, T * S).unwrap();
    let line = |told: &crate::operations::Announced| {
        let devices: Vec<&str> = told.parts.iter().map(|part| part.device.as_str()).collect();
        format!("{} {} {}: {}", devices.join(","), told.until_ns.is_some(), told.who, told.reason)
    };
    let lines: Vec<String> = told.iter().map(line).collect();
    assert_eq!(lines, ["n4 false root: new kernel until_ns=0", "n1,n2 true root: reservation fw"]);
}

#[tokio::test]
async fn commands_are_asked_within_a_time_and_a_length() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [("jobs", JOBS), ("nodes", NODES), ("reservations", RESERVATIONS)] {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let here = dir.path().display();
    command(dir.path(), "squeue", &format!("echo \"$@\" > {here}/asked; cat {here}/jobs"));
    command(dir.path(), "scontrol", &format!("cat {here}/$2"));
    let config = SlurmConfig {
        kind: SlurmKind::Command,
        bin: Some(dir.path().to_owned()),
        timeout_s: 5,
        ..SlurmConfig::default()
    };
    let asker = Asker::new(config.clone());
    let (jobs, announced) = (told_jobs(&asker).await.unwrap(), told_maintenance(&asker).await.unwrap());
    assert_eq!((jobs.len(), announced.len()), (30, 4));
    assert_eq!(std::fs::read_to_string(dir.path().join("asked")).unwrap(), "--all --array --json\n");
    for (script, config, said) in [
        (
            "exec sleep 60",
            SlurmConfig { timeout_s: 1, ..config.clone() },
            "squeue --all --array --json gave no answer in 1 s",
        ),
        ("echo 'slurm_load_jobs error: Unable to contact' >&2; exit 1", config.clone(), "Unable to contact"),
        ("echo \"scontrol: unrecognized option '--json'\" >&2; exit 1", config.clone(), "kind = \"rest\""),
        ("echo no JSON", config.clone(), "cannot be read"),
        (
            "echo '{\"jobs\": [], \"errors\": [{\"error\": \"Protocol\", \"description\": \"down\"}]}'",
            config.clone(),
            "Protocol down",
        ),
        ("head -c 200000 /dev/zero", SlurmConfig { max_bytes: 1 << 16, ..config.clone() }, "raise [slurm] max_bytes"),
        ("true", SlurmConfig { bin: Some("/nowhere".into()), ..config.clone() }, "name its folder in [slurm] bin"),
    ] {
        command(dir.path(), "squeue", script);
        let failure = told_jobs(&Asker::new(config)).await.unwrap_err();
        assert!(failure.contains(said), "{script}: {failure}");
    }
}

#[tokio::test]
async fn a_question_that_fails_holds_up_no_others_answer() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("jobs"), JOBS).unwrap();
    let here = dir.path().display();
    command(dir.path(), "squeue", &format!("cat {here}/jobs"));
    command(dir.path(), "scontrol", "echo 'Access denied' >&2; exit 1");
    let config = SlurmConfig { kind: SlurmKind::Command, bin: Some(dir.path().to_owned()), ..SlurmConfig::default() };
    let (in_force, book) = (JobsInForce::default(), Arc::new(Book::default()));
    let mut watcher = Watcher::new(config, in_force.clone(), book.clone());
    let failure = watcher.round().await.unwrap_err();
    assert!(failure.contains("Access denied; nothing is known of maintenance"), "{failure}");
    assert_eq!(in_force.take().map(|jobs| jobs.len()), Some(30), "jobs are known all the same");
    command(dir.path(), "squeue", "echo 'Unable to contact' >&2; exit 1");
    std::fs::write(dir.path().join("nodes"), NODES).unwrap();
    std::fs::write(dir.path().join("reservations"), RESERVATIONS).unwrap();
    command(dir.path(), "scontrol", &format!("cat {here}/$2"));
    let failure = watcher.round().await.unwrap_err();
    assert!(failure.contains("Unable to contact; what it said of jobs 0 s ago stays in force"), "{failure}");
    assert_eq!(
        book.list().len(),
        3,
        "and so is maintenance: the nodes that are drained; the reservation was over long ago"
    );
}

/// One that leads elsewhere would be given the token by a client that follows it.
#[tokio::test]
async fn a_redirect_carries_the_token_nowhere() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (seen, to) = (asked.clone(), url.replace("127.0.0.1", "localhost"));
    let answer = move |uri: axum::http::Uri| async move {
        seen.lock().unwrap().push(uri.path().to_owned());
        axum::response::Redirect::temporary(&format!("{to}/elsewhere"))
    };
    let server = tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });
    let config = SlurmConfig { kind: SlurmKind::Rest, url, token: Some(Secret::new("t")), ..SlurmConfig::default() };
    let failure = told_jobs(&Asker::new(config)).await.unwrap_err();
    server.abort();
    assert!(failure.contains("redirects are not followed"), "{failure}");
    assert_eq!(*asked.lock().unwrap(), ["/slurm/v0.0.40/jobs"]);
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let rest = SlurmConfig { kind: SlurmKind::Rest, url: "http://s:6820".into(), ..SlurmConfig::default() };
    assert_eq!((rest.check(), SlurmConfig::default().check()), (Ok(()), Ok(())));
    for (config, said) in [
        (SlurmConfig { url: "s:6820".into(), ..rest.clone() }, "write http://HOST:6820"),
        (SlurmConfig { version: "40".into(), ..rest.clone() }, "write v0.0.40"),
        (SlurmConfig { every_s: 0, ..rest.clone() }, "write 1 or more"),
        (SlurmConfig { max_bytes: 5, ..rest }, "65536"),
    ] {
        assert!(config.check().unwrap_err().to_string().contains(said), "{said}");
    }
}
