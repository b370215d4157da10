//! Sources that fail or are slow: what is said of them, and that the others are read on.

use super::config;
use crate::agent::identity;
use crate::board::Board;
use crate::clock::now_ns;
use crate::directory::PortDirectory;
use crate::outbox::{Outbox, Outgoing, QueueConfig, Sender};
use crate::sampler::{Progress, Sampler, Watched};
use crate::schedule::{Rates, Round, Schedule};
use crate::sources::{Neighbors, Source, SourceError, StepBuffer};
use crate::telemetry::Telemetry;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use weft_wire::{EventRow, Frame, SchemaCache, Table, Tier};

struct Fake {
    name: &'static str,
    fails: bool,
    panics: bool,
    reads: Arc<AtomicU32>,
}

impl Source for Fake {
    fn name(&self) -> &'static str {
        self.name
    }

    fn read(&mut self, _: &Round, _: &mut Board) -> Result<(), SourceError> {
        let reads = self.reads.fetch_add(1, Ordering::Relaxed);
        assert!(!self.panics || reads > 0, "index 7 of 3");
        if self.fails { Err(SourceError::Failed("EIO".into())) } else { Ok(()) }
    }
}

/// A sampler of `sources` that holds every read longer than `slow_read` for slow.
fn sampler(sources: Vec<Fake>, slow_read: Duration) -> Sampler {
    let identity = identity(&config(Path::new("/nonexistent")));
    let telemetry = Arc::new(Telemetry::default());
    let sender = Sender { collector: identity.id.clone(), boot: 1 };
    Sampler {
        board: Board::new(identity),
        sources: sources.into_iter().map(|s| Watched::new(Box::new(s))).collect(),
        schedule: Schedule::new(Rates::default(), now_ns()),
        flush: Duration::from_secs(1),
        slow_read,
        outbox: Arc::new(Outbox::new(sender, QueueConfig::default(), telemetry.clone())),
        steps: Arc::new(StepBuffer::new(1, telemetry.clone())),
        neighbors: (Neighbors::default(), PortDirectory::default()),
        telemetry,
        progress: Progress::default(),
    }
}

/// Ten ticks, of which the last is a normal one.
fn a_second(sampler: &mut Sampler, second: i64) {
    for tenth in 1..=10 {
        let slowest = if tenth == 10 { Tier::Normal } else { Tier::Fast };
        sampler.tick(&Round { slowest, due_ns: second * 1_000_000_000 + tenth * 100_000_000 }).unwrap();
    }
}

/// What the collector said of itself.
async fn said(sampler: Sampler) -> Vec<String> {
    sampler.outbox.close();
    let mut said = Vec::new();
    while let Some(outgoing) = sampler.outbox.next().await {
        let Outgoing::Frame(bytes) = outgoing else { continue };
        let frame = Frame::decode(&bytes, &mut SchemaCache::default()).unwrap();
        let events = frame.sections.iter().filter(|s| s.schema.table == Table::Event);
        said.extend(events.flat_map(|s| EventRow::read(&s.batch)).map(|e| e.text));
    }
    said
}

#[tokio::test]
async fn a_failing_source_is_left_alone_and_the_next_is_read() {
    let reads = [(), ()].map(|()| Arc::new(AtomicU32::new(0)));
    let bad = Fake { name: "bad", fails: true, panics: false, reads: reads[0].clone() };
    let good = Fake { name: "good", fails: false, panics: false, reads: reads[1].clone() };
    let mut sampler = sampler(vec![bad, good], Duration::from_secs(60));
    a_second(&mut sampler, 10);
    let counts = reads.each_ref().map(|r| r.load(Ordering::Relaxed));
    assert_eq!(counts, [1, 10]);
    assert_eq!(said(sampler).await, ["source bad: EIO; left alone for 1 s"]);
}

