//! The judge as an earlier run left it.
//!
//! A snapshot that cannot be read is no reason not to start: it is set aside, and the judge begins without a past, as it
//! does on its first day. What ends up aside is kept for whoever wants to know why.

use crate::snapshot::{self, RestoreError, file};
use std::path::Path;
use weft_judge::engine::{Engine, EngineConfig};
use weft_wire::plan::Plan;

/// The engine of the state folder's snapshot, or a new one. `is_to_come`: whether a tick lies in the future.
pub fn engine(dir: Option<&Path>, plan: Plan, config: EngineConfig, is_to_come: fn(i64) -> bool) -> Engine {
    let Some(path) = dir.map(file::path) else { return Engine::new(plan, config) };
    match restore(&path, &plan, &config, is_to_come) {
        Ok(engine) => engine.unwrap_or_else(|| Engine::new(plan, config)),
        Err(error) => {
            set_aside(&path, &error);
            Engine::new(plan, config)
        }
    }
}

fn restore(
    path: &Path,
    plan: &Plan,
    config: &EngineConfig,
    is_to_come: fn(i64) -> bool,
) -> Result<Option<Engine>, RestoreError> {
    let Some((about, engine)) = snapshot::restore(path, plan, config)? else { return Ok(None) };
    if is_to_come(about.tick) {
        return Err(RestoreError::ToCome);
    }
    let (tick, positions, ports) = (about.tick, about.positions, engine.features().ports.len());
    tracing::info!(tick, ?positions, ports, "the judge goes on from its snapshot");
    Ok(Some(engine))
}

fn set_aside(path: &Path, error: &RestoreError) {
    metrics::counter!("weft_snapshots_set_aside_total").increment(1);
    let path_shown = path.display();
    match file::set_aside(path) {
        Ok(aside) => {
            let aside = aside.display();
            tracing::error!(%error, %aside, "the judge's snapshot is set aside: judging begins without a past");
        }
        Err(failed) => {
            tracing::error!(%error, %failed, path = %path_shown, "the judge's snapshot is left: judging begins without a past");
        }
    }
}

/// Ticks between those that the snapshot stands for and the first one that was read again: nobody judges them.
#[derive(Debug)]
pub struct Reach {
    through: Option<i64>,
}

impl Reach {
    pub fn from(through: Option<i64>) -> Reach {
        Reach { through }
    }

    /// Says once, at the first tick that closes, how many ticks were missed.
    pub fn first(&mut self, tick: i64) {
        let missed = self.missed(tick);
        if missed > 0 {
            metrics::counter!("weft_unjudged_ticks_total").increment(missed);
            tracing::warn!(
                missed,
                "these ticks after the judge's snapshot could not be read again: they are not judged. Nobody told of them, or \
                 the broker no longer keeps them"
            );
        }
    }

    fn missed(&mut self, tick: i64) -> u64 {
        let through = self.through.take().unwrap_or(tick);
        tick.saturating_sub(through).saturating_sub(1).max(0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use weft_judge::fabric::EntityTable;
    use weft_judge::testkit::{Extra, SECOND, Scene, iteration, star};

    const NEVER: fn(i64) -> bool = |_| false;

    fn resumed(dir: &Path, is_to_come: fn(i64) -> bool) -> Option<i64> {
        engine(Some(dir), star(2), EngineConfig::of_tick(SECOND), is_to_come).judged()
    }

    #[test]
    fn a_snapshot_is_gone_on_from_and_one_that_cannot_be_is_set_aside() {
        let mut scene = Scene::new(star(2));
        (0..5).for_each(|_| _ = scene.second(|_, at| iteration(at, SECOND, 0), Extra::default()));
        let dir = tempfile::tempdir().unwrap();
        let (path, aside) = (file::path(dir.path()), dir.path().join("judge.snapshot.aside"));
        assert_eq!(resumed(dir.path(), NEVER), None, "the first start of all");
        let judged = scene.engine.judged();
        let about = file::About { tick: judged.unwrap(), positions: BTreeMap::new() };
        let bytes = scene.engine.snapshot(&EntityTable::default());
        let write = |bytes: &[u8]| file::write(&path, &about, bytes).unwrap();
        write(&bytes);
        assert_eq!((resumed(dir.path(), NEVER), aside.exists()), (judged, false));
        assert_eq!((resumed(dir.path(), |_| true), aside.exists()), (None, true), "of a time to come");
        for bad in [&bytes[..bytes.len() - 1], b"another version", b""] {
            write(bad);
            std::fs::remove_file(&aside).unwrap();
            assert_eq!((resumed(dir.path(), NEVER), aside.exists(), path.exists()), (None, true, false));
        }
        std::fs::write(&path, "torn").unwrap();
        assert_eq!((resumed(dir.path(), NEVER), std::fs::read(&aside).unwrap()), (None, b"torn".to_vec()));
    }

    #[test]
    fn ticks_that_were_not_read_again_are_counted_once() {
        for (through, first, missed) in [(Some(10), 4, 0), (Some(10), 11, 0), (Some(10), 15, 4), (None, 15, 0)] {
            let mut reach = Reach::from(through);
            assert_eq!((reach.missed(first), reach.missed(first + 100)), (missed, 0), "{through:?} {first}");
        }
    }
}
