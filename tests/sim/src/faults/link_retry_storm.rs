//! A cable with link-level retry damages what leaves the named port, which repeats it: no host sees a loss, and the link has less
//! room. Damaged frames: 10^(6 · strength − 6), from one in a million to all of them, of which its line keeps a thirteenth.

use super::link_fault::LinkFault;
use crate::estimate::Effect;
use crate::link::retry_goodput;

fn retried(strength: f64) -> f64 {
    10f64.powf(6.0 * strength - 6.0)
}

pub const FAULT: LinkFault = LinkFault {
    class: "link_retry_storm",
    both_ways: false,
    effect: |strength| Effect::Capacity(retry_goodput(retried(strength))),
    turn: |link, strength| link.retried = strength.map_or(0.0, retried),
};
