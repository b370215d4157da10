//! Maintenance that is announced to a running analyzer.

use super::*;
use crate::operations::{Announced, AnnouncedPart, Book};
use weft_judge::incident::Kind;

/// The trace's cable of n1 is pulled in second 20 of what was announced as work at its rack.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_goes_down_in_announced_work_pages_nobody_and_is_told_as_that() {
    let (trace, state, updates) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), Updates::default());
    tiny(trace.path());
    let mut plan = weft_trace::load_plan(trace.path()).unwrap();
    plan.devices.iter_mut().filter(|device| device.device == "n1").for_each(|device| device.rack = "r9".into());
    let book = Arc::new(Book::open(Some(state.path())).unwrap());
    let rack = AnnouncedPart { rack: "r9".into(), ..AnnouncedPart::default() };
    let told = Announced { id: "m1".into(), parts: vec![rack], source: "http".into(), ..Announced::default() };
    book.announce(told, 0).unwrap();
    let (publisher, subscriber) = in_process(10_000);
    let given = options(trace.path(), state.path(), subscriber, &updates);
    let live = start(LiveOptions { book: book.clone(), plan, ..given }).unwrap();
    publish(&publisher, trace.path(), 0..30).await;
    let view = live.view().clone();
    let said = updates.lock().unwrap().clone();
    assert!(said.iter().all(|incident| incident.kind == Kind::Benign), "{said:#?}");
    assert!(said.iter().any(|incident| incident.sentence.contains("link_down of")), "{said:#?}");
    assert_eq!(count(&view, "select count(*) from maintenance where state = 'in_force' and rack = 'r9'").await, 1);
    assert_eq!(count(&view, "select count(*) from event where event = 'maintenance' and device = 'n1'").await, 1);
    live.shutdown().await.unwrap();

    // Another process finds the book.
    let (_, subscriber) = in_process(10_000);
    let book = Arc::new(Book::open(Some(state.path())).unwrap());
    let given = options(trace.path(), state.path(), subscriber, &updates);
    let live = start(LiveOptions { book, ..given }).unwrap();
    let known = live.view().maintenance();
    assert_eq!((known.len(), &*known[0].told.id, &*known[0].state), (1, "m1", "in_force"));
    live.shutdown().await.unwrap();
}
