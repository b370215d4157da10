//! `packet_loss`: of cables whose two ends are both read, count packets, and agree on what passes between them.

use crate::detect::armed::{Reason, Tally, View};
use crate::fabric::PortId;
use crate::features::Conservation;

const NO_CABLE: Reason = ("no cable in the plan", "plan cables.csv: a_device, a_port, b_device, b_port");
const FAR_END: Reason = ("the far end is not heard", "run a collector that reads the far end too");
const NO_PACKETS: Reason = ("packets not counted", "collect tx_packets and rx_packets");
const AT_ODDS: Reason =
    ("the two ends count different packets", "check plan cables.csv: these ends may not belong together");
const UNPROVEN: Reason =
    ("the two ends are not compared yet", "nothing to do: it takes 20 s of traffic over the cable");

pub fn look(view: &View<'_>, tally: &mut Tally) {
    view.each_port(tally, |port| why_not(view, port));
}

fn why_not(view: &View<'_>, port: PortId) -> Option<Reason> {
    let features = view.features;
    let Some((cable, far)) = features.topology.ports[port].cable.zip(features.topology.far(port)) else {
        return Some(NO_CABLE);
    };
    let ways = &features.cables[cable];
    match () {
        () if view.unheard(far).is_some() => Some(FAR_END),
        () if [port, far].iter().any(|&end| features.ports[end].packets.is_none()) => Some(NO_PACKETS),
        () if ways.iter().any(Conservation::is_at_odds) => Some(AT_ODDS),
        () if !ways.iter().any(Conservation::is_proven) => Some(UNPROVEN),
        () => None,
    }
}
