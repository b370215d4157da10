//! A live collector reads GPUs by NVML, through a real shared library that says what a file says, and an analyzer answers in SQL.

use serde_json::{Value, json};
use std::fmt::Write;
use std::process::Command;
use std::time::Duration;
use tokio::net::TcpListener;
use weft_analyzer::config::Config;
use weft_analyzer::service::{self, Service, ServiceOptions};
use weft_collector::{Agent, CollectorConfig};
use weft_nvml_double::Double;
use weft_transport::{Subscriber, in_process};

/// For a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);
const CHILD: &str = "WEFT_TEST_GPUS";

/// A board of 8 GPUs with 18 links each, in the middle of a step; the numbers of GPU 3 are the caller's.
fn board(power_mw: u32, throttle_bits: u32, replays: u32) -> String {
    let mut script = String::from("nvml driver 570.86.15\n");
    for gpu in 0..8 {
        let own = gpu == 3;
        let (power, bits) = if own { (power_mw, throttle_bits) } else { (612_000, 0) };
        let _ = writeln!(
            script,
            "gpu{gpu} uuid GPU-{gpu}\ngpu{gpu} name NVIDIA H100 80GB HBM3\ngpu{gpu} nvmlDeviceGetPowerUsage {power}\n\
             gpu{gpu} nvmlDeviceGetCurrentClocksEventReasons {bits}\ngpu{gpu} field.91 18:1"
        );
        for link in 0..18 {
            let replays = if own && link == 7 { replays } else { 0 };
            let _ = writeln!(
                script,
                "gpu{gpu}/link{link} nvmlDeviceGetNvLinkState 1\ngpu{gpu}/link{link} field.138 {link}000\n\
                 gpu{gpu}/link{link} field.161 {replays}"
            );
        }
    }
    script
}

pub struct Sql {
    pub http: reqwest::Client,
    pub url: String,
}

impl Sql {
    /// An analyzer in this process, and who asks it.
    pub async fn analyzer(subscriber: Box<dyn Subscriber>) -> (Service, Sql) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let options = ServiceOptions {
            plan: Default::default(),
            state_dir: None,
            config: Config::default(),
            subscriber,
            dead_letters: None,
            listener,
            page: None,
        };
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        (service::start(options).await.unwrap(), Sql { http, url })
    }

    pub async fn rows(&self, sql: &str) -> Value {
        let asked = self.http.post(format!("{}/api/v1/sql", self.url)).json(&json!({"sql": sql})).send().await.unwrap();
        let answer: Value = asked.json().await.unwrap();
        assert!(answer["error"].is_null(), "{sql}: {answer}");
        answer["rows"].clone()
    }

    /// Asks until the rows are these.
    pub async fn until(&self, sql: &str, expected: Value) {
        let mut last = Value::Null;
        let asked = tokio::time::timeout(PATIENCE, async {
            while last != expected {
                tokio::time::sleep(Duration::from_millis(50)).await;
                last = self.rows(sql).await;
            }
        });
        assert!(asked.await.is_ok(), "{sql}: {last} is not {expected}");
    }
}

/// In a process of its own: what a collector and an analyzer count stands on no other test's `/metrics`.
#[test]
fn what_a_library_says_of_gpus_stands_in_sql_and_follows_it() {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.args(["--exact", "gpus::node_and_analyzer_process", "--nocapture"]).env(CHILD, "1");
    let output = process.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains(DONE), "{}: {said}", output.status);
}

/// Said at the end, so that a child that did nothing is no success.
const DONE: &str = "lost and told";

/// No test of its own: does nothing unless it was started as the child.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_and_analyzer_process() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let double = Double::install(folder.path(), &board(612_000, 0, 0));
    let (publisher, subscriber) = in_process(256);
    let (service, sql) = Sql::analyzer(subscriber).await;
    let mut config = CollectorConfig { id: "n1".into(), nvml: double.library(), ..CollectorConfig::default() };
    config.step.socket = "".into();
    config.interfaces.exclude = vec!["*".into()];
    let agent = Agent::start(&config, publisher).unwrap();

    let last = "(SELECT *, row_number() OVER (PARTITION BY device, port ORDER BY ts_ns DESC) AS age FROM";
    let of_gpu = format!(
        "SELECT port, power_w, throttle_reasons, temperature_c FROM {last} gpu) WHERE age = 1 AND port = 'gpu3'"
    );
    let of_link = format!(
        "SELECT tx_bytes, link_up, replays, crc_errors FROM {last} gpu_link) WHERE age = 1 AND port = 'gpu3/link7'"
    );
    sql.until("SELECT count(DISTINCT port) FROM gpu", json!([[8]])).await;
    sql.until("SELECT count(DISTINCT port) FROM gpu_link", json!([[144]])).await;
    // What the board does not offer is null, not zero.
    sql.until(&of_gpu, json!([["gpu3", 612.0, 0, null]])).await;
    sql.until(&of_link, json!([[7_168_000, 1, 0, null]])).await;

    double.say(&(board(298_500, 0x40, 31) + "xid gpu3 74\n"));
    sql.until(&of_gpu, json!([["gpu3", 298.5, 0x40, null]])).await;
    sql.until(&of_link, json!([[7_168_000, 1, 31, null]])).await;
    sql.until("SELECT port, text FROM event WHERE event = 'xid'", json!([["gpu3", "gpu3: Xid 74"]])).await;

    double.say(&(board(298_500, 0x40, 31) + "gpu3 all !15\n"));
    sql.until(&of_gpu, json!([["gpu3", null, null, null]])).await;
    sql.until("SELECT count(*) FROM event WHERE text LIKE 'gpu3: %GPU_IS_LOST%'", json!([[1]])).await;
    agent.stop().await;
    service.shutdown().await.unwrap();
    println!("{DONE}");
}
