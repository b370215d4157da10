//! Stragglers by what holds their node up: of jobs whose nodes tell pressure, or their GPUs' use.

use super::super::stalls::{MIN_DEVICES, RECENT};
use super::{Reason, Tally, View};

const FEW_NODES: Reason =
    ("fewer than 2 of its nodes tell pressure or GPU use", "kernels with PSI (psi=1) on its nodes, or GPU readings");

pub fn look(view: &View<'_>, tally: &mut Tally) {
    let features = view.features;
    view.each_job(tally, |job, _| {
        let tells = |device: usize| {
            let shares = features.devices[device].stalls().map(|stalls| stalls.after(features.tick - RECENT, 1));
            shares.is_some_and(|shares| shares.iter().any(|share| !share.is_nan()))
        };
        let told = job.devices.iter().filter(|&&device| tells(device)).take(MIN_DEVICES).count();
        (view.stands_still || told < MIN_DEVICES).then_some(FEW_NODES)
    });
}
