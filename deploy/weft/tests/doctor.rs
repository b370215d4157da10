//! `weft doctor` as a person runs it: on a copied tree with nobody to talk to, and beside a running `weft up`.

use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const WEFT: &str = env!("CARGO_BIN_EXE_weft");

/// Exit code and findings.
fn doctor(flags: &[&str]) -> (i32, Vec<Value>) {
    let output = Command::new(WEFT).args(["doctor", "--output", "json"]).args(flags).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let findings = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status.code().unwrap(), findings)
}

/// The findings about a matter, as `level: what → mend`.
fn about(findings: &[Value], matter: &str) -> Vec<String> {
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let of = findings.iter().filter(|finding| finding["about"] == matter);
    of.map(|f| format!("{}: {} → {}", text(f, "level"), text(f, "what"), text(f, "mend"))).collect()
}

fn has(lines: &[String], words: &[&str]) -> bool {
    lines.iter().any(|line| words.iter().all(|word| line.contains(word)))
}

/// A tree with one interface that has a device, and a folder where a counter should be.
fn tree(root: &Path) {
    let port = root.join("sys/class/net/eth0");
    fs::create_dir_all(port.join("statistics/tx_bytes")).unwrap();
    fs::create_dir_all(port.join("device")).unwrap();
    for (file, text) in [
        ("type", "1"),
        ("flags", "0x1003"),
        ("carrier", "1"),
        ("mtu", "9000"),
        ("speed", "400000"),
        ("ifindex", "2"),
        ("uevent", "INTERFACE=eth0\nIFINDEX=2"),
        ("statistics/rx_bytes", "1000"),
    ] {
        fs::write(port.join(file), format!("{text}\n")).unwrap();
    }
}

#[test]
fn what_cannot_be_read_and_who_does_not_answer_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    tree(folder.path());
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (transport, url) = (format!("direct://{closed}"), format!("http://{closed}"));
    let root = folder.path().to_str().unwrap();
    let (code, found) = doctor(&["--root", root, "--transport", &transport, "--url", &url]);
    let node = about(&found, "node");
    assert_eq!(code, 1, "{found:?}");
    assert!(has(&node, &["well", "ports of the fabric: eth0"]), "{node:?}");
    assert!(has(&node, &["warning", "tx_bytes of eth0", "cannot be read"]), "{node:?}");
    assert!(!has(&node, &["clock"]), "a copied tree has none: {node:?}");
    let transport = about(&found, "transport");
    assert!(has(&transport, &["warning", &closed.to_string(), "[transport] bootstrap"]), "{transport:?}");
    let analyzer = about(&found, "analyzer");
    assert!(has(&analyzer, &["note", "no analyzer answers", "--url"]), "{analyzer:?}");
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_running_analyzer_says_which_collectors_it_hears_and_what_would_arm_its_detectors() {
    let folder = tempfile::tempdir().unwrap();
    // No port of this machine is read, so that it says the same on every machine.
    let config = folder.path().join("weft.toml");
    fs::write(&config, "[collector]\ninterfaces.exclude = [\"*\"]\nstep.socket = \"\"\n").unwrap();
    let flags = ["up", "--id", "here", "--listen", "127.0.0.1:0", "--direct", "127.0.0.1:0", "--config"];
    let mut up = Command::new(WEFT);
    up.args(flags).arg(&config);
    let mut up = Running(up.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut ready = String::new();
    BufReader::new(up.0.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let ready: Value = serde_json::from_str(&ready).unwrap();
    let (url, direct) = (ready["http"].as_str().unwrap(), format!("direct://{}", ready["direct"].as_str().unwrap()));
    let (_, found) = doctor(&["--transport", &direct, "--url", url]);
    let transport = about(&found, "transport");
    assert!(has(&transport, &["well", "answers"]), "{transport:?}");
    let analyzer = about(&found, "analyzer");
    assert!(has(&analyzer, &["hears", "collectors"]), "{analyzer:?}");
    assert!(has(&analyzer, &["warning", "congestion is off", "no job in the plan", "plan jobs.csv"]), "{analyzer:?}");
    assert!(!has(&analyzer, &["well", "armed for"]), "nothing can be seen here: {analyzer:?}");
}
