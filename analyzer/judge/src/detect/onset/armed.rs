//! Stragglers by traffic: of jobs several of whose ports are read.

use super::MIN_PORTS;
use crate::detect::armed::{Reason, Tally, View};

const FEW_PORTS: Reason = ("fewer than 3 of its ports are heard", "run collectors on the job's nodes");

pub fn look(view: &View<'_>, tally: &mut Tally) {
    view.each_job(tally, |job, _| {
        let heard = view.features.topology.job_ports(job).filter(|&port| view.is_heard(port)).take(MIN_PORTS).count();
        (heard < MIN_PORTS).then_some(FEW_PORTS)
    });
}
