//! A cable that was pulled before is pulled once more. Strength has no meaning.
//!
//! A cable is pulled twice and not three times: a flap stays one incident until the link has been up for three of the gaps
//! between its downs, so that a third pull minutes later rings nobody anew.

use super::{Fault, Place, cable, link_down};
use crate::panel;
use std::time::Duration;

/// A cable that no one has pulled yet is pulled first for this long, and plugged as long.
const FIRST: Duration = Duration::from_secs(2);

pub const FAULT: Fault = Fault {
    class: "link_flap",
    lasts: link_down::LASTS,
    strength: 1.0,
    places: |lab, traffic| match lab.pulled_once() {
        Some(cable) => {
            let end = &lab.topology.cables[cable].a;
            vec![Place { device: end.device.clone(), port: end.port.clone() }]
        }
        None => (link_down::FAULT.places)(lab, traffic),
    },
    inject: |lab, place, _| {
        let first = !lab.was_pulled(place);
        lab.note_pull(place);
        let cable = cable(lab, place)?;
        if first {
            panel::set_plugged(cable, false)?;
            std::thread::sleep(FIRST);
            panel::set_plugged(cable, true)?;
            std::thread::sleep(FIRST);
        }
        panel::set_plugged(cable, false)
    },
    heal: |lab, place| panel::set_plugged(cable(lab, place)?, true),
};
