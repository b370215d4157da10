//! Publishes numbered messages of several collectors, many in flight, and offers each again until it is acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use weft_transport::{Publisher, Topic};

const IN_FLIGHT: usize = 256;

pub struct Pump {
    acknowledged: Arc<AtomicUsize>,
    running: JoinSet<()>,
    pub total: usize,
}

impl Pump {
    /// `each` messages of every one of `keys` collectors, in the background.
    pub fn start(publisher: &Arc<dyn Publisher>, keys: usize, each: u64) -> Pump {
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let (publisher, count) = (Arc::clone(publisher), Arc::clone(&acknowledged));
        let mut running = JoinSet::new();
        running.spawn(async move {
            let room = Arc::new(Semaphore::new(IN_FLIGHT));
            let mut calls = JoinSet::new();
            for sequence in 1..=each {
                for key in 0..keys {
                    let place = Arc::clone(&room).acquire_owned().await.unwrap();
                    let (publisher, count) = (Arc::clone(&publisher), Arc::clone(&count));
                    calls.spawn(async move {
                        offer(&publisher, &format!("node-{key}"), sequence).await;
                        count.fetch_add(1, Ordering::Relaxed);
                        drop(place);
                    });
                }
            }
            calls.join_all().await;
        });
        Pump { acknowledged, running, total: keys * each as usize }
    }

    pub fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::Relaxed)
    }

    pub async fn finish(mut self) {
        while let Some(ended) = self.running.join_next().await {
            ended.unwrap();
        }
        assert_eq!(self.acknowledged(), self.total);
    }
}

async fn offer(publisher: &Arc<dyn Publisher>, key: &str, sequence: u64) {
    loop {
        match publisher.publish(Topic::Frames, key, payload(sequence).into()).await {
            Ok(()) => return,
            Err(error) => assert!(error.is_retryable(), "{error}"),
        }
    }
}

/// The number and 300 bytes after it.
fn payload(sequence: u64) -> Vec<u8> {
    let mut payload = sequence.to_be_bytes().to_vec();
    payload.extend((0..300).map(|at| (sequence as usize * 31 + at) as u8));
    payload
}

/// The number, if the payload is whole.
pub fn sequence(bytes: &[u8]) -> Option<u64> {
    let number = u64::from_be_bytes(bytes.get(..8)?.try_into().ok()?);
    (bytes == payload(number)).then_some(number)
}
