//! The orchestrator's word to a worker, one line on stdin: `slow 1.3`, `checkpoint`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

#[derive(Clone, Default)]
pub struct Control(Arc<State>);

#[derive(Default)]
struct State {
    /// Bits of an f64 added to 1.0, so that the default is "not slowed".
    slower_by: AtomicU64,
    checkpoint: AtomicBool,
}

impl Control {
    /// Follows stdin on a thread of its own; its end ends the process, so that no worker outlives the lab.
    pub fn from_stdin() -> Self {
        let control = Self::default();
        let heard = control.clone();
        std::thread::spawn(move || {
            for line in std::io::stdin().lines().map_while(Result::ok) {
                heard.obey(&line);
            }
            std::process::exit(0);
        });
        control
    }

    fn obey(&self, line: &str) {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("slow", factor) => match factor.parse::<f64>() {
                Ok(factor) if (1.0..=10.0).contains(&factor) => {
                    self.0.slower_by.store((factor - 1.0).to_bits(), Relaxed)
                }
                _ => tracing::warn!("slow {factor}: want a factor from 1 to 10"),
            },
            ("checkpoint", _) => self.0.checkpoint.store(true, Relaxed),
            (other, _) => tracing::warn!("unknown command {other:?}: want slow FACTOR or checkpoint"),
        }
    }

    /// Factor on the compute phase.
    pub fn slowdown(&self) -> f64 {
        1.0 + f64::from_bits(self.0.slower_by.load(Relaxed))
    }

    /// True once after a request.
    pub fn take_checkpoint(&self) -> bool {
        self.0.checkpoint.swap(false, Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obeys_and_ignores_nonsense() {
        let control = Control::default();
        control.obey("slow 1.3");
        control.obey("slow x");
        control.obey("checkpoint");
        assert!((control.slowdown() - 1.3).abs() < 1e-9);
        assert!(control.take_checkpoint() && !control.take_checkpoint());
    }
}
