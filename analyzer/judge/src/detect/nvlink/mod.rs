//! NVLink down and NVLink errors, by what each end of a link between GPUs says of itself.
//!
//! ```text
//! link_up      1  1  1  0  0        down: it was up before
//! crc_errors   0  0  0  140 310 520    said in the third tick with 100 errors a second or more
//! crc_errors   0  2  1  3  2  4 …      said once the evidence is strong enough: more than before, and than a sound link may have
//! ```
//! What is wrong with links of one node since one moment is one trouble (`inside.rs`). Where more than half of all links count as
//! much, the cause is a common one, and no link is accused. Links of a GPU that is lost are explained by that (`gpu_lost.rs`).

use super::armed::{Reason, Row, Tally, View};
use super::inside::{groups, is_at, least, links_of, tally};
use super::{Detector, Shows, Sink, Spot, budget, strength};
use crate::fabric::Place;
use crate::features::Features;
use crate::features::episode::SUSPICIOUS;
use crate::features::errors::{READS, Rising};
use crate::features::gpu_links::{GpuLink, HEAVY};
use crate::kinds::{FactKind, NvlinkDown, NvlinkErrors};

/// The allowance of false alarms that it shares with damage counted by ports.
const SHARED: &str = "counted_errors";
/// Streams of readings of a node's links: four counters of 18 links of 8 GPUs, beside the ten streams that `budget.rs` counts.
const STREAMS: f64 = 4.0 * 18.0 * 8.0 / 10.0;
/// Ticks with [`HEAVY`] errors in a row. One may be the last of a link that trains, two straddle one burst.
const HEAVY_TICKS: u32 = 3;
/// More than this part of all links share a cause.
const COMMON: f64 = 0.5;

pub const DETECTOR: Detector = Detector {
    name: "nvlink",
    reads: &[],
    detect,
    forget,
    armed: &[Row { detector: "nvlink", facts: &[FactKind::NvlinkDown, FactKind::NvlinkErrors], look: armed }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    downs(features, out);
    errors(features, out);
}

fn downs(features: &Features, out: &mut Sink<'_>) {
    let down = features.gpu_links.troubled().filter_map(|link| Some((link, link.down_since_ns?)));
    let watched = |link: &GpuLink| out.watches(FactKind::NvlinkDown, Place::Inside(link.inside));
    for group in groups(&features.topology, down, watched) {
        out.look_at(Spot::Place(group.place), group.links.len());
        let links = group.links.len() as u32 - group.with_it.len() as u32;
        let shows = Shows { since_ns: group.since_ns, one_sided: true, strength: 1.0, ..Shows::default() };
        out.present(group.place, shows, NvlinkDown { links, with_it: group.with_it });
    }
    let is_over = |place: &Place| {
        let told = links_of(features, *place).any(|link| link.state_tick == features.tick);
        told && links_of(features, *place).filter(|link| link.down_since_ns.is_some()).count() < least(features, *place)
    };
    let over: Vec<Place> = out.watched(FactKind::NvlinkDown).filter(is_over).collect();
    over.into_iter().for_each(|place| out.absent(FactKind::NvlinkDown, place));
}

fn errors(features: &Features, out: &mut Sink<'_>) {
    let bar = budget::change(features, SHARED, features.tick_ns) + STREAMS.ln();
    let accused: Vec<(&GpuLink, Rising)> = features
        .gpu_links
        .troubled()
        .filter_map(|link| Some((link, link.rising(features.tick)?)))
        .filter(|(_, (rising, heavy))| rising.nats >= bar || *heavy >= HEAVY_TICKS)
        .map(|(link, (rising, _))| (link, rising))
        .collect();
    let is_common = accused.len() > 2 && accused.len() as f64 > COMMON * features.gpu_links.known() as f64;
    if !is_common {
        let since = accused.iter().map(|(link, rising)| (*link, rising.since_tick * features.tick_ns));
        let watched = |link: &GpuLink| out.watches(FactKind::NvlinkErrors, Place::Inside(link.inside));
        for group in groups(&features.topology, since, watched) {
            out.look_at(Spot::Place(group.place), group.links.len());
            let of_group = |link: &GpuLink| group.links.iter().any(|own| own.inside == link.inside);
            let rising = accused.iter().filter(|(link, _)| of_group(link)).map(|(_, rising)| *rising);
            let Some(worst) = rising.max_by(|a, b| a.rate.total_cmp(&b.rate)) else { continue };
            let Rising { counter, nats, errors, rate, usual, .. } = worst;
            let shows = Shows {
                since_ns: group.since_ns,
                until_ns: Some((worst.until_tick + 1) * features.tick_ns),
                one_sided: true,
                strength: strength(nats, bar).max(strength(rate, HEAVY)),
                ..Shows::default()
            };
            let links = (group.links.len() - group.with_it.len()) as u32;
            let counter = READS[counter].counter.to_owned();
            out.present(group.place, shows, NvlinkErrors { counter, rate, usual, errors, nats, links, with_it: group.with_it });
        }
    }
    let told = |link: &GpuLink| link.state_tick == features.tick || link.count_tick == features.tick;
    let is_over = |place: &Place| {
        let restless = links_of(features, *place).filter(|link| !is_calm(features, link)).count();
        links_of(features, *place).any(told) && restless < least(features, *place)
    };
    let over: Vec<Place> = out.watched(FactKind::NvlinkErrors).filter(is_over).collect();
    over.into_iter().for_each(|place| out.absent(FactKind::NvlinkErrors, place));
}

fn is_calm(features: &Features, link: &GpuLink) -> bool {
    let calm = |(rising, heavy): (Rising, u32)| rising.nats <= f64::from(SUSPICIOUS) && heavy == 0;
    link.rising(features.tick).is_none_or(calm)
}

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    let gone: Vec<usize> =
        features.gpu_links.troubled().map(|link| link.inside).filter(|&part| is_at(spot, features, part)).collect();
    features.gpu_links.forget(|link| gone.contains(&link.inside));
}

const NO_LINKS: Reason = ("no link between GPUs is read", "[collector] nvml, on the nodes that have NVLinks");

fn armed(view: &View<'_>, told: &mut Tally) {
    tally(told, view.features.gpu_links.known(), NO_LINKS);
}

#[cfg(test)]
mod tests;
