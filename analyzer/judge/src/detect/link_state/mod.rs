//! Link down and flap: carrier events, the link state, and the cumulative count of downs.
//!
//! What somebody does to an interface is an event and no fault, and ends what was open on it:
//!
//! | seen at one end | at the other | the link |
//! |---|---|---|
//! | carrier lost, interface up | anything | down |
//! | never a carrier, though the plan has a cable and both devices speak | the same, or nothing | down after 30 s |
//! | never a carrier, no cable in the plan | | no fault: many ports are dark by design |
//! | set down | carrier lost | no fault: the far end's loss is explained |
//! | moved, renamed, removed | carrier lost | down: who moves a port does not mean to break its cable |
//! | moved, renamed | carrier, or nothing | no fault |
//! | removed, in the plan | carrier, or nothing | down: the plan wants it, and drivers that crash remove it |
//! | removed, in no plan | | no fault: a container ended |
//!
//! A second down within six hours is a flap (`reference/faults.md`, class 2). A device most of whose links are down is told
//! from the same look at the links (`devices.rs`): a fabric has hundreds of thousands of them, and they are gone through once.

mod armed;
mod devices;

use super::{Detector, Said, Shows, Sink, Spot, Watch};
use crate::fabric::{CableId, Place, PortId};
use crate::features::{FLAP_MEMORY_NS, Features, Link};
use crate::kinds::{FactKind, LinkDown, LinkFlap};
use std::collections::BTreeSet;
use weft_wire::PortChange;

pub const DETECTOR: Detector = Detector {
    name: "link_state",
    reads: &[],
    detect,
    forget,
    armed: &[
        super::armed::Row { detector: "link_down", facts: &[FactKind::LinkDown], look: armed::look },
        super::armed::Row { detector: "device_down", facts: &[FactKind::DeviceDown], look: armed::look },
        super::armed::Row { detector: "link_flap", facts: &[FactKind::LinkFlap], look: armed::look },
    ],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    let links = Links::now(features);
    let (cables, ports) = places(features, out);
    let mut cables_down = Vec::new();
    for id in cables {
        let cable = features.topology.cables[id];
        let down_ns = links.look(&[cable.a, cable.b], out);
        cables_down.extend(down_ns.map(|down_ns| (id, down_ns)));
    }
    devices::look(features, &cables_down, out);
    for port in ports {
        links.look(&[port], out);
    }
}

/// Cables, and ports without one, of which something may be to be said: an end is not settled, or a case waits to hear that
/// the link is up. A fabric has hundreds of thousands of links, and a tick in which all are well looks at none.
fn places(features: &Features, out: &Sink<'_>) -> (BTreeSet<CableId>, BTreeSet<PortId>) {
    let (mut cables, mut ports) = (BTreeSet::new(), BTreeSet::new());
    let unsettled = features.unsettled.iter().map(|&port| features.topology.place_of(port));
    for place in unsettled.chain(out.watched(FactKind::LinkDown)) {
        match place {
            Place::Cable(cable) => _ = cables.insert(cable),
            Place::Port(port) => _ = ports.insert(port),
            Place::Device(_) | Place::Inside(_) | Place::Job(_) | Place::Maintenance(_) => {}
        }
    }
    (cables, ports)
}

/// What the detector would say if this port lost its carrier at this moment: asked before the tick of that moment closes.
pub fn foresee(features: &Features, watch: &Watch, port: PortId, ts_ns: i64) -> Said {
    let known = &features.ports[port].link;
    if known.up != Some(true) || ts_ns < known.since_ns {
        return Said::default();
    }
    let mut link = known.clone();
    link.update_carrier(ts_ns, false);
    let links = Links { features, now_ns: ts_ns, foreseen: Some((port, link)) };
    let mut out = Sink::at(features, watch, ts_ns);
    links.look(&links.ends(port), &mut out);
    out.into_said()
}

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    Spot::ports(spot, features).into_iter().for_each(|port| features.ports[port].link = Default::default());
}

/// The links of the fabric at a moment.
struct Links<'a> {
    features: &'a Features,
    now_ns: i64,
    /// One port's link as it would be after an event whose tick has not closed yet.
    foreseen: Option<(PortId, Link)>,
}

