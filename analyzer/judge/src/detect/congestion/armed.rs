//! `congestion`: of jobs whose pace is known, on ports of switches that are read and whose rate is planned.

use crate::detect::armed::{Reason, Tally, View, no_pace};

const NO_SWITCH: Reason = (
    "no port of a switch on its paths is read and has a planned rate",
    "collect the switches' ports, and plan cables.csv and ports.csv speed_bps",
);

pub fn look(view: &View<'_>, tally: &mut Tally) {
    view.each_job(tally, |_, job| {
        let pace = &view.features.jobs[job].pace;
        match pace.line().pace() {
            Some(_) if view.stands_still => Some(no_pace(pace)),
            None => Some(no_pace(pace)),
            Some(_) if super::on_its_paths(view.features, job).is_empty() => Some(NO_SWITCH),
            Some(_) => None,
        }
    });
}
