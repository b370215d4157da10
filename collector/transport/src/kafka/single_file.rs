//! One message at a time, while a topic refuses for size.
//!
//! A broker judges a batch as one: small messages sent together are refused as too large, though each would pass. So after
//! a refusal the topic's messages go alone for a while, and only a message that was alone is known to be too large itself.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long messages go alone after the last refusal.
const LASTS: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct SingleFile {
    until: Mutex<Option<Instant>>,
    turn: tokio::sync::Mutex<()>,
}

/// Held while a message is on its way alone.
pub(super) type Turn<'a> = tokio::sync::MutexGuard<'a, ()>;

impl SingleFile {
    /// Waits for its turn; `None`: messages go together.
    pub async fn turn(&self) -> Option<Turn<'_>> {
        match self.is_on(Instant::now()) {
            true => Some(self.turn.lock().await),
            false => None,
        }
    }

    pub fn begin(&self) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + LASTS);
    }

    fn is_on(&self, now: Instant) -> bool {
        self.until.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_go_alone_for_a_while_after_a_refusal() {
        let file = SingleFile::default();
        assert!(file.turn().await.is_none());
        file.begin();
        let turn = file.turn().await.expect("alone");
        let next = tokio::time::timeout(Duration::from_millis(1), file.turn()).await;
        assert!(next.is_err(), "the second waits for the first");
        drop(turn);
        assert!(file.turn().await.is_some());
        assert!(!file.is_on(Instant::now() + LASTS));
    }
}