#[tokio::test]
async fn a_source_that_panics_is_caught_counted_said_and_tried_again_and_the_next_is_read() {
    let reads = [(), ()].map(|()| Arc::new(AtomicU32::new(0)));
    let bad = Fake { name: "bad", fails: false, panics: true, reads: reads[0].clone() };
    let good = Fake { name: "good", fails: false, panics: false, reads: reads[1].clone() };
    let mut sampler = sampler(vec![bad, good], Duration::from_secs(60));
    a_second(&mut sampler, 10);
    assert_eq!(reads.each_ref().map(|r| r.load(Ordering::Relaxed)), [1, 10]);
    let failures = |sampler: &Sampler| sampler.telemetry.sources().iter().map(|(_, c)| c.failures).collect::<Vec<_>>();
    assert_eq!(failures(&sampler), [1, 0]);
    tokio::time::sleep(Duration::from_millis(1100)).await; // the second for which it is left alone
    a_second(&mut sampler, 11);
    assert_eq!(reads.each_ref().map(|r| r.load(Ordering::Relaxed)), [11, 20]);
    let said = said(sampler).await;
    assert_eq!(
        said,
        ["source bad: panicked: index 7 of 3; please report it; left alone for 1 s", "source bad reads again"]
    );
}

#[tokio::test]
async fn a_slow_source_is_read_at_normal_ticks_only() {
    let reads = Arc::new(AtomicU32::new(0));
    let mut sampler =
        sampler(vec![Fake { name: "late", fails: false, panics: false, reads: reads.clone() }], Duration::ZERO);
    a_second(&mut sampler, 10);
    assert_eq!(reads.load(Ordering::Relaxed), 4, "three in a row, then the normal tick");
    sampler.slow_read = Duration::from_secs(60);
    a_second(&mut sampler, 11);
    assert_eq!(reads.load(Ordering::Relaxed), 5, "until it is quick again");
    a_second(&mut sampler, 12);
    assert_eq!(reads.load(Ordering::Relaxed), 15);
    let said = said(sampler).await;
    assert!(said[0].starts_with("source late is slow") && said[1] == "source late is quick again", "{said:?}");
}

#[test]
fn a_clock_set_back_does_not_silence_the_collector() {
    let mut sampler = sampler(Vec::new(), Duration::from_secs(60));
    a_second(&mut sampler, 5000);
    let before = sampler.telemetry.frames.get();
    a_second(&mut sampler, 10);
    assert_eq!(sampler.telemetry.frames.get() - before, 2, "at the step, and at the full second");
}

#[test]
fn a_frame_goes_out_at_each_full_second_however_late_in_it_the_first_reading_comes() {
    const SECOND: i64 = 1_000_000_000;
    let start_ns = 1_796_000_000 * SECOND;
    let dithered = Rates::default();
    for rates in [dithered, Rates { fast_ms: 0, ..dithered }, Rates { dither: false, ..dithered }] {
        let mut sampler = sampler(Vec::new(), Duration::from_secs(60));
        let mut schedule = Schedule::new(rates, start_ns);
        let (mut now_ns, mut sent_ns) = (start_ns, Vec::new());
        while now_ns < start_ns + 11 * SECOND / 2 {
            let round = schedule.next(now_ns);
            now_ns = round.due_ns;
            let (before, flush_ns) = (sampler.telemetry.frames.get(), sampler.flush_before(&round));
            if let Some(flush_ns) = flush_ns {
                sampler.flush_at(flush_ns).unwrap();
            }
            sampler.tick(&round).unwrap();
            let frames = sampler.telemetry.frames.get() - before;
            sent_ns.extend((0..frames).map(|_| flush_ns.unwrap_or(now_ns) - start_ns));
        }
        assert!(sent_ns[0] < SECOND, "with the first reading: {sent_ns:?}");
        assert_eq!(sent_ns[1..], [1, 2, 3, 4, 5].map(|second| second * SECOND), "{rates:?}");
    }
}
