//! Who is heard at which port, until a time to live runs out.
//!
//! ```text
//! frame of a new chassis and port ──► heard ──(another frame: told anew, TTL begins again)──► heard
//!                                       └──(TTL ran out, a frame of TTL 0, or the carrier was lost)──► gone
//! ```

use super::advert::Advert;
use super::id::Id;
use crate::directory::PortDirectory;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use weft_wire::Neighbor;

/// A cable has one other end. More are heard where something between forwards what it should not, or while a cable moves.
const MOST_OF_A_PORT: usize = 4;
/// In all, whatever comes: 64 ports a node and 512 a switch need a quarter of it.
const MOST: usize = 4096;

/// Shared by the listener, which writes it, and the sampler, which tells of it.
#[derive(Clone, Debug, Default)]
pub struct Neighbors(Arc<Mutex<BTreeMap<Key, Heard>>>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    ifindex: u32,
    chassis: Id,
    port: Id,
}

#[derive(Clone, Debug)]
struct Heard {
    advert: Advert,
    since_ns: i64,
    /// Last.
    at: Instant,
    until: Instant,
}

/// What a frame changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    New,
    Known,
    Gone,
    /// There are too many already.
    Full,
}

impl Neighbors {
    pub fn take(&self, ifindex: u32, advert: Advert, now: Instant, now_ns: i64) -> Taken {
        let key = Key { ifindex, chassis: advert.chassis.clone(), port: advert.port.clone() };
        self.with(|heard| {
            if advert.ttl_s == 0 {
                return if heard.remove(&key).is_some() { Taken::Gone } else { Taken::Known };
            }
            let until = now + Duration::from_secs(u64::from(advert.ttl_s));
            if let Some(known) = heard.get_mut(&key) {
                (known.advert, known.at, known.until) = (advert, now, until);
                return Taken::Known;
            }
            if heard.len() >= MOST || heard.keys().filter(|key| key.ifindex == ifindex).count() >= MOST_OF_A_PORT {
                return Taken::Full;
            }
            heard.insert(key, Heard { advert, since_ns: now_ns, at: now, until });
            Taken::New
        })
    }

    /// Forgets whom nobody has heard for as long as they asked for; how many.
    pub fn expire(&self, now: Instant) -> u64 {
        self.with(|heard| {
            let before = heard.len();
            heard.retain(|_, heard| now < heard.until);
            (before - heard.len()) as u64
        })
    }

    /// Forgets whom a port heard last before its carrier was lost: another cable may be in it since.
    pub fn unplug(&self, ifindex: u32, lost: Instant) {
        self.with(|heard| heard.retain(|key, heard| key.ifindex != ifindex || heard.at > lost));
    }