impl<'a> Links<'a> {
    fn now(features: &'a Features) -> Links<'a> {
        Links { features, now_ns: features.now_ns, foreseen: None }
    }

    fn link(&self, port: PortId) -> &Link {
        match &self.foreseen {
            Some((foreseen, link)) if *foreseen == port => link,
            _ => &self.features.ports[port].link,
        }
    }

    fn ends(&self, port: PortId) -> Vec<PortId> {
        let topology = &self.features.topology;
        match topology.ports[port].cable {
            Some(cable) => vec![topology.cables[cable].a, topology.cables[cable].b],
            None => vec![port],
        }
    }

    /// The end that shows that the link of these ends is down, and since when; the one that lost its carrier first.
    fn down(&self, ends: &[PortId]) -> Option<(PortId, i64)> {
        if self.is_set_down(ends) {
            return None;
        }
        let down = ends.iter().filter(|&&port| self.went_down(port)).map(|&port| (port, self.down_since(port)));
        down.min_by_key(|&(port, since_ns)| (since_ns, port))
    }

    fn is_set_down(&self, ends: &[PortId]) -> bool {
        ends.iter().any(|&port| self.link(port).is_admin_down())
    }

    /// One link, by the ends that are watched; since when it is down, if it is.
    fn look(&self, ends: &[PortId], out: &mut Sink<'_>) -> Option<i64> {
        let place = self.features.topology.place_of(ends[0]);
        out.look_at(Spot::Place(place), 1 + ends.iter().map(|&port| self.link(port).downs.moments()).sum::<usize>());
        let down = self.down(ends);
        if let Some((port, since_ns)) = down {
            out.present(place, shows(port, since_ns), LinkDown { was_up: self.link(port).seen_up });
        } else if let Some(reason) = self.whose_doing(ends) {
            // Nothing stays open on an interface that is no more, whatever it was opened on: no reading of it will come.
            for place in ends.iter().map(|&port| Place::Port(port)).chain([place]) {
                FactKind::ALL.iter().for_each(|&kind| out.over(kind, place, &reason));
            }
        } else if ends.iter().any(|&port| self.link(port).up == Some(true)) {
            out.absent(FactKind::LinkDown, place);
        }
        if !self.is_set_down(ends) {
            self.look_for_flaps(ends, place, out);
        }
        down.map(|(_, since_ns)| since_ns)
    }

    /// What somebody did to one of the ends, as long as that stands.
    fn whose_doing(&self, ends: &[PortId]) -> Option<String> {
        let (port, off) = ends.iter().find_map(|&port| self.link(port).off.map(|off| (port, off)))?;
        let at = self.features.topology.name(port);
        Some(format!("{} {} was {}", at.device, at.port, off.change.phrase()))
    }

    /// The end that counted most downs in six hours tells of the link, in the ticks in which it went down again.
    fn look_for_flaps(&self, ends: &[PortId], place: Place, out: &mut Sink<'_>) {
        let downs = |port: PortId| self.link(port).downs_within(FLAP_MEMORY_NS, self.now_ns);
        let Some(port) = ends.iter().copied().max_by_key(|&port| (downs(port), std::cmp::Reverse(port))) else {
            return;
        };
        let known = &self.link(port).downs;
        let last_ns = known.last_ns().filter(|&down_ns| self.is_of_this_tick(down_ns));
        if let Some(last_ns) = last_ns.filter(|_| downs(port) >= 2) {
            let flap = LinkFlap { downs: downs(port) as u32, longest_gap_ns: known.longest_gap_ns() };
            out.present(place, shows(port, last_ns), flap);
        }
    }

    fn is_of_this_tick(&self, ts_ns: i64) -> bool {
        ts_ns >= self.now_ns - self.features.tick_ns
    }

    /// Down now, or down and up again within this tick, or gone though the plan wants it.
    fn went_down(&self, port: PortId) -> bool {
        let link = self.link(port);
        match (link.up, link.off) {
            (_, Some(off)) => off.change == PortChange::Removed && off.was_up && self.is_planned(port),
            (Some(false), None) => link.is_down(self.now_ns) && (link.seen_up || self.both_devices_speak(port)),
            _ => link.downs.last_ns().is_some_and(|down_ns| self.is_of_this_tick(down_ns)),
        }
    }

    fn is_planned(&self, port: PortId) -> bool {
        let port = &self.features.topology.ports[port];
        port.planned || port.cable.is_some()
    }

    /// A planned machine that was never switched on leaves its cables dark by design.
    fn both_devices_speak(&self, port: PortId) -> bool {
        let topology = &self.features.topology;
        let speaks = |port: PortId| self.features.devices[topology.ports[port].device].seen_ns.is_some();
        speaks(port) && topology.far(port).is_some_and(speaks)
    }

    fn down_since(&self, port: PortId) -> i64 {
        let link = self.link(port);
        let is_now = link.up == Some(false) || link.off.is_some();
        link.downs.last_ns().filter(|_| !is_now).unwrap_or(link.since_ns)
    }
}

fn shows(port: PortId, since_ns: i64) -> Shows {
    Shows { since_ns, port: Some(port), strength: 1.0, ..Shows::default() }
}
