//! `link_down`, `link_flap`: of links whose state is told and that have been up.

use crate::detect::armed::{Reason, Tally, View};

const NOT_TOLD: Reason = ("link state not told", "collect link_up: carrier, ethtool, or the switch's oper status");
const NEVER_UP: Reason = ("never seen up", "nothing to do: armed once the link has been up");

pub fn look(view: &View<'_>, tally: &mut Tally) {
    view.each_port(tally, |port| {
        let link = &view.features.ports[port].link;
        match link.up {
            None => Some(NOT_TOLD),
            Some(false) if !link.seen_up && view.features.topology.ports[port].cable.is_none() => Some(NEVER_UP),
            Some(_) => None,
        }
    });
}
