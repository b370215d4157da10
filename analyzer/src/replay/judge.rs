//! A replay that judges here: ingest, the engine, and the files that its verdicts go to.

use super::args::ReplayArgs;
use super::disturb::{Disturber, Message};
use super::outcome::OutcomeFiles;
use super::pace::Pace;
use super::report::{ReplayError, ReplayReport, report};
use crate::ingest::{Ingest, IngestConfig, IngestEvent, IngestStats, TICK_NS};
use std::collections::BTreeMap;
use std::time::Instant;
use weft_judge::engine::{Engine, EngineConfig};
use weft_judge::guard::Dropped;
use weft_trace::FrameSource;

/// A longer bound than a year holds every frame of any trace.
const MOST_LATENESS_S: f64 = 366.0 * 86_400.0;

/// Replays into ingest and the engine, in this thread.
pub fn replay(args: &ReplayArgs) -> Result<ReplayReport, ReplayError> {
    let began = Instant::now();
    let out = args.out.clone().unwrap_or_default();
    let failed = |source| ReplayError::Out { path: out.clone(), source };
    let mut source = FrameSource::open(&args.trace, TICK_NS)?;
    let mut judge = Judge::new(args, &source, OutcomeFiles::create(&out).map_err(failed)?);
    let mut pace = Pace::new(args.speed);
    let mut disturber = Disturber::new(args.disturb);
    while let Some(frames) = source.next_tick()? {
        // As live: an inventory has a topic of its own too, and no frame waits for the one before it.
        for inventory in frames.iter().filter_map(|f| f.inventory.as_ref()) {
            let message = Message { key: inventory.collector.clone(), payload: inventory.encode()?.into() };
            judge.take(message).map_err(failed)?;
        }
        let now_ns = disturber.send_all(frames)?;
        while let Some((arrival_ns, message)) = disturber.arrived(now_ns) {
            pace.wait_until(arrival_ns, std::thread::sleep);
            judge.take(message).map_err(failed)?;
        }
    }
    while let Some((_, message)) = disturber.arrived(i64::MAX) {
        judge.take(message).map_err(failed)?;
    }
    let Judged { stats, incidents, dropped } = judge.finish().map_err(failed)?;
    let report = report(&stats, source.samples(), incidents, began);
    Ok(ReplayReport { detectors_dropped: dropped, ..report })
}

/// Ingest and engine, and the files their verdicts go to.
struct Judge {
    ingest: Ingest,
    engine: Engine,
    files: OutcomeFiles,
    dropped: BTreeMap<String, u64>,
}

struct Judged {
    stats: IngestStats,
    incidents: usize,
    dropped: BTreeMap<String, u64>,
}

impl Judge {
    fn new(args: &ReplayArgs, source: &FrameSource, files: OutcomeFiles) -> Judge {
        let tick_ns = source.tick_ns();
        let lateness_ns = (args.lateness_s.clamp(0.0, MOST_LATENESS_S) * 1e9) as i64;
        // Only the data decides: see `IngestConfig::close_early`.
        let config = IngestConfig { tick_ns, lateness_ns, close_early: false, ..IngestConfig::default() };
        let engine = Engine::new(source.plan.clone(), EngineConfig { tick_ns, write: crate::sql::write_query });
        Judge { ingest: Ingest::new(config), engine, files, dropped: BTreeMap::new() }
    }

    fn take(&mut self, message: Message) -> std::io::Result<()> {
        let events = self.ingest.push(&message.key, &message.payload);
        self.judge(events)
    }

    fn judge(&mut self, events: Vec<IngestEvent>) -> std::io::Result<()> {
        for event in events {
            if let IngestEvent::Tick(tick) = event {
                let outcome = self.engine.on_tick(&tick, self.ingest.entities());
                outcome.dropped.iter().for_each(|dropped| self.note(dropped));
                self.files.add(outcome)?;
            }
        }
        Ok(())
    }

    fn note(&mut self, Dropped { detector, reason, .. }: &Dropped) {
        *self.dropped.entry(format!("{detector}: {}", reason.name())).or_default() += 1;
    }

    fn finish(mut self) -> std::io::Result<Judged> {
        let events = self.ingest.finish();
        self.judge(events)?;
        let stats = self.ingest.stats().clone();
        Ok(Judged { stats, incidents: self.files.finish()?.len(), dropped: self.dropped })
    }
}