    /// As the inventory tells it: of ports that the directory knows, in a fixed order.
    pub fn told(&self, directory: &PortDirectory) -> Vec<Neighbor> {
        let tell = |(key, heard): (&Key, &Heard)| Some(neighbor(directory.entity(key.ifindex)?.index(), key, heard));
        let mut told: Vec<Neighbor> = self.with(|heard| heard.iter().filter_map(tell).collect());
        told.sort_unstable();
        told
    }

    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<Key, Heard>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn neighbor(port: i32, key: &Key, heard: &Heard) -> Neighbor {
    let (Id { kind: chassis_kind, text: chassis_id }, Id { kind: port_kind, text: port_id }) =
        (key.chassis.clone(), key.port.clone());
    let advert = heard.advert.clone();
    Neighbor {
        port,
        chassis_kind,
        chassis_id,
        port_kind,
        port_id,
        system_name: advert.system_name,
        system_description: advert.system_description,
        port_description: advert.port_description,
        ttl_s: advert.ttl_s,
        vlan: advert.vlan,
        max_frame_bytes: advert.max_frame_bytes,
        autoneg_supported: advert.autoneg.map(|autoneg| autoneg.supported),
        autoneg_enabled: advert.autoneg.map(|autoneg| autoneg.enabled),
        mau_type: advert.mau_type,
        aggregate: advert.aggregate,
        management_address: advert.management_address,
        capabilities: advert.capabilities,
        since_ns: heard.since_ns,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::identity;
    use crate::board::Board;
    use crate::config::CollectorConfig;
    use crate::directory::DirectoryEntry;
    use weft_wire::Table;

    fn advert(chassis: &str, ttl_s: u16) -> Advert {
        let id = |text: &str| Id { kind: "local".into(), text: text.into() };
        Advert { chassis: id(chassis), port: id("swp1"), ttl_s, ..Advert::default() }
    }

    #[test]
    fn a_neighbour_stands_until_it_says_goodbye_or_is_not_heard_for_its_time() {
        let (neighbors, start) = (Neighbors::default(), Instant::now());
        let at = |s: u64| start + Duration::from_secs(s);
        assert_eq!(neighbors.take(3, advert("leaf", 120), at(0), 7), Taken::New);
        assert_eq!(neighbors.take(3, advert("leaf", 120), at(30), 8), Taken::Known);
        assert_eq!((neighbors.expire(at(149)), neighbors.expire(at(150))), (0, 1));
        assert_eq!(neighbors.take(3, advert("leaf", 120), at(160), 9), Taken::New);
        assert_eq!(neighbors.take(3, advert("leaf", 0), at(161), 9), Taken::Gone);
        assert_eq!(neighbors.take(3, advert("leaf", 0), at(161), 9), Taken::Known, "a goodbye of a stranger");
        assert_eq!(neighbors.expire(at(9999)), 0);
    }

    #[test]
    fn who_was_heard_before_the_carrier_was_lost_is_forgotten() {
        let (neighbors, start) = (Neighbors::default(), Instant::now());
        let at = |s: u64| start + Duration::from_secs(s);
        neighbors.take(3, advert("leaf", 120), at(0), 7);
        neighbors.take(4, advert("leaf", 120), at(0), 7);
        neighbors.unplug(3, at(10));
        assert_eq!(neighbors.take(3, advert("leaf", 120), at(11), 8), Taken::New, "plugged again");
        neighbors.unplug(3, at(10));
        assert_eq!(neighbors.take(3, advert("leaf", 120), at(12), 9), Taken::Known, "heard since");
        assert_eq!(neighbors.take(4, advert("leaf", 120), at(12), 9), Taken::Known, "another port");
    }

    #[test]
    fn only_neighbours_of_known_ports_are_told_of_with_the_time_they_were_first_heard() {
        let directory = PortDirectory::default();
        let entity = Board::new(identity(&CollectorConfig::default())).entity(Table::Nic, "eth0");
        directory.insert(3, DirectoryEntry { port: "eth0".into(), entity, admin_up: true, address: None });
        let (neighbors, now) = (Neighbors::default(), Instant::now());
        neighbors.take(3, advert("leaf", 120), now, 7);
        neighbors.take(3, Advert { vlan: Some(5), ..advert("leaf", 60) }, now, 8);
        neighbors.take(4, advert("elsewhere", 120), now, 9);
        let told = neighbors.told(&directory);
        let said: Vec<_> = told.iter().map(|n| (n.port, n.chassis_id.as_str(), n.vlan, n.ttl_s, n.since_ns)).collect();
        assert_eq!(said, [(entity.index(), "leaf", Some(5), 60, 7)]);
    }

    #[test]
    fn a_port_that_hears_a_crowd_keeps_the_first_few() {
        let (neighbors, now) = (Neighbors::default(), Instant::now());
        let taken: Vec<Taken> = (0..6).map(|n| neighbors.take(3, advert(&n.to_string(), 1), now, 0)).collect();
        assert_eq!(taken, [Taken::New, Taken::New, Taken::New, Taken::New, Taken::Full, Taken::Full]);
        let in_all = (0..2 * MOST as u32).filter(|&i| neighbors.take(100 + i, advert("x", 1), now, 0) == Taken::New);
        assert_eq!(in_all.count(), MOST - MOST_OF_A_PORT);
    }
}
