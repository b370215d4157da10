//! Publishes small messages of many collectors at a steady rate and reads them back, as a fabric's fleet would:
//!
//! `throughput URL [COLLECTORS=12500] [BYTES=3000] [SECONDS=10] [RATE_HZ=1]`
//!
//! Prints messages, lag and this process's CPU. RATE_HZ 0 sends as fast as it goes. The payload is what a flush looks
//! like to zstd: columns of Int64 counters that grow by similar amounts, some of them constant.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::StreamExt;
use weft_transport::{Incoming, Publisher, PublisherOptions, Subscriber, SubscriberOptions, Topic, TopicLayout};

struct Load {
    collectors: usize,
    bytes: usize,
    rounds: usize,
    rate_hz: f64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let url = args.get(1).ok_or("usage: throughput URL [COLLECTORS] [BYTES] [SECONDS] [RATE_HZ]")?.parse()?;
    let number = |at: usize, default: f64| args.get(at).map_or(Ok(default), |text| text.parse::<f64>());
    let load = Load {
        collectors: number(2, 12_500.0)? as usize,
        bytes: number(3, 3_000.0)? as usize,
        rounds: number(4, 10.0)? as usize,
        rate_hz: number(5, 1.0)?,
    };
    let topics = TopicLayout { prefix: format!("throughput-{}.", std::process::id()), ..Default::default() };
    let options = SubscriberOptions { group: topics.prefix.clone(), topics: topics.clone(), ..Default::default() };
    let mut subscriber = weft_transport::subscriber(&url, &options).await?;
    let publisher = weft_transport::publisher(&url, &PublisherOptions { topics, ..Default::default() }).await?;
    // The first message waits for topics and group; it is not part of the measurement.
    let first = publisher.publish(Topic::Frames, "warm-up", Bytes::from_static(b"w"));
    let (first_sent, first_read) = tokio::join!(first, read(&mut subscriber, 1));
    first_sent?;
    first_read?;

    let (start, cpu) = (Instant::now(), cpu_seconds());
    let total = load.collectors * load.rounds;
    let (sent, read) = tokio::join!(send(&publisher, &load), read(&mut subscriber, total));
    let (sent, read) = (sent?, read?);
    let elapsed = start.elapsed().as_secs_f64();
    println!("{total} messages of {} B in {elapsed:.2} s: {:.0} a second", load.bytes, total as f64 / elapsed);
    println!("publish to acknowledgement: p50 {:.1} ms, p99 {:.1} ms", quantile(&sent, 0.5), quantile(&sent, 0.99));
    println!("append to delivery:         p50 {:.1} ms, p99 {:.1} ms", quantile(&read, 0.5), quantile(&read, 0.99));
    println!(
        "CPU of both ends here: {:.2} s ({:.1} us a message)",
        cpu_seconds() - cpu,
        (cpu_seconds() - cpu) * 1e6 / total as f64
    );
    println!("publisher {:?}", publisher.stats());
    println!("subscriber {:?}", subscriber.stats());
    Ok(())
}

/// Milliseconds to each acknowledgement.
async fn send(publisher: &Arc<dyn Publisher>, load: &Load) -> Result<Vec<f64>, weft_transport::TransportError> {
    let begin = tokio::time::Instant::now();
    let messages = (0..load.rounds).flat_map(|round| (0..load.collectors).map(move |collector| (round, collector)));
    let calls = messages.map(|(round, collector)| async move {
        if load.rate_hz > 0.0 {
            // Collectors flush spread over the second.
            let due = (round as f64 + collector as f64 / load.collectors as f64) / load.rate_hz;
            tokio::time::sleep_until(begin + Duration::from_secs_f64(due)).await;
        }
        let start = Instant::now();
        let payload = flush(load.bytes, round, collector);
        publisher.publish(Topic::Frames, &format!("node-{collector}"), payload).await?;
        Ok(start.elapsed().as_secs_f64() * 1e3)
    });
    let taken: Vec<Result<f64, _>> = futures::stream::iter(calls).buffer_unordered(4096).collect().await;
    taken.into_iter().collect()
}

/// Milliseconds from the broker's time stamp to delivery; commits ten times a second.
async fn read(subscriber: &mut Box<dyn Subscriber>, total: usize) -> Result<Vec<f64>, weft_transport::TransportError> {
    let (mut lags, mut positions) = (Vec::with_capacity(total), BTreeMap::new());
    let mut commit = tokio::time::interval(Duration::from_millis(100));
    while lags.len() < total {
        tokio::select! {
            incoming = subscriber.next() => if let Incoming::Delivery(delivery) = incoming? {
                let now_ms = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0.0, |since| since.as_secs_f64() * 1e3);
                lags.push(delivery.broker_ts_ms.map_or(0.0, |stamp| now_ms - stamp as f64));
                positions.insert(delivery.partition, delivery.offset + 1);
            },
            // By the clock and not by deliveries: over a direct connection the sender may be waiting for it.
            _ = commit.tick() => commit_all(subscriber, &mut positions).await?,
        }
    }
    commit_all(subscriber, &mut positions).await?;
    Ok(lags)
}

async fn commit_all(
    subscriber: &mut Box<dyn Subscriber>,
    positions: &mut BTreeMap<i32, i64>,
) -> Result<(), weft_transport::TransportError> {
    let all: Vec<(i32, i64)> = std::mem::take(positions).into_iter().collect();
    subscriber.commit_all(&all).await
}

/// Columns of eight ports' counters.
fn flush(bytes: usize, round: usize, collector: usize) -> Bytes {
    let values = (0..bytes.div_ceil(8)).flat_map(|at| {
        let (column, port) = (at / 8, at % 8);
        let rate = if column % 3 == 0 { 0 } else { 1_000_003 * (column + 1) };
        let noise = (collector * 7_919 + round * 104_729 + at * 31) % 4_096;
        let value = (collector + port) * 1_000_000_007 + rate * round + if rate == 0 { 0 } else { noise };
        (value as u64).to_le_bytes()
    });
    values.take(bytes).collect::<Vec<u8>>().into()
}

fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(((sorted.len().saturating_sub(1)) as f64 * q) as usize).copied().unwrap_or(0.0)
}

/// User and system time of this process, kernel's work for it included; 0 where /proc is not.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}
