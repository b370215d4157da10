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

    /// Says once, at the first tick that closes, how many were missed.
    pub fn first(&mut self, tick: i64) {
        let missed = self.through.take().map_or(0, |through| tick.saturating_sub(through).saturating_sub(1).max(0));
        if missed > 0 {
            metrics::counter!("weft_unjudged_ticks_total").increment(missed as u64);
            tracing::warn!(
                missed,
                "these ticks after the judge's snapshot could not be read again: they are not judged. Nobody told of them, or \
                 the broker no longer keeps them"
            );
        }
    }
}
