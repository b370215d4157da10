//! Who is cabled to whom, from the plan folder and from what collectors hear of their neighbours, while weft runs.
//!
//! ```text
//! inventories ─► told ─┬► words of ports, kept ─┐
//!                      └► speeds, the highest ──┤
//! plan folder ──────────────────────────────────┴► plan in force ─► judge, SQL, page, labels of alerts
//! ```
//! A port's last word is kept when its neighbour falls silent: a host that is down is still cabled, and its collector's
//! restart unplugs nothing. It ends when the port, or the one it named, hears somebody else.

mod names;
mod speeds;
mod told;

pub use told::Told;

use names::{Known, switches};
use speeds::Speeds;
use std::collections::BTreeMap;
use weft_judge::fabric::PortRef;
use weft_judge::fabric::cabling::{Word, with_words};
use weft_wire::Neighbor;
use weft_wire::plan::{Plan, PlanDevice};

#[derive(Debug, Default)]
pub struct Cabling {
    /// By collector.
    told: BTreeMap<String, Told>,
    /// What each port heard last.
    last: BTreeMap<PortRef, LastWord>,
    speeds: Speeds,
}

#[derive(Clone, Debug)]
struct LastWord {
    neighbor: Neighbor,
    is_fresh: bool,
}

/// A neighbour as readers see it.
#[derive(Clone, Debug, PartialEq)]
pub struct NeighborView {
    pub at: PortRef,
    /// As weft names it.
    pub far: PortRef,
    pub is_fresh: bool,
    pub said: Neighbor,
}

impl Cabling {
    /// Takes in a new inventory; whether the cables may be others by it.
    pub fn learn(&mut self, told: Told) -> bool {
        if self.told.get(&told.collector) == Some(&told) {
            return false;
        }
        let hears: BTreeMap<PortRef, &Neighbor> = youngest(&told);
        let was = self.told.get(&told.collector).into_iter().flat_map(|before| &before.neighbors);
        let silent: Vec<PortRef> = was.map(|(device, port, _)| PortRef::new(&**device, &**port)).collect();
        for at in silent.iter().filter(|at| !hears.contains_key(*at)) {
            self.last.entry(at.clone()).and_modify(|word| word.is_fresh = false);
        }
        for (at, neighbor) in hears {
            self.last.insert(at, LastWord { neighbor: neighbor.clone(), is_fresh: true });
        }
        self.speeds.learn(&told);
        self.told.insert(told.collector.clone(), told);
        true
    }

    /// The plan of the folder with what collectors and neighbours add to it, and every neighbour by its name.
    pub fn merge(&self, plan: &Plan) -> (Plan, Vec<NeighborView>) {
        let known = Known::of(plan, self.told.values());
        let view = |(at, word): (&PortRef, &LastWord)| {
            let (far, said) = (known.far_end(&word.neighbor), word.neighbor.clone());
            NeighborView { at: at.clone(), far, is_fresh: word.is_fresh, said }
        };
        let neighbors: Vec<NeighborView> = self.last.iter().map(view).collect();
        let word = |n: &NeighborView| Word {
            at: n.at.clone(),
            far: n.far.clone(),
            since_ns: n.said.since_ns,
            is_fresh: n.is_fresh,
            far_is_known: known.has(&n.far),
        };
        let mut merged = with_words(plan, neighbors.iter().map(word).collect());
        for (device, _) in switches(&known, self.told.values()).into_iter().filter(|(_, is_switch)| *is_switch) {
            if !plan.devices.iter().any(|planned| planned.device == device) {
                merged.devices.push(PlanDevice { device, kind: "switch".into(), ..PlanDevice::default() });
            }
        }
        merged.speeds = self.speeds.beside(plan);
        (merged, neighbors)
    }

    /// Devices of jobs that neither the plan nor a collector has: (job, device).
    pub fn unknown_of_jobs(&self, plan: &Plan) -> Vec<(String, String)> {
        let known = Known::of(plan, self.told.values());
        let unknown = plan.jobs.iter().filter(|job| !known.has_device(&job.device));
        unknown.map(|job| (job.job.clone(), job.device.clone())).collect()
    }
}

/// Of several neighbours of a port, the one that came last.
fn youngest(told: &Told) -> BTreeMap<PortRef, &Neighbor> {
    let mut youngest: BTreeMap<PortRef, &Neighbor> = BTreeMap::new();
    for (device, port, neighbor) in &told.neighbors {
        let kept = youngest.entry(PortRef::new(&**device, &**port)).or_insert(neighbor);
        if neighbor.since_ns > kept.since_ns {
            *kept = neighbor;
        }
    }
    youngest
}

#[cfg(test)]
mod tests;
