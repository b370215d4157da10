//! Whom to ask what the detectors can see. The store keeps no answer: to make one, all ports are gone through, which nobody pays
//! for who does not ask.

use std::fmt::{self, Debug, Formatter};
use std::sync::OnceLock;
use weft_judge::detect::armed::Armed;

type Ask = Box<dyn Fn() -> Vec<Armed> + Send + Sync>;

/// Set once, by whoever runs the judge; before that nothing is armed.
#[derive(Default)]
pub struct AskArmed(OnceLock<Ask>);

impl AskArmed {
    pub fn set(&self, ask: impl Fn() -> Vec<Armed> + Send + Sync + 'static) {
        // A store has one judge.
        let _ = self.0.set(Box::new(ask));
    }

    pub fn ask(&self) -> Vec<Armed> {
        self.0.get().map_or_else(Vec::new, |ask| ask())
    }
}

impl Debug for AskArmed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "AskArmed(set: {})", self.0.get().is_some())
    }
}
