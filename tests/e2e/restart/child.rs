//! An analyzer in a process of its own, so that it can be killed with SIGKILL. The process is this test binary again,
//! running the one test below; it tells how it does on its standard output.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use weft_analyzer::live::{self, LiveOptions, LiveView};
use weft_analyzer::sql::{Sql, SqlEngine, SqlLimits, SqlQuery};
use weft_transport::{SubscriberOptions, TopicLayout, TransportUrl};

const URL: &str = "WEFT_TEST_ANALYZER_URL";
const PREFIX: &str = "WEFT_TEST_ANALYZER_PREFIX";
const STATE: &str = "WEFT_TEST_ANALYZER_STATE";
const MARK: &str = "\u{1}weft ";

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Status {
    /// Counted in this process.
    pub frames: u64,
    /// Of these, on disk as counted.
    pub marked: u64,
    /// Counted by an earlier one.
    pub rebuilt: u64,
    pub late_rows: u64,
    pub dead_letters: u64,
    /// Of table `nic`.
    pub rows: u64,
    /// Sum over the gap table, of what never came.
    pub lost_frames: u64,
}

pub fn topics(prefix: &str) -> TopicLayout {
    TopicLayout { prefix: prefix.to_owned(), frame_partitions: 6, fact_partitions: 1, ..Default::default() }
}

/// Killed on drop.
pub struct ChildAnalyzer {
    process: Child,
    status: Arc<Mutex<Status>>,
}

impl ChildAnalyzer {
    pub fn start(url: &TransportUrl, prefix: &str, state: &Path) -> Result<ChildAnalyzer> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--exact", "restart::child::analyzer_process", "--nocapture", "--test-threads=1"]);
        command.env(URL, url.to_string()).env(PREFIX, prefix).env(STATE, state);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(process.stdout.take().context("no output of the child")?).lines();
        let status = Arc::new(Mutex::new(Status::default()));
        let sink = status.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some((_, told)) = line.split_once(MARK) {
                    *sink.lock().unwrap() = serde_json::from_str(told).unwrap();
                }
            }
        });
        Ok(ChildAnalyzer { process, status })
    }

    pub async fn wait(&self, what: &str, patience: Duration, holds: impl Fn(&Status) -> bool) -> Status {
        let waiting = async {
            loop {
                let status = self.status.lock().unwrap().clone();
                if holds(&status) {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(patience, waiting).await;
        waited.unwrap_or_else(|_| panic!("not within {patience:?}: {what}; {:?}", self.status.lock().unwrap()))
    }

    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Drop for ChildAnalyzer {
    fn drop(&mut self) {
        self.end();
    }
}

/// No test of its own: does nothing unless it was started as the child.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn analyzer_process() {
    let (Ok(url), Ok(prefix), Ok(state)) = (std::env::var(URL), std::env::var(PREFIX), std::env::var(STATE)) else {
        return;
    };
    // The parent holds the other end: when it dies, however, this process ends too.
    std::thread::spawn(|| {
        drop(std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
        std::process::exit(0);
    });
    let url: TransportUrl = url.parse().unwrap();
    let options = SubscriberOptions {
        group: format!("{prefix}analyzer"),
        instance: Some("analyzer".into()),
        session_timeout: Duration::from_secs(6),
        rewind: Some(Duration::from_secs(3600)),
        topics: topics(&prefix),
        ..Default::default()
    };
    let live = live::start(LiveOptions {
        plan: Default::default(),
        jobs: Default::default(),
        book: Default::default(),
        jobs_file: None,
        on_plan: Box::new(|_| {}),
        subscriber: weft_transport::subscriber(&url, &options).await.unwrap(),
        dead_letters: None,
        state_dir: Some(state.into()),
        lateness_ns: 2_000_000_000,
        false_alarms: weft_judge::features::FALSE_ALARMS,
        window_ns: 3_600_000_000_000,
        window_bytes: 1 << 30,
        on_update: Box::new(|_| 0),
    })
    .unwrap();
    let sql = SqlEngine::new(live.view().store().clone(), SqlLimits::default()).unwrap();
    loop {
        tell(&status(live.view(), &sql).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn status(view: &LiveView, sql: &SqlEngine) -> Status {
    let ingest = view.store().ingest();
    let stats = ingest.stats;
    Status {
        frames: stats.frames,
        marked: ingest.marked_frames,
        rebuilt: stats.rebuilt_frames,
        late_rows: stats.late_rows,
        dead_letters: stats.dead_letters,
        rows: number(sql, "select count(*) from nic").await,
        lost_frames: number(sql, "select coalesce(sum(frames), 0) from ingest_gap where reason = 'lost'").await,
    }
}

async fn number(engine: &SqlEngine, sql: &str) -> u64 {
    use arrow_array::cast::AsArray;
    let query = SqlQuery { sql: sql.into(), params: Vec::new(), timeout: Duration::from_secs(20), max_rows: 1 };
    let answer = engine.query(query).await.unwrap();
    answer.batches[0].column(0).as_primitive::<arrow_array::types::Int64Type>().value(0) as u64
}

fn tell(status: &Status) {
    let text = format!("{MARK}{}\n", serde_json::to_string(status).unwrap());
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).expect("the parent reads");
}
