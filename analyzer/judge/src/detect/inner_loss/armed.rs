//! `inner_loss`: of switches whose ports with a cable all count packets both ways, and are read together.

use crate::detect::armed::{Reason, Tally, View};

const NO_SWITCH: Reason = ("not a port of a switch with a cable", "plan devices.csv kind and cables.csv");
const NO_PACKETS: Reason = ("packets not counted", "collect tx_packets and rx_packets");
const APART: Reason =
    ("the ports of the switch are not read together yet", "read all its ports within half an interval; it takes some ticks");

pub fn look(view: &View<'_>, tally: &mut Tally) {
    let features = view.features;
    view.each_port(tally, |port| {
        let known = &features.topology.ports[port];
        let balance = features.devices[known.device].balance.as_ref();
        match () {
            () if !features.topology.devices[known.device].is_switch || known.cable.is_none() => Some(NO_SWITCH),
            () if features.ports[port].packets.is_none() => Some(NO_PACKETS),
            () if !balance.is_some_and(|balance| balance.is_known()) => Some(APART),
            () => None,
        }
    });
}
