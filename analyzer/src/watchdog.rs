//! systemd's watchdog, fed only while the intake's thread gets on: an analyzer that spins or hangs is restarted.
//!
//! ```text
//! intake ─► heart ─► watch, three times a WatchdogSec ─► WATCHDOG=1
//!                       └ no beat since the last look: nothing, and systemd ends the process
//! ```

use crate::live::Heart;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Looks in each of systemd's periods: one that comes late does not end a process that is well.
const LOOKS: u32 = 3;

/// Needs a Tokio runtime. `None` where systemd asks for no watchdog (no `WatchdogSec` in the unit, or no systemd).
pub fn start(heart: Arc<Heart>) -> Option<JoinHandle<()>> {
    let period = sd_notify::watchdog_enabled().filter(|period| !period.is_zero())?;
    let feed = || {
        if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]) {
            tracing::warn!(%error, "systemd's watchdog cannot be told");
        }
    };
    Some(tokio::spawn(watch(heart, period / LOOKS, feed)))
}

/// Calls `feed` every `period` in which the heart beat or rests.
async fn watch(heart: Arc<Heart>, period: Duration, feed: impl Fn()) {
    let mut looks = tokio::time::interval(period);
    let mut watch = Watch::default();
    loop {
        looks.tick().await;
        match watch.is_well(heart.pulse()) {
            true => feed(),
            false => {
                tracing::error!("the analyzer's thread has not moved since the last look: the watchdog is not fed")
            }
        }
    }
}

#[derive(Debug, Default)]
struct Watch {
    last: Option<u64>,
}

impl Watch {
    /// `pulse`: as [`Heart::pulse`] has it at this look.
    fn is_well(&mut self, pulse: Option<u64>) -> bool {
        let last = std::mem::replace(&mut self.last, pulse);
        pulse.is_none() || pulse != last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_rests_or_works_is_well_and_one_that_hangs_is_not() {
        let (heart, mut watch) = (Heart::default(), Watch::default());
        let mut look = || watch.is_well(heart.pulse());
        heart.rest();
        assert_eq!([look(), look()], [true, true], "nothing to do");
        heart.beat();
        assert_eq!([look(), look(), look()], [true, false, false], "it hangs in what the beat began");
        heart.beat();
        assert!(look(), "it goes on after all");
        heart.beat();
        heart.rest();
        assert_eq!([look(), look()], [true, true]);
    }
}
