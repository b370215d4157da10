//! A cable trains at a lower speed, and both of its ends say so. Strength: the part of the speed that is missing.

use super::link_fault::{LinkFault, left};
use crate::estimate::Effect;

pub const FAULT: LinkFault = LinkFault {
    class: "trained_low",
    both_ways: true,
    effect: |strength| Effect::Capacity(left(strength)),
    turn: |link, strength| link.trained = strength.map_or(1.0, left),
};
