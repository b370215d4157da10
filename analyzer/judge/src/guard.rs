//! Parts that judge must not take each other with them: what one of them does is stopped here when it fails.
//!
//! Stopping unwinds the stack, so every build profile keeps `panic = "unwind"`. Pure: nothing is logged or counted here.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Why a part was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It looked at more readings than a part of its kind may in one tick.
    Budget,
    /// A fault of weft's own.
    Panic,
}

impl Reason {
    pub fn name(self) -> &'static str {
        match self {
            Reason::Budget => "budget",
            Reason::Panic => "panic",
        }
    }
}

/// A part that was stopped in a tick: what it would have said of that tick is lost, and so is the state it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Dropped {
    /// A detector of `DETECTORS`, or `features` or `diagnosis`.
    pub detector: &'static str,
    pub reason: Reason,
    /// For a person to read.
    pub text: String,
}

impl Dropped {
    pub fn new(detector: &'static str, Stopped { reason, text }: Stopped) -> Dropped {
        Dropped { detector, reason, text }
    }
}

/// How some work ended before its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Stopped {
    pub reason: Reason,
    pub text: String,
}

struct OverBudget(String);

/// Ends the work that [`guarded`] runs. Not a panic: nothing is printed.
pub fn over_budget(text: String) -> ! {
    resume_unwind(Box::new(OverBudget(text)))
}

/// Runs `work`. When that is stopped, what it was changing may be half changed: the caller resets it.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Stopped> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|why| stopped(why.as_ref()))
}

fn stopped(why: &(dyn Any + Send)) -> Stopped {
    if let Some(OverBudget(text)) = why.downcast_ref() {
        return Stopped { reason: Reason::Budget, text: text.clone() };
    }
    let text = why.downcast_ref::<String>().map(String::as_str).or_else(|| why.downcast_ref::<&str>().copied());
    Stopped { reason: Reason::Panic, text: text.unwrap_or("no reason was given").to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stopped_says_why() {
        assert_eq!(guarded(|| 7), Ok(7));
        let stopped = guarded(|| over_budget("too much".into())).unwrap_err();
        assert_eq!(stopped, Stopped { reason: Reason::Budget, text: "too much".into() });
        let stopped = guarded(|| [0][std::hint::black_box(1)]).unwrap_err();
        assert!(stopped.reason == Reason::Panic && stopped.text.contains("out of bounds"), "{stopped:?}");
    }
}
