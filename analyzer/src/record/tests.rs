//! A recording of a trace's frames replays to what the trace itself replays to.

use super::*;
use crate::ingest::TICK_NS;
use crate::replay::{ReplayArgs, replay};
use std::path::Path;
use tempfile::tempdir;
use weft_trace::FrameSource;
use weft_trace::testkit::tiny;
use weft_transport::{Publisher, Topic};

async fn publish(publisher: &dyn Publisher, trace: &Path) {
    let mut source = FrameSource::open(trace, TICK_NS).unwrap();
    while let Some(frames) = source.next_tick().unwrap() {
        for frame in frames {
            let bytes = frame.encode().unwrap().into();
            publisher.publish(Topic::Frames, &frame.collector, bytes).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_recording_replays_to_the_same_incidents() {
    let [trace, out, verdict, again] = [(); 4].map(|()| tempdir().unwrap());
    tiny(trace.path());
    let (publisher, subscriber) = weft_transport::in_process(10_000);
    let stop = CancellationToken::new();
    let args = RecordArgs {
        out: out.path().to_owned(),
        transport: TransportUrl::InProcess,
        group: String::new(),
        prefix: String::new(),
        plan: Some(trace.path().to_owned()),
        name: "again".into(),
        lateness_s: 2.0,
    };
    let recording = tokio::spawn({
        let (args, stop) = (args.clone(), stop.clone());
        async move { record_from(subscriber, &args, stop).await }
    });
    publish(publisher.as_ref(), trace.path()).await;
    stop.cancel();
    assert_eq!(recording.await.unwrap().unwrap(), 720);
    replay(&ReplayArgs::calm(trace.path(), verdict.path())).unwrap();
    replay(&ReplayArgs::calm(out.path(), again.path())).unwrap();
    let read = |folder: &Path| std::fs::read_to_string(folder.join("incidents.ndjson")).unwrap();
    assert_eq!(read(verdict.path()), read(again.path()));
}
