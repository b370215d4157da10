//! The analyzer killed in mid-stream over a real broker, and started again: nothing is lost, nothing stands twice, and
//! what the collectors lost stands in the gap table, exactly.

mod child;
mod fleet;

use child::{ChildAnalyzer, Status};
use fleet::{COLLECTORS, Fleet, ROWS, TICKS};
use std::time::Duration;
use weft_tests::broker::Broker;
use weft_transport::{PublisherOptions, Topic, TransportUrl};

/// Generous: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_analyzer_survives_a_kill_over_kafka() {
    let broker = Broker::start().unwrap();
    let url = TransportUrl::Kafka { bootstrap: broker.bootstrap().to_owned() };
    let prefix = format!("restart-{}.", std::process::id());
    let state = tempfile::tempdir().unwrap();
    let options = PublisherOptions { topics: child::topics(&prefix), ..Default::default() };
    let publisher = weft_transport::publisher(&url, &options).await.unwrap();

    let first = ChildAnalyzer::start(&url, &prefix, state.path()).unwrap();
    let mut fleet = Fleet::default();
    fleet.publish(publisher.as_ref(), 0..TICKS / 2).await;
    first.wait("a quarter is judged and marked", PATIENCE, |s| s.marked > COLLECTORS * TICKS / 4).await;
    first.kill();
    publisher.publish(Topic::Frames, "poison", "no frame".into()).await.unwrap();
    // Collector 0 loses three frames for good while nobody looks; nobody but the gap table can say so later.
    fleet.lose(0, TICKS / 2 + 1..TICKS / 2 + 4);
    fleet.publish(publisher.as_ref(), TICKS / 2..TICKS).await;

    let second = ChildAnalyzer::start(&url, &prefix, state.path()).unwrap();
    let rows = (COLLECTORS * TICKS - 3) * ROWS;
    // The last ticks stay open: no later frame closes them.
    let settled = |s: &Status| s.rows + 4 * COLLECTORS * ROWS >= rows && s.dead_letters == 1;
    let status = second.wait("all is judged", PATIENCE, settled).await;
    assert!(status.rows <= rows, "rows stand twice: {} of {rows}", status.rows);
    assert_eq!(status.late_rows, 0, "the rewound partitions came side by side");
    assert_eq!(status.lost_frames, 3);
    assert!(status.rebuilt > 0 && status.frames < COLLECTORS * TICKS - 3, "{status:?}");
    second.kill();
}
