//! Diagnosis in another process than the one that it comes from, or under another plan.

use super::Diagnosis;
use super::case::Case;
use crate::fabric::{Part, Place, Topology};
use crate::incident::State;
use crate::kinds::Family;

impl Diagnosis {
    /// Without what is about parts that this fabric does not have: no detector would ever say that their trouble is over.
    pub fn known_in(self, topology: &Topology) -> Diagnosis {
        self.moved_to(topology).0
    }

    /// The same, and the open cases that are left out. A case about a port whose cable has become known since is left out too:
    /// its two ends are one culprit, and the detectors say of the cable what is still wrong.
    pub fn moved_to(mut self, topology: &Topology) -> (Diagnosis, Vec<Case>) {
        let cases: Vec<Case> = std::mem::take(&mut self.cases).into();
        let is_known = |case: &Case| topology.place(&case.part).is_some() && !is_of_a_cable_now(topology, case);
        let (known, gone): (Vec<Case>, Vec<Case>) = cases.into_iter().partition(is_known);
        self.cases = known.into();
        self.ended.retain(|ended| topology.place(&ended.part).is_some());
        (self, gone.into_iter().filter(|case| case.state == State::Open).collect())
    }
}

fn is_of_a_cable_now(topology: &Topology, case: &Case) -> bool {
    let Part::Port(port) = &case.part else { return false };
    let is_of_links = matches!(case.class().family, Family::FailingLink | Family::Congestion);
    let place = topology.find_port(&port.device, &port.port).map(|port| topology.place_of(port));
    is_of_links && matches!(place, Some(Place::Cable(_)))
}
