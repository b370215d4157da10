//! Live collectors read GPUs by NVML (through a real shared library that says what a file says) and a network card from a tree of
//! files; one after another their values say that something is wrong, and each is named within three readings.

use crate::gpus::{PATIENCE, Sql};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};
use weft_collector::{Agent, CollectorConfig};
use weft_nvml_double::Double;
use weft_transport::in_process;

const CHILD: &str = "WEFT_TEST_GPU_FAULTS";
/// Said at the end, so that a child that did nothing is no success.
const DONE: &str = "all were named";
/// Readings that may show a fault before it is named.
const READINGS: i64 = 3;

/// What a board of 8 GPUs with 4 links each says; by default all is well.
#[derive(Clone, Default)]
struct Board {
    /// GPU 3 runs at 1,200 of 1,980 MHz, for heat.
    is_hot: bool,
    /// Of gpu5/link7's replays.
    replays: u64,
    /// gpu6/link2 is inactive.
    is_link_down: bool,
    /// Of GPU 1's memory, beyond correction.
    errors: u64,
    /// GPU 2 has fallen off the bus.
    is_lost: bool,
}

impl Board {
    fn text(&self) -> String {
        let mut script = String::from("nvml driver 570.86.15\n");
        for gpu in 0..8 {
            let is_hot = self.is_hot && gpu == 3;
            let (mhz, bits) = if is_hot { (1_200, 0x40) } else { (1_980, 0) };
            let errors = if gpu == 1 { self.errors } else { 0 };
            let _ = writeln!(
                script,
                "gpu{gpu} uuid GPU-{gpu}\ngpu{gpu} nvmlDeviceGetClockInfo.sm {mhz}\n\
                 gpu{gpu} nvmlDeviceGetMaxClockInfo.sm 1980\ngpu{gpu} nvmlDeviceGetCurrentClocksEventReasons {bits}\n\
                 gpu{gpu} nvmlDeviceGetTemperature.gpu 60\ngpu{gpu} field.4 {errors}\ngpu{gpu} field.91 8:1"
            );
            for link in 0..8 {
                let replays = if (gpu, link) == (5, 7) { self.replays } else { 0 };
                let up = u8::from(!(self.is_link_down && (gpu, link) == (6, 2)));
                let _ = writeln!(
                    script,
                    "gpu{gpu}/link{link} nvmlDeviceGetNvLinkState {up}\ngpu{gpu}/link{link} field.161 {replays}"
                );
            }
        }
        if self.is_lost {
            script += "xid gpu2 79\ngpu2 all !15\n";
        }
        script
    }
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

const LANES: &str = "sys/class/net/eth0/device/current_link_width";

/// A node with one card of 16 lanes.
fn tree(root: &Path) {
    for (file, text) in [
        ("type", "1\n"),
        ("carrier", "1\n"),
        ("statistics/rx_bytes", "5\n"),
        ("device/current_link_speed", "32.0 GT/s PCIe\n"),
        ("device/max_link_speed", "32.0 GT/s PCIe\n"),
        ("device/max_link_width", "16\n"),
    ] {
        write(root, &format!("sys/class/net/eth0/{file}"), text);
    }
    write(root, LANES, "16\n");
}

fn now_ns() -> i64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as i64
}

