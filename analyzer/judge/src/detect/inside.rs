//! Troubles inside a node that began together: one link between GPUs, several of one GPU, or those of the node.
//!
//! ```text
//! gpu3/link7                                    that link
//! gpu3/link7  gpu5/link2                        the first; the other may be the far end of the same link, and is a candidate
//! gpu3/link0  gpu3/link1  …  gpu3/link17        gpu3
//! gpu0/link0  …  gpu7/link17                    the node
//! ```

use super::Spot;
use super::armed::{Reason, Tally};
use crate::fabric::{DeviceId, InsideId, Place, PortRef, Topology};
use crate::features::Features;
use crate::features::gpu_links::GpuLink;
use crate::kinds::Suspect;
use std::collections::BTreeSet;

/// What one cause breaks is seen broken within this time: readings of one second reach the judge a second or two apart.
const TOGETHER_NS: i64 = 3_000_000_000;

/// Links of one node whose trouble began together.
pub struct Group<'a> {
    pub place: Place,
    pub since_ns: i64,
    /// In order of name, of those that began first.
    pub links: Vec<&'a GpuLink>,
    pub with_it: Vec<Suspect>,
}

/// The groups of these links, each with the moment since when it is in trouble. `leads`: it is accused already.
pub fn groups<'a>(
    topology: &Topology,
    links: impl Iterator<Item = (&'a GpuLink, i64)>,
    leads: impl Fn(&GpuLink) -> bool,
) -> Vec<Group<'a>> {
    let mut links: Vec<(&GpuLink, i64)> = links.collect();
    links.sort_by_key(|(link, since_ns)| (&link.at.device, *since_ns, &link.at.port));
    let together =
        |a: &(&GpuLink, i64), b: &(&GpuLink, i64)| a.0.at.device == b.0.at.device && b.1 - a.1 <= TOGETHER_NS;
    let group = |chunk: &[(&'a GpuLink, i64)]| {
        let mut links: Vec<&GpuLink> = chunk.iter().map(|(link, _)| *link).collect();
        links.sort_by_key(|link| (!leads(link), &link.at));
        let (place, with_it) = place(topology, &links);
        Group { place, since_ns: chunk[0].1, links, with_it }
    };
    links.chunk_by(together).map(group).collect()
}

fn place(topology: &Topology, links: &[&GpuLink]) -> (Place, Vec<Suspect>) {
    let gpus: BTreeSet<&str> = links.iter().map(|link| link.gpu()).collect();
    let first = links[0];
    match (links.len(), gpus.len()) {
        (1, _) => (Place::Inside(first.inside), Vec::new()),
        (_, 1) => {
            let gpu = topology.find_inside(&PortRef::new(&*first.at.device, first.gpu()));
            (gpu.map_or(Place::Inside(first.inside), Place::Inside), Vec::new())
        }
        (2, _) => {
            let other = topology.part(Place::Inside(links[1].inside));
            // Each end of one link is as likely to be the faulty one.
            (Place::Inside(first.inside), vec![Suspect { part: other, share: 0.5 }])
        }
        _ => (Place::Device(topology.inside(first.inside).device), Vec::new()),
    }
}

/// The links that a part holds: itself, those of the GPU, or those of the node.
pub fn links_of(features: &Features, place: Place) -> impl Iterator<Item = &GpuLink> {
    let topology = &features.topology;
    features.gpu_links.troubled().filter(move |link| match place {
        Place::Inside(part) => {
            let name = &topology.inside(part).name;
            link.inside == part || (link.at.device == name.device && link.gpu() == name.port)
        }
        Place::Device(device) => topology.inside(link.inside).device == device,
        Place::Cable(_) | Place::Port(_) | Place::Job(_) | Place::Maintenance(_) => false,
    })
}

/// How many of its links must be in trouble for a part to be accused rather than one of its links.
pub fn least(features: &Features, place: Place) -> usize {
    match place {
        Place::Inside(part) if features.topology.inside(part).name.port.contains('/') => 1,
        Place::Inside(_) => 2,
        _ => 3,
    }
}

/// Whether a spot is about this part of a node; every part, where there is no spot.
pub fn is_at(spot: Option<Spot>, features: &Features, part: InsideId) -> bool {
    let device: DeviceId = features.topology.inside(part).device;
    match spot {
        None => true,
        Some(Spot::Place(Place::Inside(other))) => other == part,
        Some(_) => Spot::devices(spot, features).contains(&device),
    }
}

/// Where parts inside nodes are told of: so many of them, or none, and why.
pub fn tally(tally: &mut Tally, told: usize, reason: Reason) {
    match told {
        0 => tally.none("devices", reason),
        told => tally.ports += told,
    }
}
