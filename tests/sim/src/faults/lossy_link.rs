//! A cable damages what leaves the named port; the far end counts and discards it. Damaged packets: 10^(6.5 · strength − 8), from one in
//! ten million (strength 0.15) by 18 in a million (0.5) to 3 % (1).

use super::link_fault::LinkFault;
use crate::estimate::Effect;
use crate::flow::goodput;

fn damaged(strength: f64) -> f64 {
    10f64.powf(6.5 * strength - 8.0)
}

pub const FAULT: LinkFault = LinkFault {
    class: "lossy_link",
    both_ways: false,
    effect: |strength| Effect::Goodput(goodput(damaged(strength))),
    turn: |link, strength| link.damaged = strength.map_or(0.0, damaged),
};
