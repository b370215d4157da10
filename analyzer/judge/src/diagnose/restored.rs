//! Diagnosis in another process than the one that it comes from.

use super::Diagnosis;
use crate::fabric::Topology;

impl Diagnosis {
    /// Without what is about parts that this fabric does not have: no detector would ever say that their trouble is over.
    pub fn known_in(mut self, topology: &Topology) -> Diagnosis {
        self.cases.retain(|case| topology.place(&case.part).is_some());
        self.ended.retain(|ended| topology.place(&ended.part).is_some());
        self
    }
}
