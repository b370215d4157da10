//! A cable that loses packets without any device counting an error. Strength: the part of packets lost.

use super::{Fault, cable, cables_with_load};
use crate::panel;
use std::time::Duration;

pub const FAULT: Fault = Fault {
    class: "silent_drop",
    lasts: Duration::from_secs(20),
    strength: 0.02,
    places: |lab, traffic| cables_with_load(lab, traffic, 0.10),
    inject: |lab, place, strength| panel::set_loss(cable(lab, place)?, strength),
    heal: |lab, place| panel::set_loss(cable(lab, place)?, 0.0),
};
