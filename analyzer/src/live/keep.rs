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
use crate::snapshot::{About, file};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
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
    queue: SyncSender<Bytes>,
    writer: JoinHandle<()>,
}

impl Keeper {
    /// `restored`: the tick of the snapshot that this run began with.
    pub fn start(state_dir: &Path, restored: Option<i64>) -> std::io::Result<Keeper> {
        let (queue, taken) = sync_channel(1);
        let path = file::path(state_dir);
        let writer = std::thread::Builder::new().name("snapshot".into()).spawn(move || write_all(&path, &taken))?;
        Ok(Keeper { taken: restored, positions: BTreeMap::new(), queue, writer })
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
        if is_due && self.queue.try_send(self.take(core, tick)).is_ok() {
            self.taken = Some(tick);
        }
    }

    fn take(&self, core: &Core, tick: i64) -> Bytes {
        let began = Instant::now();
        let bytes = core.engine.snapshot(core.ingest.entities());
        metrics::gauge!("weft_snapshot_seconds").set(began.elapsed().as_secs_f64());
        (About { tick, positions: self.positions.clone() }, bytes)
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

fn write_all(path: &PathBuf, taken: &Receiver<Bytes>) {
    while let Ok((about, judge)) = taken.recv() {
        match file::write(path, &about, &judge) {
            Ok(bytes) => metrics::gauge!("weft_snapshot_bytes").set(bytes as f64),
            Err(error) => {
                metrics::counter!("weft_dropped_total", "where" => "snapshot").increment(1);
                tracing::warn!(%error, path = %path.display(), "a snapshot of the judge could not be written");
            }
        }
    }
}