/// Waits until this is named at that part, and counts the readings of the part since `since_ns` that it took.
async fn named(sql: &Sql, since_ns: i64, class: &str, (table, device, port): (&str, &str, &str)) -> Value {
    let is_it = |incident: &&Value| {
        let culprit = &incident["culprits"][0];
        incident["class"] == class && culprit["device"] == device && culprit["port"] == port
    };
    let asked = async {
        loop {
            let answer = sql.http.get(format!("{}/api/v1/incidents", sql.url)).send().await.unwrap();
            let answer: Value = answer.json().await.unwrap();
            if let Some(found) = answer["items"].as_array().unwrap().iter().find(is_it).filter(|i| i["state"] == "open")
            {
                return found.clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let incident =
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("{class} {port} is not named"));
    let opened_ns = incident["opened_ns"].as_i64().unwrap();
    let of = format!("device = '{device}' AND port = '{port}' AND ts_ns > {since_ns} AND ts_ns <= {opened_ns}");
    let told = sql.rows(&format!("SELECT count(DISTINCT ts_ns / 1000000000) FROM {table} WHERE {of}")).await;
    let told = told[0][0].as_i64().unwrap();
    assert!(told <= READINGS, "{class} {port} took {told} readings");
    println!("{class} {port}: {told} readings, {:.1} s: {}", (opened_ns - since_ns) as f64 / 1e9, incident["sentence"]);
    incident
}

#[test]
fn what_ails_gpus_links_and_cards_is_named_within_three_readings() {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.args(["--exact", "gpu_faults::nodes_and_analyzer_process", "--nocapture"]).env(CHILD, "1");
    let output = process.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains(DONE), "{}: {said}", output.status);
}

/// No test of its own: does nothing unless it was started as the child.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_and_analyzer_process() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let (folder, root) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut board = Board::default();
    let double = Double::install(folder.path(), &board.text());
    tree(root.path());
    let (publisher, subscriber) = in_process(256);
    let (service, sql) = Sql::analyzer(subscriber).await;
    let mut config = CollectorConfig { id: "n1".into(), nvml: double.library(), ..CollectorConfig::default() };
    config.step.socket = "".into();
    config.interfaces.exclude = vec!["*".into()];
    let of_gpus = Agent::start(&config, publisher.clone()).unwrap();
    let mut config = CollectorConfig { id: "n2".into(), root: root.path().to_owned(), ..CollectorConfig::default() };
    config.step.socket = "".into();
    config.rates.slow_ms = config.rates.normal_ms;
    let of_card = Agent::start(&config, publisher).unwrap();
    sql.until("SELECT count(DISTINCT port) FROM gpu_link WHERE link_up = 1", json!([[64]])).await;
    sql.until("SELECT count(*) > 2 FROM gpu WHERE port = 'gpu3'", json!([[true]])).await;
    sql.until("SELECT count(*) > 2 FROM nic WHERE device = 'n2' AND pcie_width = 16", json!([[true]])).await;

    board.is_hot = true;
    double.say(&board.text());
    let hot = named(&sql, now_ns(), "gpu_throttle", ("gpu", "n1", "gpu3")).await;
    assert_eq!(hot["severity"], "info", "it holds up no job: {hot}");

    board.is_link_down = true;
    double.say(&board.text());
    named(&sql, now_ns(), "nvlink_down", ("gpu_link", "n1", "gpu6/link2")).await;

    board.errors = 2;
    double.say(&board.text());
    named(&sql, now_ns(), "gpu_memory_errors", ("gpu", "n1", "gpu1")).await;

    write(root.path(), LANES, "8\n");
    named(&sql, now_ns(), "pcie_degraded", ("nic", "n2", "eth0")).await;

    let since_ns = now_ns();
    let (erring, mut failing) = (double.clone(), board.clone());
    let errors = tokio::spawn(async move {
        loop {
            failing.replays += 500;
            erring.say(&failing.text());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    named(&sql, since_ns, "nvlink_errors", ("gpu_link", "n1", "gpu5/link7")).await;
    errors.abort();
    let _ = errors.await;

    board.is_lost = true;
    double.say(&board.text());
    named(&sql, now_ns(), "gpu_lost", ("gpu", "n1", "gpu2")).await;

    let answer = sql.http.get(format!("{}/api/v1/incidents", sql.url)).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    let all = answer["items"].as_array().unwrap().iter().filter(|incident| !incident["opened_ns"].is_null());
    let all: BTreeSet<&str> = all.filter_map(|incident| incident["class"].as_str()).collect();
    let expected = ["gpu_lost", "gpu_memory_errors", "gpu_throttle", "nvlink_down", "nvlink_errors", "pcie_degraded"];
    assert_eq!(all, BTreeSet::from(expected));
    of_gpus.stop().await;
    of_card.stop().await;
    service.shutdown().await.unwrap();
    println!("{DONE}");
}
