//! A link at half its rate in both directions, though its devices report it as ever. Strength: the part of the rate lost.

use super::{Fault, cable, cables_with_load};
use crate::shaping;
use std::time::Duration;

pub const FAULT: Fault = Fault {
    class: "slow_link",
    lasts: Duration::from_secs(20),
    strength: 0.5,
    // The transfer takes about half of a step: a link with this mean load has more than 0.6 of its rate in use while it
    // transfers, so half the rate prolongs the transfer by a fifth or more.
    places: |lab, traffic| cables_with_load(lab, traffic, 0.30),
    inject: |lab, place, strength| {
        let cable = cable(lab, place)?;
        shaping::set_rate(cable, (cable.rate_bps as f64 * (1.0 - strength.clamp(0.0, 0.99))) as u64)
    },
    heal: |lab, place| {
        let cable = cable(lab, place)?;
        shaping::set_rate(cable, cable.rate_bps)
    },
};
