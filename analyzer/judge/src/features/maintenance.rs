//! Announced maintenance: which parts somebody works at, from when until when, who does and why.
//!
//! ```text
//! announced    ├───────────── from ──────────────────┤ until
//! trouble          ▐██████▌                             began in between and is over: told as maintenance
//! trouble                        ▐████████████████████████▶ lasts beyond the end: from the end on it is what it is
//! trouble   ▐███████████████████████▶                    was there before: it is what it is, all the time
//! ```
//! A part is a device with all that belongs to it, or one port of a device (of a GPU the links of that GPU too); a cable is
//! at work when either of its ends is. Announcements come as events of a tick, so that a replay judges the same.

use super::Features;
use crate::fabric::{Announcement, CableId, Carries, LinkEvent, Part, Place, PortId, PortRef, Topology};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// What begins this long before the announced time is taken for a part of the work: readings of one second reach the judge a
/// second or two apart, and what one cause breaks breaks within another.
const EARLY_NS: i64 = 3_000_000_000;
/// An announcement that is over is remembered for as long as any evidence looks back: a flap is watched for up to 15 minutes
/// (`kinds/link_flap.rs`).
pub const REMEMBER_NS: i64 = 900_000_000_000;
/// Announcements and parts of them that are remembered, those that are over for less than [`REMEMBER_NS`] among them. A fabric
/// of 12,500 nodes with all of them at work at once, each announced by itself as a scheduler does, is 12,500 of both; ten times
/// as many parts are some 10 MB.
pub const MOST_ANNOUNCED: usize = 16_384;
pub const MOST_PARTS: usize = 125_000;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Maintenance {
    /// By id.
    works: BTreeMap<String, Work>,
    /// The works at each device; made of `works`.
    #[serde(skip)]
    by_device: HashMap<String, Vec<String>>,
    /// As many parts as there are in `works`; at least as many once some are forgotten, until the next index.
    #[serde(skip)]
    parts: usize,
    /// Raised by every change of `works`.
    #[serde(skip)]
    pub version: u64,
    /// Parts that were announced and are not in force, for there was no room: since the process began.
    #[serde(skip)]
    pub refused: u64,
}

/// One announcement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Work {
    pub id: String,
    pub who: String,
    pub reason: String,
    /// By place.
    pub spans: Vec<Span>,
}

/// A part that is at work, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    pub at: PortRef,
    pub from_ns: i64,
    /// `None`: until it is said to be over.
    pub until_ns: Option<i64>,
    /// Its links were given their time to train after the end.
    is_settled: bool,
}

impl Span {
    fn until_ns(&self) -> i64 {
        self.until_ns.unwrap_or(i64::MAX)
    }

    pub fn is_in_force(&self, now_ns: i64) -> bool {
        (self.from_ns..self.until_ns()).contains(&now_ns)
    }

    /// Whether trouble that began then began with the work.
    fn began(&self, since_ns: i64) -> bool {
        (self.from_ns.saturating_sub(EARLY_NS)..=self.until_ns()).contains(&since_ns)
    }

    /// Whether the part belongs to what is at work.
    fn holds(&self, part: &Part) -> bool {
        let PortRef { device, port } = &self.at;
        let has = |other: &PortRef| {
            let within = other.port.strip_prefix(port.as_str()).is_some_and(|rest| rest.starts_with('/'));
            other.device == *device && (port.is_empty() || other.port == *port || within)
        };
        match part {
            Part::Cable(a, b) => has(a) || has(b),
            Part::Port(own) => has(own),
            Part::Device(own) => port.is_empty() && own == device,
            Part::Job(_) | Part::Maintenance(_) => false,
        }
    }
}

impl Work {
    pub fn is_in_force(&self, now_ns: i64) -> bool {
        self.spans.iter().any(|span| span.is_in_force(now_ns))
    }

    /// The end of the last of its parts, where all of them have one.
    pub fn until_ns(&self) -> Option<i64> {
        self.spans.iter().map(|span| span.until_ns).reduce(|a, b| Some(a?.max(b?))).flatten()
    }

    /// What is told again with the same times changes nothing: a restart and another plan tell again what is known, and links
    /// that were given their time to train after the end are not given it once more.
    fn announce(&mut self, told: Announcement) {
        let Announcement { at, from_ns, until_ns, who, reason, .. } = told;
        (self.who, self.reason) = (who, reason);
        let span = Span { at, from_ns, until_ns, is_settled: false };
        match self.spans.binary_search_by(|known| known.at.cmp(&span.at)) {
            Ok(known) if (self.spans[known].from_ns, self.spans[known].until_ns) == (from_ns, until_ns) => {}
            Ok(known) => self.spans[known] = span,
            Err(place) => self.spans.insert(place, span),
        }
    }

