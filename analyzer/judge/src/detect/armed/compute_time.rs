//! Stragglers by step marks: of jobs whose loop tells its steps.

use super::super::compute_time::{FRESH_TICKS, MIN_RANKS};
use super::{Reason, Tally, View};

const NO_MARKS: Reason = ("no step marks", "the training loop sends them: weft_step.py in deploy/python");
const FEW_RANKS: Reason = ("fewer than 3 ranks send step marks", "weft_step.py on every rank");

pub fn look(view: &View<'_>, tally: &mut Tally) {
    let features = view.features;
    view.each_job(tally, |_, job| {
        let state = &features.jobs[job];
        let is_fresh = state.marked_ns > features.now_ns - FRESH_TICKS * features.tick_ns;
        match () {
            () if view.stands_still || !is_fresh => Some(NO_MARKS),
            () if state.ranks.len() < MIN_RANKS => Some(FEW_RANKS),
            () => None,
        }
    });
}
