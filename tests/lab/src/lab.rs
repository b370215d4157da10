//! The running lab: fabric, job, and what was done to them.

use crate::cgroup::Cgroups;
use crate::faults::Place;
use crate::sandbox::Inside;
use crate::topology::Topology;
use crate::training::Training;
use crate::{fabric, routes};
use anyhow::Result;
use std::path::PathBuf;

pub struct Lab {
    pub topology: &'static Topology,
    pub workdir: PathBuf,
    pub cgroups: Option<Cgroups>,
    pub training: Option<Training>,
    /// Cables pulled so far, by index, latest last.
    pub pulled: Vec<usize>,
}

impl Lab {
    /// Builds the fabric and starts the route agent; no job yet.
    pub fn build(inside: Inside) -> Result<Self> {
        // Lives as long as the process: the agent's threads hold it.
        let topology: &'static Topology = Box::leak(Box::new(Topology::standard()));
        fabric::build(topology)?;
        routes::start_agent(topology)?;
        Ok(Self { topology, workdir: inside.workdir, cgroups: inside.cgroups, training: None, pulled: Vec::new() })
    }

    /// Of the cables that were pulled once, the one that was pulled last.
    pub fn pulled_once(&self) -> Option<usize> {
        let times = |cable: &usize| self.pulled.iter().filter(|pulled| *pulled == cable).count();
        self.pulled.iter().rev().copied().find(|cable| times(cable) == 1)
    }

    /// Whether the cable at this place was pulled before; by either of its ends.
    pub fn was_pulled(&self, place: &Place) -> bool {
        self.topology.cable_at(&place.device, &place.port).is_some_and(|cable| self.pulled.contains(&cable))
    }

    pub fn note_pull(&mut self, place: &Place) {
        self.pulled.extend(self.topology.cable_at(&place.device, &place.port));
    }

    /// What weft is told should be there.
    pub fn plan_folder(&self) -> PathBuf {
        self.workdir.join("plan")
    }
}
