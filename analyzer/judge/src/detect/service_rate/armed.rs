//! `slow_link`: of ports whose planned speed is known and that tell how long their queue is, but for those over which a job sends
//! whose iterations come in step with the readings.

use crate::detect::armed::{IN_STEP, Reason, Tally, View};
use crate::fabric::Carries;

const NO_SPEED: Reason = ("speed unknown", "plan ports.csv speed_bps");
const NO_QUEUE: Reason = ("queue depth not told", "collect queue_bytes: a qdisc on the port, or the switch's queues");

pub fn look(view: &View<'_>, tally: &mut Tally) {
    let topology = &view.features.topology;
    let is_in_step = |job: &usize| view.features.jobs[*job].pace.is_in_step();
    let in_step: Vec<usize> = (0..view.features.jobs.len()).filter(is_in_step).collect();
    view.each_port(tally, |port| {
        let knows_speed = topology.ports[port].planned_bps.is_some_and(|bps| bps > 0);
        let tells_queue = view.features.ports[port].last.is_some_and(|last| last.queue_bytes.is_some());
        let carries = |&job: &usize| topology.carries_at(job, topology.place_of(port)) != Carries::No;
        match (knows_speed, tells_queue) {
            (false, _) => Some(NO_SPEED),
            (true, false) => Some(NO_QUEUE),
            (true, true) => in_step.iter().any(carries).then_some(IN_STEP),
        }
    });
}
