//! The judge as an earlier run left it.
//!
//! A snapshot that cannot be read is no reason not to start: it is set aside, and the judge begins without a past, as it
//! does on its first day. What ends up aside is kept for whoever wants to know why.

use crate::operations::JobsInForce;
use crate::snapshot::{RestoreError, file};
use std::path::Path;
use weft_judge::engine::{Engine, EngineConfig};
use weft_wire::plan::Plan;

/// The engine of the state folder's snapshot, or a new one. `plan`: of the plan folder; its jobs are those in force when this
/// returns. `jobs`: the sources of jobs, of which some have not spoken yet. `is_to_come`: whether a tick lies in the future.
pub fn engine(
    dir: Option<&Path>,
    plan: &mut Plan,
    jobs: &JobsInForce,
    config: EngineConfig,
    is_to_come: fn(i64) -> bool,
) -> Engine {
    let path = dir.map(file::path);
    let restored = path.as_deref().map_or(Ok(None), |path| restore(path, plan, jobs, &config, is_to_come));
    let engine = restored.unwrap_or_else(|error| {
        path.iter().for_each(|path| set_aside(path, &error));
        None
    });
    engine.unwrap_or_else(|| {
        take_in(plan, jobs);
        Engine::new(plan.clone(), config)
    })
}

fn take_in(plan: &mut Plan, jobs: &JobsInForce) {
    jobs.take().into_iter().for_each(|jobs| plan.jobs = jobs);
}

fn restore(
    path: &Path,
    plan: &mut Plan,
    jobs: &JobsInForce,
    config: &EngineConfig,
    is_to_come: fn(i64) -> bool,
) -> Result<Option<Engine>, RestoreError> {
    let Some((about, judge)) = file::read(path)? else { return Ok(None) };
    if is_to_come(about.tick) {
        return Err(RestoreError::ToCome);
    }
    jobs.remember(about.jobs);
    take_in(plan, jobs);
    let engine = Engine::restore(plan, config, &judge)?;
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
    use crate::operations::Source;
    use weft_judge::fabric::EntityTable;
    use weft_judge::testkit::{Extra, SECOND, Scene, iteration, star};

    const NEVER: fn(i64) -> bool = |_| false;

    fn resumed(dir: &Path, is_to_come: fn(i64) -> bool) -> Option<i64> {
        let (config, jobs) = (EngineConfig::of_tick(SECOND), JobsInForce::default());
        engine(Some(dir), &mut star(2), &jobs, config, is_to_come).judged()
    }

    #[test]
    fn a_snapshot_is_gone_on_from_and_one_that_cannot_be_is_set_aside() {
        let mut scene = Scene::new(star(2));
        (0..5).for_each(|_| _ = scene.second(|_, at| iteration(at, SECOND, 0), Extra::default()));
        let dir = tempfile::tempdir().unwrap();
        let (path, aside) = (file::path(dir.path()), dir.path().join("judge.snapshot.aside"));
        assert_eq!(resumed(dir.path(), NEVER), None, "the first start of all");
        let judged = scene.engine.judged();
        let about = file::About { tick: judged.unwrap(), ..file::About::default() };
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

    /// The jobs of `star` are those of Slurm here, which has not been asked yet by the second run.
    #[test]
    fn a_job_that_slurm_told_an_earlier_run_keeps_its_past() {
        let mut scene = Scene::new(star(2));
        (0..5).for_each(|_| _ = scene.second(|_, at| iteration(at, SECOND, 0), Extra::default()));
        let (dir, told) = (tempfile::tempdir().unwrap(), star(2).jobs);
        let about = file::About {
            tick: scene.engine.judged().unwrap(),
            jobs: [(Source::Slurm, told.clone())].into(),
            ..file::About::default()
        };
        file::write(&file::path(dir.path()), &about, &scene.engine.snapshot(&EntityTable::default())).unwrap();
        let past = scene.engine.features().jobs[0].progress.len();
        assert!(past > 0);
        for (is_asked, ticks) in [(true, Some(past)), (false, None)] {
            let (mut plan, jobs) = (Plan { jobs: Vec::new(), ..star(2) }, JobsInForce::default());
            if is_asked {
                jobs.asks(Source::Slurm);
            }
            let engine = engine(Some(dir.path()), &mut plan, &jobs, EngineConfig::of_tick(SECOND), NEVER);
            let known = engine.features().jobs.first().map(|job| job.progress.len());
            assert_eq!((known, plan.jobs.len()), (ticks, if is_asked { told.len() } else { 0 }));
        }
    }

    #[test]
    fn ticks_that_were_not_read_again_are_counted_once() {
        for (through, first, missed) in [(Some(10), 4, 0), (Some(10), 11, 0), (Some(10), 15, 4), (None, 15, 0)] {
            let mut reach = Reach::from(through);
            assert_eq!((reach.missed(first), reach.missed(first + 100)), (missed, 0), "{through:?} {first}");
        }
    }
}
