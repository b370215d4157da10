//! `congestion`: of jobs whose pace is known, on ports of switches that are read and whose rate is planned.

use crate::detect::armed::{Reason, Tally, View};

const NO_PACE: Reason = (
    "its pace is not known: its bytes show no levels, or too few were read",
    "step marks: weft_step.py in deploy/python; or readings of all its hosts at one moment",
);
const NO_SWITCH: Reason = (
    "no port of a switch on its paths is read and has a planned rate",
    "collect the switches' ports, and plan cables.csv and ports.csv speed_bps",
);

pub fn look(view: &View<'_>, tally: &mut Tally) {
    view.each_job(tally, |_, job| match view.features.jobs[job].pace.line().pace() {
        _ if view.stands_still => Some(NO_PACE),
        None => Some(NO_PACE),
        Some(_) if super::on_its_paths(view.features, job).is_empty() => Some(NO_SWITCH),
        Some(_) => None,
    });
}
