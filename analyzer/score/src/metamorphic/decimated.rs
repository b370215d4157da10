//! Half as often read.

use super::back::Back;
use super::disturbance::Disturbance;
use std::collections::{BTreeSet, HashMap, HashSet};

pub const DECIMATED: Disturbance = Disturbance {
    name: "decimated",
    about: "every second instant of each device left out, the interval of sampling doubled; a verdict may come later",
    apply: |tables, _, _| {
        let mut stamps: HashMap<String, BTreeSet<i64>> = HashMap::new();
        for reading in &tables.readings {
            let device = &tables.places[reading.place as usize].device;
            stamps.entry(device.clone()).or_default().insert(reading.ts_ns);
        }
        let tick_ns = tables.manifest.tick_ns;
        let kept: HashMap<String, HashSet<i64>> =
            stamps.into_iter().map(|(device, stamps)| (device, every_second(&stamps, tick_ns / 2))).collect();
        let places = &tables.places;
        tables.readings.retain(|r| kept[&places[r.place as usize].device].contains(&r.ts_ns));
        tables.manifest.tick_ns = tick_ns.saturating_mul(2);
        Back::default()
    },
};

/// The stamps of every second instant. An instant is all stamps within `together_ns` of its first: ports are read one after
/// the other.
fn every_second(stamps: &BTreeSet<i64>, together_ns: i64) -> HashSet<i64> {
    let (mut kept, mut first, mut is_kept) = (HashSet::new(), None, false);
    for &ns in stamps {
        if first.is_none_or(|first| ns - first > together_ns) {
            (first, is_kept) = (Some(ns), !is_kept);
        }
        if is_kept {
            kept.insert(ns);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_kept_or_left_whole() {
        let stamps = BTreeSet::from([0, 4, 9, 20, 24, 41, 60, 62]);
        let mut kept: Vec<i64> = every_second(&stamps, 10).into_iter().collect();
        kept.sort_unstable();
        assert_eq!(kept, [0, 4, 9, 41]);
    }
}
