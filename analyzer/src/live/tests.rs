//! The analyzer from subscriber to answers, stopped and started again.

mod maintenance;
mod plans;

use super::*;
use crate::read::{ReadModel, SeriesMode, SeriesQuery};
use crate::sql::{Sql, SqlEngine, SqlLimits, SqlQuery};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use std::path::Path;
use std::time::Duration;
use weft_judge::incident::{Incident, State};
use weft_trace::FrameSource;
use weft_trace::testkit::tiny;
use weft_transport::{Publisher, Topic, in_process};

type Updates = Arc<Mutex<Vec<Arc<Incident>>>>;

fn options(
    trace: &Path,
    state: &Path,
    subscriber: Box<dyn weft_transport::Subscriber>,
    updates: &Updates,
) -> LiveOptions {
    let updates = updates.clone();
    LiveOptions {
        plan: weft_trace::load_plan(trace).unwrap(),
        jobs_file: None,
        jobs: Default::default(),
        book: Arc::default(),
        on_plan: Box::new(|_| {}),
        subscriber,
        dead_letters: None,
        state_dir: Some(state.to_owned()),
        // Frames come as fast as they can, and the queue keeps order by collector only: all are told before a tick closes.
        lateness_ns: 20_000_000_000,
        false_alarms: weft_judge::features::FALSE_ALARMS,
        window_ns: 900_000_000_000,
        window_bytes: 1 << 30,
        on_update: Box::new(move |incident| {
            let mut updates = updates.lock().unwrap();
            updates.push(incident.clone());
            updates.len() as u64
        }),
    }
}

/// What the inventory topic holds at this moment.
async fn publish_inventory(publisher: &Arc<dyn Publisher>, trace: &Path) {
    let mut source = FrameSource::open(trace, TICK_NS).unwrap();
    for frame in source.next_tick().unwrap().unwrap() {
        let bytes = frame.inventory.unwrap().encode().unwrap().into();
        publisher.publish(Topic::Inventory, &frame.collector, bytes).await.unwrap();
    }
}

/// Publishing resolves when it is committed, so afterwards all has been taken in.
async fn publish(publisher: &Arc<dyn Publisher>, trace: &Path, ticks: std::ops::Range<usize>) {
    let mut source = FrameSource::open(trace, TICK_NS).unwrap();
    let mut sends = Vec::new();
    for tick in 0..ticks.end {
        for frame in source.next_tick().unwrap().unwrap() {
            if ticks.contains(&tick) {
                let (publisher, bytes) = (publisher.clone(), frame.encode().unwrap().into());
                sends.push(async move { publisher.publish(Topic::Frames, &frame.collector, bytes).await });
            }
        }
    }
    futures::future::try_join_all(sends).await.unwrap();
}

async fn count(view: &LiveView, sql: &str) -> i64 {
    let query = SqlQuery { sql: sql.into(), params: Vec::new(), timeout: Duration::from_secs(20), max_rows: 10 };
    let engine = SqlEngine::new(view.store().clone(), SqlLimits::default()).unwrap();
    let answer = engine.query(query).await.unwrap();
    answer.batches[0].column(0).as_primitive::<Int64Type>().value(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn from_frames_to_answers_and_over_a_restart() {
    let (trace, state, updates) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), Updates::default());
    tiny(trace.path());
    let (publisher, subscriber) = in_process(10_000);
    let live = start(options(trace.path(), state.path(), subscriber, &updates)).unwrap();
    publish(&publisher, trace.path(), 0..30).await;
    let view = live.view().clone();
    assert!(count(&view, "select count(*) from nic").await >= 50);
    assert_eq!(count(&view, "select count(*) from event where event = 'link_down'").await, 1);
    let query = SeriesQuery {
        at: weft_judge::fabric::PortRef::new("n0", "eth0"),
        counter: "rx_bytes".into(),
        from_ns: i64::MIN,
        to_ns: i64::MAX,
        mode: SeriesMode::Rate,
    };
    let series = view.series(query).await.unwrap();
    assert!(series.points.iter().all(|(_, rate)| *rate == Some(1e9)), "{series:?}");
    assert_eq!((view.collectors().len(), view.ports().len(), view.jobs().len()), (3, 4, 1));
    let ports = view.ports();
    assert!(ports.iter().any(|port| port.rx_bytes_per_s == Some(1e9) && port.state == "ok"), "{ports:#?}");
    assert!(ports.iter().any(|port| port.state == "down"), "{ports:#?}");
    let heard = |after_s: u64| {
        let w = view.watching_at(std::time::Instant::now() + Duration::from_secs(after_s));
        (w.ports_heard, w.ports_silent, w.collectors, w.collectors_silent, w.stands_still)
    };
    assert_eq!(heard(0), (4, 0, 3, 0, false));
    assert_eq!(heard(19), (0, 4, 3, 3, true), "19 s later nothing more has come, and nothing is watched");
    let sees = "select armed_count from armed where detector = 'link_down' and part = 'ports'";
    assert_eq!(count(&view, sees).await, 4);
    let armed = view.armed();
    assert!(armed.iter().any(|row| row.detector == "link_down" && row.ports == 4), "{armed:#?}");
    let open: Vec<_> = updates.lock().unwrap().iter().filter(|i| i.state != State::Resolved).cloned().collect();
    let first = open.first().expect("the pulled cable is told").id.clone();
    assert!(open.iter().all(|i| i.id == first), "one cause, one incident");
    live.shutdown().await.unwrap();

    // Ten ticks come again, as after a rewind, then what is new: the link is mended in second 40.
    let before = updates.lock().unwrap().len();
    let (publisher, subscriber) = in_process(10_000);
    let live = start(options(trace.path(), state.path(), subscriber, &updates)).unwrap();
    publish_inventory(&publisher, trace.path()).await;
    publish(&publisher, trace.path(), 15..30).await;
    assert_eq!(updates.lock().unwrap().len(), before, "nothing old is told again");
    publish(&publisher, trace.path(), 30..60).await;
    let view = live.view().clone();
    let ingest = view.store().ingest();
    assert_eq!((ingest.stats.rebuilt_frames, ingest.stats.frames > 80), (45, true));
    assert_eq!(view.gaps(), []);
    let updates = updates.lock().unwrap()[before..].to_vec();
    assert!(updates.iter().all(|i| i.id == first), "the old incident keeps its id: {updates:#?}");
    live.shutdown().await.unwrap();
    let db = crate::store::StateDb::open(state.path()).unwrap();
    assert_eq!(db.read().unwrap().incidents.len(), 1);
}
