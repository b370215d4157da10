//! The honest small case: frames of 8 rows from 12,500 collectors, through a real broker with zstd, each in a batch of
//! its own as a fleet's own producers would send it. Kernel time is included; the broker's is told apart.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use weft_analyzer::ingest::{Ingest, IngestConfig, IngestEvent};
use weft_judge::engine::{Engine, EngineConfig};
use weft_tests::broker::Broker;
use weft_tests::fleet::{self, S};
use weft_tests::meter::{cpu_s_of, process_cpu_s, tell};
use weft_transport::{Incoming, Publisher, PublisherOptions, Subscriber, SubscriberOptions, Topic};

const COLLECTORS: usize = 12_500;
const ROWS: i32 = 8;
const TICKS: i64 = 10;
const IN_FLIGHT: usize = 2_000;
/// Nothing new for so long: the rest is lost.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() -> Result<()> {
    let broker = Broker::start()?;
    let url = format!("kafka://{}", broker.bootstrap()).parse()?;
    let broker_cpu_s = || broker.pid().map_or(0.0, cpu_s_of);

    let mut options = PublisherOptions::default();
    options.kafka.set("linger.ms", "0");
    options.kafka.set("batch.num.messages", "1");
    let publisher = weft_transport::publisher(&url, &options).await?;
    let sent = publish(publisher.as_ref(), broker_cpu_s).await?;
    drop(publisher);

    let options = SubscriberOptions { rewind: Some(Duration::from_secs(3600)), ..Default::default() };
    let subscriber = weft_transport::subscriber(&url, &options).await?;
    let read = consume(subscriber, broker_cpu_s).await?;
    let us_a_frame = |seconds: f64| seconds * 1e6 / (COLLECTORS as i64 * TICKS) as f64;
    tell("small_frames", read.samples / read.own_s, "samples_a_cpu_second", None);
    tell("small_frames analyzer", us_a_frame(read.own_s), "us_a_frame", None);
    tell("small_frames broker, appending", us_a_frame(sent), "us_a_frame", None);
    tell("small_frames broker, delivering", us_a_frame(read.broker_s), "us_a_frame", None);
    Ok(())
}

/// Returns the broker's CPU time, s.
async fn publish(publisher: &dyn Publisher, broker_cpu_s: impl Fn() -> f64) -> Result<f64> {
    let schema = fleet::schema();
    let names: Vec<String> = (0..COLLECTORS).map(|c| format!("node{c:05}")).collect();
    let before = broker_cpu_s();
    for tick in 0..TICKS {
        let frames = names.iter().map(|name| (name, Bytes::from(fleet::frame(&schema, name, ROWS, tick))));
        let sends = futures::stream::iter(frames).map(|(name, frame)| publisher.publish(Topic::Frames, name, frame));
        sends.buffer_unordered(IN_FLIGHT).try_for_each(|()| async { Ok(()) }).await?;
    }
    Ok(broker_cpu_s() - before)
}

struct Read {
    samples: f64,
    own_s: f64,
    broker_s: f64,
}

/// From the first delivery to the last: decode, model, detect.
async fn consume(mut subscriber: Box<dyn Subscriber>, broker_cpu_s: impl Fn() -> f64) -> Result<Read> {
    // The broker hands out one partition after the other, not in order of time: ticks close at the end.
    let config = IngestConfig { lateness_ns: TICKS * S, close_early: false, ..IngestConfig::default() };
    let mut ingest = Ingest::new(config);
    let mut engine = Engine::new(Default::default(), EngineConfig::of_tick(S));
    let mut began = None;
    let mut taken = 0;
    while taken < COLLECTORS as i64 * TICKS {
        let incoming = tokio::time::timeout(PATIENCE, subscriber.next()).await;
        let Incoming::Delivery(delivery) = incoming.with_context(|| format!("{taken} frames came, no more"))?? else {
            continue;
        };
        began.get_or_insert_with(|| (process_cpu_s(), broker_cpu_s()));
        taken += 1;
        judge(ingest.push(&delivery.key, &delivery.payload), &mut engine, &ingest);
    }
    judge(ingest.finish(), &mut engine, &ingest);
    let (own, broker) = began.context("nothing came")?;
    let stats = ingest.stats();
    ensure!(stats.frames == taken as u64 && stats.late_rows == 0, "not all was judged: {stats:?}");
    Ok(Read { samples: stats.samples as f64, own_s: process_cpu_s() - own, broker_s: broker_cpu_s() - broker })
}

fn judge(events: Vec<IngestEvent>, engine: &mut Engine, ingest: &Ingest) {
    for event in events {
        if let IngestEvent::Tick(tick) = event {
            std::hint::black_box(engine.on_tick(&tick, ingest.entities()));
        }
    }
}