    /// The part is back from that moment on.
    fn end(&mut self, at: &PortRef, now_ns: i64) -> bool {
        let spans = self.spans.iter_mut().filter(|span| span.at == *at && span.until_ns() > now_ns);
        spans.map(|span| span.until_ns = Some(now_ns.max(span.from_ns))).count() > 0
    }
}

impl Maintenance {
    pub fn is_empty(&self) -> bool {
        self.works.is_empty()
    }

    /// By id; those that are over for some minutes among them.
    pub fn works(&self) -> impl Iterator<Item = &Work> {
        self.works.values()
    }

    fn has_room(&self, told: &Announcement) -> bool {
        let work = self.works.get(&told.id);
        let is_known = work.is_some_and(|work| work.spans.binary_search_by(|known| known.at.cmp(&told.at)).is_ok());
        is_known || self.parts < MOST_PARTS && (work.is_some() || self.works.len() < MOST_ANNOUNCED)
    }

    fn take(&mut self, told: Announcement) {
        if told.is_end {
            let meant = self.works.values_mut().filter(|work| told.id.is_empty() || work.id == told.id);
            let ended = meant.filter_map(|work| work.end(&told.at, told.from_ns).then_some(())).count();
            self.version += ended as u64;
        } else if self.has_room(&told) {
            let new = || Work { id: told.id.clone(), ..Work::default() };
            let work = self.works.entry(told.id.clone()).or_insert_with(new);
            let before = work.spans.len();
            work.announce(told);
            self.parts += work.spans.len() - before;
            self.version += 1;
        } else {
            self.refused += 1;
        }
    }

    fn forget(&mut self, now_ns: i64) {
        let before = self.works.len();
        let is_past = |span: &Span| span.until_ns().saturating_add(REMEMBER_NS) < now_ns;
        self.works.retain(|_, work| !work.spans.iter().all(is_past));
        self.version += u64::from(self.works.len() < before);
    }

    fn index(&mut self) {
        let mut by_device: HashMap<String, Vec<String>> = HashMap::new();
        for work in self.works.values() {
            for span in &work.spans {
                let ids = by_device.entry(span.at.device.clone()).or_default();
                if ids.last() != Some(&work.id) {
                    ids.push(work.id.clone());
                }
            }
        }
        self.by_device = by_device;
        self.parts = self.works.values().map(|work| work.spans.len()).sum();
    }

    /// What another process wrote, found again.
    pub fn take_in(&mut self, topology: &mut Topology) {
        self.works.keys().for_each(|id| _ = topology.announce(id));
        self.index();
    }

    /// What is at work of a device, by work; the spans of a work stand in the order of their devices.
    fn at<'a>(&'a self, device: &'a str) -> impl Iterator<Item = (&'a Work, &'a Span)> {
        let ids = self.by_device.get(device).into_iter().flatten();
        ids.filter_map(|id| self.works.get(id)).flat_map(move |work| {
            let first = work.spans.partition_point(|span| span.at.device.as_str() < device);
            work.spans[first..].iter().take_while(move |span| span.at.device == device).map(move |span| (work, span))
        })
    }

    /// The work that tells of a part's trouble: it began with it, and shows no longer than it lasts.
    pub fn of_part<'a>(&'a self, part: &'a Part, since_ns: i64, shown_ns: i64) -> Option<&'a Work> {
        let mut at = part.devices().flat_map(|device| self.at(device));
        let tells = |span: &Span| span.holds(part) && span.began(since_ns) && shown_ns < span.until_ns();
        at.find(|(_, span)| tells(span)).map(|(work, _)| work)
    }

    /// The work that a job's trouble began with: a node that the job runs on is at work, or a part of such a node.
    pub fn of_job<'a>(&'a self, topology: &'a Topology, job: usize, since_ns: i64) -> Option<&'a Work> {
        let devices = topology.jobs[job].devices.iter().map(|&device| topology.devices[device].name.as_str());
        let mut at = devices.flat_map(|device| self.at(device));
        at.find(|(_, span)| span.began(since_ns)).map(|(work, _)| work)
    }

    /// The same of anything on the way of the job's bytes, a switch for example.
    pub fn on_the_way_of<'a>(&'a self, topology: &'a Topology, job: usize, since_ns: i64) -> Option<&'a Work> {
        let carries = |at: &PortRef| {
            let place = match at.port.as_str() {
                "" => topology.find_device(&at.device).map(Place::Device),
                port => topology.find_port(&at.device, port).map(|port| topology.place_of(port)),
            };
            place.is_some_and(|place| topology.carries_at(job, place) != Carries::No)
        };
        let is_it = |work: &&Work| work.spans.iter().any(|span| span.began(since_ns) && carries(&span.at));
        self.of_job(topology, job, since_ns).or_else(|| self.works().find(is_it))
    }

    /// Whether what happens to a cable belongs to work at one of its ends.
    pub fn holds_cable(&self, topology: &Topology, cable: CableId, since_ns: i64) -> bool {
        !self.is_empty() && {
            let part = topology.part(Place::Cable(cable));
            self.of_part(&part, since_ns, since_ns).is_some()
        }
    }
}

