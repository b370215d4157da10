//! A cable pulled. Strength has no meaning.

use super::{Fault, cable, cables_with_load};
use crate::panel;
use std::time::Duration;

pub const LASTS: Duration = Duration::from_secs(8);

pub const FAULT: Fault = Fault {
    class: "link_down",
    lasts: LASTS,
    strength: 1.0,
    places: |lab, traffic| {
        let mut places = cables_with_load(lab, traffic, 0.10);
        // An uplink's flows are on the other spine within 100 ms: its loss costs the job next to nothing (measured).
        places.retain(|place| place.port == "eth1");
        // The same cable again would be a flap.
        places.retain(|place| !lab.was_pulled(place));
        places
    },
    inject: |lab, place, _| {
        panel::set_plugged(cable(lab, place)?, false)?;
        lab.note_pull(place);
        Ok(())
    },
    heal: |lab, place| panel::set_plugged(cable(lab, place)?, true),
};
