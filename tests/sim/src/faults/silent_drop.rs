//! A cable loses packets that neither end counts. Loss = 2 % × strength², in the direction that leaves the named port.

use super::link_fault::LinkFault;
use crate::estimate::Effect;
use crate::flow::goodput;

fn loss(strength: f64) -> f64 {
    0.02 * strength * strength
}

pub const FAULT: LinkFault = LinkFault {
    class: "silent_drop",
    both_ways: false,
    effect: |strength| Effect::Goodput(goodput(loss(strength))),
    turn: |link, strength| link.loss = strength.map_or(0.0, loss),
};
