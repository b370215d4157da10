//! Miscabled: what a port hears at the other end of its cable is not what the plan has there (`fabric/cabling.rs`).
//!
//! ```text
//! plan:  h0 eth1 – leaf swp0       h1 eth1 – leaf swp1
//! heard: h0 eth1 – leaf swp1       h1 eth1 – leaf swp0       two ends were swapped: one fact a cable, with both places
//! ```
//! What was heard last stands until something else is heard there, so that silence neither opens nor closes.

use super::armed::{Reason, Row, Tally, View};
use super::{Detector, Shows, Sink, Spot, remembers_nothing};
use crate::fabric::{Miscabling, Place};
use crate::features::Features;
use crate::kinds::{FactKind, Miscabled};
use std::collections::BTreeSet;

pub const DETECTOR: Detector = Detector {
    name: "miscabled",
    reads: &[],
    detect,
    forget: remembers_nothing,
    armed: &[Row { detector: "miscabled", facts: &[FactKind::Miscabled], look: armed }],
};

fn detect(features: &Features, out: &mut Sink<'_>) {
    let topology = &features.topology;
    let mut wrong: BTreeSet<Place> = BTreeSet::new();
    for &Miscabling { at, planned, heard, since_ns } in topology.miscabled() {
        let place = topology.place_of(at);
        out.look_at(Spot::Place(place), 1);
        // Two words about the ends of one planned cable are one trouble.
        if wrong.insert(place) {
            let since_ns = since_ns.min(features.now_ns);
            let shows = Shows { since_ns, port: Some(at), one_sided: true, strength: 1.0, ..Shows::default() };
            let [planned, heard] = [planned, heard].map(|port| topology.name(port));
            out.present(place, shows, Miscabled { planned, heard });
        }
    }
    let over: Vec<Place> = out.watched(FactKind::Miscabled).filter(|place| !wrong.contains(place)).collect();
    over.into_iter().for_each(|place| out.absent(FactKind::Miscabled, place));
}

const NOT_PLANNED: Reason = ("no cable in the plan", "plan cables.csv: a_device, a_port, b_device, b_port");
const NOT_HEARD: Reason = (
    "no neighbour heard",
    "let either end speak LLDP: lldpd, the switch, or [collector.lldp] transmit = true; hearing it needs CAP_NET_RAW",
);

/// Of ports that are planned to be cabled and at which somebody was heard.
fn armed(view: &View<'_>, tally: &mut Tally) {
    let topology = &view.features.topology;
    view.each_port(tally, |port| match topology.ports[port].cable {
        None => Some(NOT_PLANNED),
        Some(_) if !topology.is_heard(port) => Some(NOT_HEARD),
        Some(_) => None,
    });
}
