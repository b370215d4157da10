//! Keeps a snapshot of the judge on disk: every minute of event time, and at a clean stop.
//!
//! ```text
//! intake thread:  settle ─► Engine::snapshot (the bytes, in memory) ─► queue of one ─┐
//! thread of its own:                                        compress, write, rename ◄┘
//! ```
//! The intake is held up only for the bytes. It takes them when it has just written marks and incidents to the state
//! database, so that the database is never older than the snapshot: what a restart judges again was told already, what it
//! does not judge again stands in the database.

use super::shared::Core;
use crate::ingest::TICK_NS;
use crate::operations::JobsInForce;
use crate::snapshot::{About, file};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Event time between two snapshots, in ticks: what a crash has judged twice is at most so much.
pub const EVERY_TICKS: i64 = 60 * 1_000_000_000 / TICK_NS;

/// However short the window, a restart reads at least so much again: the minute since the last snapshot, and another one for
/// a snapshot that was still being written and for messages that came late.
pub const LEAST_REWIND: Duration = Duration::from_secs(120);

type Bytes = (About, Vec<u8>);

pub struct Keeper {
    /// The tick of the last snapshot that was taken.
    taken: Option<i64>,
    positions: BTreeMap<i32, i64>,
    jobs: JobsInForce,
    queue: SyncSender<Bytes>,
    /// A snapshot waits to be written, or is being written.
    is_writing: Arc<AtomicBool>,
    writer: JoinHandle<()>,
}

impl Keeper {
    /// `restored`: the tick of the snapshot that this run began with.
    pub fn start(state_dir: &Path, restored: Option<i64>, jobs: JobsInForce) -> std::io::Result<Keeper> {
        let (queue, taken) = sync_channel(1);
        let (path, is_writing) = (file::path(state_dir), Arc::new(AtomicBool::new(false)));
        let done = is_writing.clone();
        let thread = std::thread::Builder::new().name("snapshot".into());
        let writer = thread.spawn(move || write_all(&path, &taken, &done))?;
        Ok(Keeper { taken: restored, positions: BTreeMap::new(), jobs, queue, is_writing, writer })
    }

    /// What the state database says has been taken in.
    pub fn settled(&mut self, positions: &BTreeMap<i32, i64>) {
        self.positions.extend(positions);
    }

    /// Takes a snapshot when a minute has been judged since the last one. While an older one is still being written the
    /// next settling tries again.
    pub fn keep(&mut self, core: &Core) {
        let Some(tick) = core.engine.judged() else { return };
        // A tick before the last one shows that the data's clock was set back.
        let is_due = self.taken.is_none_or(|taken| tick >= taken + EVERY_TICKS || tick < taken);
        if is_due && !self.is_writing.swap(true, Ordering::AcqRel) {
            self.taken = Some(tick);
            // The queue has room for one, and none is on its way.
            let _ = self.queue.try_send(self.take(core, tick));
        }
    }

    fn take(&self, core: &Core, tick: i64) -> Bytes {
        let began = Instant::now();
        let bytes = core.engine.snapshot(core.ingest.entities());
        metrics::gauge!("weft_snapshot_seconds").set(began.elapsed().as_secs_f64());
        (About { tick, positions: self.positions.clone(), jobs: self.jobs.told() }, bytes)
    }

    /// A last snapshot, on the disk when this returns.
    pub fn finish(self, core: &Core) {
        if let Some(tick) = core.engine.judged().filter(|tick| self.taken != Some(*tick)) {
            let _ = self.queue.send(self.take(core, tick));
        }
        drop(self.queue);
        let _ = self.writer.join();
    }
}

fn write_all(path: &Path, taken: &Receiver<Bytes>, is_writing: &AtomicBool) {
    while let Ok((about, judge)) = taken.recv() {
        match file::write(path, &about, &judge) {
            Ok(bytes) => metrics::gauge!("weft_snapshot_bytes").set(bytes as f64),
            Err(error) => {
                metrics::counter!("weft_dropped_total", "where" => "snapshot").increment(1);
                tracing::warn!(%error, path = %path.display(), "a snapshot of the judge could not be written");
            }
        }
        is_writing.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::{Ingest, IngestConfig};
    use weft_judge::engine::{Engine, EngineConfig};
    use weft_judge::testkit::{Extra, SECOND, Scene, iteration, star};

    /// An engine that has judged so many seconds, whose entities ingest has not heard of.
    fn after(seconds: i64) -> Core {
        let mut scene = Scene::new(star(2));
        (0..seconds).for_each(|_| _ = scene.second(|_, at| iteration(at, SECOND, 0), Extra::default()));
        Core { ingest: Ingest::new(IngestConfig::default()), engine: scene.engine, plan_changes: 0 }
    }

    fn written(state_dir: &Path) -> Option<(About, Engine)> {
        crate::snapshot::restore(&file::path(state_dir), &star(2), &EngineConfig::of_tick(SECOND)).unwrap()
    }

    #[test]
    fn a_snapshot_is_written_each_minute_and_at_the_end_with_its_positions() {
        let dir = tempfile::tempdir().unwrap();
        let mut keeper = Keeper::start(dir.path(), None, JobsInForce::default()).unwrap();
        keeper.keep(&after(0));
        keeper.settled(&[(0, 7), (3, 9)].into());
        let first = after(1).engine.judged().unwrap();
        let kept = [1, 2, 61, 62].map(|seconds| {
            while keeper.is_writing.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
            keeper.keep(&after(seconds));
            keeper.taken.unwrap() - first
        });
        assert_eq!(kept, [0, 0, 60, 60]);
        keeper.settled(&[(3, 12)].into());
        let last = after(70);
        keeper.finish(&last);
        let (about, engine) = written(dir.path()).expect("a snapshot");
        assert_eq!((about.tick - first, engine.judged()), (69, last.engine.judged()));
        assert_eq!(about.positions, [(0, 7), (3, 12)].into());
    }
}