impl Features {
    pub(super) fn update_maintenance(&mut self, events: &[LinkEvent]) {
        let before = self.maintenance.version;
        for told in events.iter().filter_map(Announcement::read) {
            let id = told.id.clone();
            self.maintenance.take(told);
            // What is refused has no number.
            if self.maintenance.works.contains_key(&id) {
                self.topology.announce(&id);
            }
        }
        self.maintenance.forget(self.now_ns);
        if self.maintenance.version != before {
            self.maintenance.index();
        }
    }

    /// What links did while somebody worked at them tells nothing of them; those that are still dark at the end have the
    /// time that optics need to train, as after their interface was set up.
    pub(super) fn end_maintenance(&mut self) {
        let now_ns = self.now_ns;
        let mut ended: Vec<(PortRef, i64)> = Vec::new();
        for span in self.maintenance.works.values_mut().flat_map(|work| &mut work.spans) {
            if !span.is_settled && span.until_ns() <= now_ns {
                span.is_settled = true;
                ended.push((span.at.clone(), span.from_ns));
            }
        }
        for (at, from_ns) in ended {
            let ports = self.ports_at(&at);
            ports.into_iter().for_each(|port| self.ports[port].link.excuse(from_ns, now_ns));
        }
    }

    /// The ports of a part that is at work, and those at the other ends of their cables.
    fn ports_at(&self, at: &PortRef) -> Vec<PortId> {
        let topology = &self.topology;
        let own: Vec<PortId> = match at.port.as_str() {
            "" => topology
                .find_device(&at.device)
                .map(|device| topology.devices[device].ports.clone())
                .unwrap_or_default(),
            port => topology.find_port(&at.device, port).into_iter().collect(),
        };
        own.iter().flat_map(|&port| [Some(port), topology.far(port)]).flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000_000;

    fn told(id: &str, at: (&str, &str), from_s: i64, until_s: Option<i64>) -> Announcement {
        let until_ns = until_s.map(|s| s * S);
        Announcement {
            id: id.into(),
            at: PortRef::new(at.0, at.1),
            from_ns: from_s * S,
            until_ns,
            ..Default::default()
        }
    }

    fn end(id: &str, device: &str, now_s: i64) -> Announcement {
        Announcement { is_end: true, ..told(id, (device, ""), now_s, None) }
    }

    fn after(all: &[Announcement]) -> Maintenance {
        let mut maintenance = Maintenance::default();
        all.iter().for_each(|told| maintenance.take(told.clone()));
        maintenance.index();
        maintenance
    }

    #[test]
    fn trouble_that_begins_with_the_work_and_is_over_with_it_belongs_to_it() {
        let maintenance = after(&[told("m", ("n1", ""), 100, Some(200))]);
        let node = Part::Device("n1".into());
        for (since_s, shown_s, expected) in [
            (100, 101, true),
            (97, 101, true),
            (96, 101, false),
            (199, 199, true),
            (150, 200, false),
            (201, 202, false),
        ] {
            let found = maintenance.of_part(&node, since_s * S, shown_s * S).is_some();
            assert_eq!(found, expected, "{since_s} {shown_s}");
        }
    }

    #[test]
    fn a_device_holds_all_that_is_its_own_and_a_port_its_cable_and_links() {
        let port = |device: &str, port: &str| Part::Port(PortRef::new(device, port));
        let cable = Part::cable(PortRef::new("n1", "eth1"), PortRef::new("leaf", "swp1"));
        for (at, part, expected) in [
            (("n1", ""), Part::Device("n1".into()), true),
            (("n1", ""), cable.clone(), true),
            (("leaf", ""), cable.clone(), true),
            (("leaf", "swp1"), cable.clone(), true),
            (("leaf", "swp2"), cable, false),
            (("n1", ""), port("n1", "gpu3/link7"), true),
            (("n1", "gpu3"), port("n1", "gpu3/link7"), true),
            (("n1", "gpu3"), port("n1", "gpu31/link7"), false),
            (("n1", "eth1"), Part::Device("n1".into()), false),
            (("n1", ""), port("n11", "eth1"), false),
            (("n1", ""), Part::Job("n1".into()), false),
        ] {
            let maintenance = after(&[told("m", at, 0, None)]);
            assert_eq!(maintenance.of_part(&part, S, S).is_some(), expected, "{at:?} {part}");
        }
    }

    #[test]
    fn an_end_ends_a_part_and_what_is_announced_again_is_in_force_again() {
        let is_in_force = |all: &[Announcement], device: &str| {
            after(all).of_part(&Part::Device(device.into()), 150 * S, 150 * S).is_some()
        };
        let both = [told("m", ("n1", ""), 100, None), told("m", ("n2", ""), 100, Some(900))];
        let with = |more: &[Announcement]| [&both[..], more].concat();
        assert!(is_in_force(&with(&[]), "n1") && is_in_force(&with(&[]), "n2"));
        let ended = with(&[end("", "n1", 140)]);
        assert!(!is_in_force(&ended, "n1") && is_in_force(&ended, "n2"));
        assert!(is_in_force(&with(&[end("other", "n1", 140)]), "n1"), "another announcement's end");
        assert!(is_in_force(&with(&[end("m", "n1", 140), told("m", ("n1", ""), 145, None)]), "n1"));
        let later = after(&ended);
        let work = later.works().next().unwrap();
        assert_eq!((work.until_ns(), work.is_in_force(899 * S)), (Some(900 * S), true));
    }

    #[test]
    fn what_is_told_again_after_its_end_is_settled_as_before() {
        let of = |told: Announcement| {
            let mut maintenance = after(&[super::tests::told("m", ("n1", ""), 100, Some(200))]);
            maintenance.works.values_mut().flat_map(|work| &mut work.spans).for_each(|span| span.is_settled = true);
            maintenance.take(told);
            maintenance.works["m"].spans[0].is_settled
        };
        assert!(of(told("m", ("n1", ""), 100, Some(200))));
        assert!(!of(told("m", ("n1", ""), 100, Some(300))), "it lasts longer");
        assert!(!of(told("m", ("n1", ""), 250, None)), "work of its own");
    }

    #[test]
    fn what_is_over_is_forgotten_and_what_is_too_much_is_left() {
        let mut maintenance = after(&[told("m", ("n1", ""), 100, Some(200)), told("open", ("n2", ""), 100, None)]);
        maintenance.forget(1_100 * S);
        assert_eq!(maintenance.works().count(), 2);
        maintenance.forget(1_101 * S);
        assert_eq!(maintenance.works().map(|work| &*work.id).collect::<Vec<_>>(), ["open"]);
        (0..2 * MOST_ANNOUNCED).for_each(|n| maintenance.take(told(&format!("m{n}"), ("n1", ""), 0, None)));
        assert_eq!(maintenance.works().count(), MOST_ANNOUNCED);
        assert_eq!(maintenance.refused, MOST_ANNOUNCED as u64 + 1, "one was there before");
    }

    #[test]
    fn what_is_told_again_takes_no_room_and_a_part_too_many_is_counted() {
        let part = |n: usize, until_s| told("m", (&format!("n{n:06}"), ""), 0, until_s);
        let mut maintenance = after(&(0..MOST_PARTS).map(|n| part(n, Some(200))).collect::<Vec<_>>());
        (0..MOST_PARTS).for_each(|n| maintenance.take(part(n, Some(300))));
        assert_eq!((maintenance.refused, maintenance.works["m"].until_ns()), (0, Some(300 * S)));
        maintenance.take(part(MOST_PARTS, None));
        assert_eq!((maintenance.refused, maintenance.works["m"].spans.len()), (1, MOST_PARTS));
    }
}
