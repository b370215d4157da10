//! A subscriber in a process of its own, so that it can be killed as an analyzer would be: SIGKILL, no farewell.
//!
//! The process is this test binary again, running the one test below. It tells each delivery on its standard output
//! before it commits it, so what was committed was told.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use weft_transport::{Delivery, Incoming, Subscriber, SubscriberOptions, Topic, TransportUrl};

use super::rig::{Rig, topics};

const URL: &str = "WEFT_TEST_CHILD_URL";
const PREFIX: &str = "WEFT_TEST_CHILD_PREFIX";
const MARK: &str = "\u{1}weft ";
/// Commits after this many deliveries, or when none waits.
const COMMIT_EVERY: usize = 50;

/// What the child told, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Delivery { partition: i32, offset: i64, key: String, sequence: u64 },
    Committed { partition: i32, next_offset: i64 },
}

/// Killed on drop.
pub struct ChildSubscriber {
    process: Child,
    told: Arc<Mutex<Vec<Told>>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl ChildSubscriber {
    pub fn start(rig: &Rig) -> Result<ChildSubscriber> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--exact", "transport::child::subscriber_process", "--nocapture", "--test-threads=1"]);
        command.env(URL, rig.url().to_string()).env(PREFIX, rig.prefix());
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(process.stdout.take().context("no output of the child")?).lines();
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&told);
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // libtest writes its own words before ours on the first line.
                if let Some(told) = line.split_once(MARK).and_then(|(_, told)| parse(told)) {
                    sink.lock().unwrap().push(told);
                }
            }
        });
        Ok(ChildSubscriber { process, told, reader: Some(reader) })
    }

    pub fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }

    /// SIGKILL; all that it told.
    pub fn kill(mut self) -> Vec<Told> {
        self.end();
        self.told()
    }

    fn end(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
        if let Some(reader) = self.reader.take() {
            drop(reader.join());
        }
    }
}

impl Drop for ChildSubscriber {
    fn drop(&mut self) {
        self.end();
    }
}

fn parse(told: &str) -> Option<Told> {
    let words: Vec<&str> = told.split(' ').collect();
    match words[..] {
        ["d", partition, offset, sequence, key] => Some(Told::Delivery {
            partition: partition.parse().ok()?,
            offset: offset.parse().ok()?,
            key: key.to_owned(),
            sequence: sequence.parse().ok()?,
        }),
        ["c", partition, next_offset] => {
            Some(Told::Committed { partition: partition.parse().ok()?, next_offset: next_offset.parse().ok()? })
        }
        _ => None,
    }
}

/// No test of its own: does nothing unless it was started as the child.
#[tokio::test]
async fn subscriber_process() {
    let (Ok(url), Ok(prefix)) = (std::env::var(URL), std::env::var(PREFIX)) else { return };
    // The parent holds the other end: when it dies, however, this process ends too.
    std::thread::spawn(|| {
        drop(std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
        std::process::exit(0);
    });
    let url: TransportUrl = url.parse().unwrap();
    let options = SubscriberOptions {
        group: format!("{prefix}child"),
        instance: Some("child".into()),
        session_timeout: Duration::from_secs(6),
        topics: topics(&prefix),
        ..Default::default()
    };
    let mut subscriber = weft_transport::subscriber(&url, &options).await.unwrap();
    loop {
        let batch = take(&mut subscriber).await;
        tell(batch.iter().map(delivered));
        commit(&mut subscriber, &batch).await;
    }
}

async fn take(subscriber: &mut Box<dyn Subscriber>) -> Vec<Delivery> {
    let mut batch = Vec::new();
    while batch.len() < COMMIT_EVERY {
        match tokio::time::timeout(Duration::from_millis(20), subscriber.next()).await {
            Ok(Ok(Incoming::Delivery(delivery))) if delivery.topic == Topic::Frames => batch.push(delivery),
            Ok(Ok(_)) => {}
            Ok(Err(error)) => panic!("{error}"),
            Err(_) => break,
        }
    }
    batch
}

async fn commit(subscriber: &mut Box<dyn Subscriber>, batch: &[Delivery]) {
    let mut positions = std::collections::BTreeMap::new();
    for delivery in batch {
        positions.insert(delivery.partition, delivery.offset + 1);
    }
    let positions: Vec<(i32, i64)> = positions.into_iter().collect();
    // While the broker is away a commit fails; the next one says more.
    if subscriber.commit_all(&positions).await.is_ok() {
        tell(positions.iter().map(|(partition, next_offset)| format!("c {partition} {next_offset}")));
    }
}

fn delivered(delivery: &Delivery) -> String {
    let sequence = super::pump::sequence(&delivery.payload).expect("a payload of the pump");
    format!("d {} {} {sequence} {}", delivery.partition, delivery.offset, delivery.key)
}

fn tell(lines: impl Iterator<Item = String>) {
    let text: String = lines.map(|line| format!("{MARK}{line}\n")).collect();
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).expect("the parent reads");
}
