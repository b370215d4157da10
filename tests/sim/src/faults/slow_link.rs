//! A port sends below its rate though it trained right. Strength: the part of the rate that is missing.

use super::link_fault::{LinkFault, left};
use crate::estimate::Effect;

pub const FAULT: LinkFault = LinkFault {
    class: "slow_link",
    both_ways: false,
    effect: |strength| Effect::Capacity(left(strength)),
    turn: |link, strength| link.scale = strength.map_or(1.0, left),
};
