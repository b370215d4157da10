//! A replay that judges here: ingest, the engine, and the files that its verdicts go to.

use super::args::ReplayArgs;
use super::disturb::{Disturber, Message};
use super::outcome::OutcomeFiles;
use super::pace::Pace;
use super::report::{ReplayError, ReplayReport, report};
use super::span::Span;
use crate::ingest::{Ingest, IngestConfig, IngestEvent, IngestStats, TICK_NS};
use std::collections::BTreeMap;
use std::time::Instant;
use weft_judge::engine::{Engine, EngineConfig};
use weft_judge::guard::Dropped;
use weft_trace::{FrameSource, TraceError};
use weft_wire::Frame;

/// A longer bound than a year holds every frame of any trace.
const MOST_LATENESS_S: f64 = 366.0 * 86_400.0;

/// Replays into ingest and the engine, in this thread.
pub fn replay(args: &ReplayArgs) -> Result<ReplayReport, ReplayError> {
    replay_frames(FrameSource::open(&args.trace, TICK_NS)?, args)
}

/// The same of frames that lie ready; the trace that is named is not read.
pub fn replay_frames(source: FrameSource, args: &ReplayArgs) -> Result<ReplayReport, ReplayError> {
    replay_watched(source, args, &mut |_| {})
}

/// The same, and `watch` sees the judge after every tick.
pub fn replay_watched(
    mut source: FrameSource,
    args: &ReplayArgs,
    watch: &mut dyn FnMut(&Engine),
) -> Result<ReplayReport, ReplayError> {
    let began = Instant::now();
    let out = args.out.clone().unwrap_or_default();
    let failed = |source| ReplayError::Out { path: out.clone(), source };
    let mut judge = Judge::new(args, &source, OutcomeFiles::create(&out).map_err(failed)?, watch)?;
    let mut pace = Pace::new(args.speed);
    let mut disturber = Disturber::new(args.disturb);
    while let Some(frames) = judge.next_tick(&mut source)? {
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
    judge.close().map_err(failed)?;
    args.span.end(&judge.engine, &judge.ingest)?;
    let Judged { stats, incidents, dropped } = judge.finish().map_err(failed)?;
    let report = report(&stats, source.samples(), incidents, began);
    Ok(ReplayReport { detectors_dropped: dropped, ..report })
}

/// Ingest and engine, and the files their verdicts go to.
struct Judge<'a> {
    ingest: Ingest,
    engine: Engine,
    files: OutcomeFiles,
    dropped: BTreeMap<String, u64>,
    span: Span,
    /// Start of the trace's first tick.
    first_ns: Option<i64>,
    /// A tick after the span has closed: there is no more to judge.
    is_over: bool,
    watch: &'a mut dyn FnMut(&Engine),
}

struct Judged {
    stats: IngestStats,
    incidents: usize,
    dropped: BTreeMap<String, u64>,
}

impl<'a> Judge<'a> {
    fn new(
        args: &ReplayArgs,
        source: &FrameSource,
        files: OutcomeFiles,
        watch: &'a mut dyn FnMut(&Engine),
    ) -> Result<Judge<'a>, ReplayError> {
        let tick_ns = source.tick_ns();
        let lateness_ns = (args.lateness_s.clamp(0.0, MOST_LATENESS_S) * 1e9) as i64;
        // Only the data decides: see `IngestConfig::close_early`.
        let config = IngestConfig { tick_ns, lateness_ns, close_early: false, ..IngestConfig::default() };
        let (write, false_alarms) = (crate::sql::write_query as _, args.allowed.false_alarms);
        let engine_config = EngineConfig { tick_ns, write, false_alarms };
        let engine = args.span.begin(&source.plan, engine_config)?;
        let (ingest, dropped, span) = (Ingest::new(config), BTreeMap::new(), args.span.clone());
        Ok(Judge { ingest, engine, files, dropped, span, first_ns: None, is_over: false, watch })
    }

    /// The next frames of the trace, while there is more to judge.
    fn next_tick(&self, source: &mut FrameSource) -> Result<Option<Vec<Frame>>, TraceError> {
        if self.is_over { Ok(None) } else { source.next_tick() }
    }

    fn take(&mut self, message: Message) -> std::io::Result<()> {
        let events = self.ingest.push(&message.key, &message.payload);
        self.judge(events)
    }

    fn judge(&mut self, events: Vec<IngestEvent>) -> std::io::Result<()> {
        for event in events {
            if let IngestEvent::Tick(tick) = event {
                let first_ns = *self.first_ns.get_or_insert(tick.start_ns);
                self.is_over |= !self.span.holds(&tick, first_ns);
                if self.is_over {
                    return Ok(());
                }
                let outcome = self.engine.on_tick(&tick, self.ingest.entities());
                outcome.dropped.iter().for_each(|dropped| self.note(dropped));
                self.files.add(outcome)?;
                (self.watch)(&self.engine);
            }
        }
        Ok(())
    }

    fn note(&mut self, Dropped { detector, reason, .. }: &Dropped) {
        *self.dropped.entry(format!("{detector}: {}", reason.name())).or_default() += 1;
    }

    /// Judges the ticks that are still open.
    fn close(&mut self) -> std::io::Result<()> {
        let events = self.ingest.finish();
        self.judge(events)
    }

    fn finish(self) -> std::io::Result<Judged> {
        let stats = self.ingest.stats().clone();
        Ok(Judged { stats, incidents: self.files.finish()?.len(), dropped: self.dropped })
    }
}
