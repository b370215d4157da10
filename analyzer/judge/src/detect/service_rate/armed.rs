//! `slow_link`: of ports whose planned speed is known and that tell how long their queue is.

use crate::detect::armed::{Reason, Tally, View};

const NO_SPEED: Reason = ("speed unknown", "plan ports.csv speed_bps");
const NO_QUEUE: Reason = ("queue depth not told", "collect queue_bytes: a qdisc on the port, or the switch's queues");

pub fn look(view: &View<'_>, tally: &mut Tally) {
    view.each_port(tally, |port| {
        let knows_speed = view.features.topology.ports[port].planned_bps.is_some_and(|bps| bps > 0);
        let tells_queue = view.features.ports[port].last.is_some_and(|last| last.queue_bytes.is_some());
        match (knows_speed, tells_queue) {
            (false, _) => Some(NO_SPEED),
            (true, false) => Some(NO_QUEUE),
            (true, true) => None,
        }
    });
}
