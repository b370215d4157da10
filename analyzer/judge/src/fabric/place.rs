//! Parts of the fabric as dense integers, for this process alone, and the way from and to their names.

use super::{CableId, DeviceId, InsideId, Part, PortId, Topology};

/// What a condition is about. A cable's two ends are one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    Cable(CableId),
    /// A port without a planned cable.
    Port(PortId),
    Device(DeviceId),
    /// A GPU, or a link between GPUs: a part inside a node.
    Inside(InsideId),
    /// A job as a whole, by its number among those of the plan.
    Job(usize),
    /// A piece of announced maintenance, by its number among those that this process heard of.
    Maintenance(usize),
}

impl Topology {
    /// The cable of a port, or the port itself where no cable is known.
    pub fn place_of(&self, port: PortId) -> Place {
        self.ports[port].cable.map_or(Place::Port(port), Place::Cable)
    }

    pub fn part(&self, place: Place) -> Part {
        match place {
            Place::Cable(cable) => {
                let ends = self.cables[cable];
                Part::cable(self.name(ends.a), self.name(ends.b))
            }
            Place::Port(port) => Part::Port(self.name(port)),
            Place::Device(device) => Part::Device(self.devices[device].name.clone()),
            Place::Inside(part) => Part::Port(self.inside(part).name.clone()),
            Place::Job(job) => Part::Job(self.jobs[job].name.clone()),
            Place::Maintenance(number) => Part::Maintenance(self.announced(number).to_owned()),
        }
    }

    /// `None` when no such part is known here.
    pub fn place(&self, part: &Part) -> Option<Place> {
        match part {
            Part::Cable(a, b) => {
                let cable = self.ports[self.find_port(&a.device, &a.port)?].cable?;
                (self.part(Place::Cable(cable)) == Part::Cable(a.clone(), b.clone())).then_some(Place::Cable(cable))
            }
            Part::Port(port) => {
                let inside = || self.find_inside(port).map(Place::Inside);
                self.find_port(&port.device, &port.port).map(Place::Port).or_else(inside)
            }
            Part::Device(device) => self.find_device(device).map(Place::Device),
            Part::Job(job) => self.find_job(job).map(Place::Job),
            Part::Maintenance(id) => self.find_announced(id).map(Place::Maintenance),
        }
    }

    pub fn find_job(&self, name: &str) -> Option<usize> {
        self.jobs.iter().position(|job| job.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fabric::PortRef;
    use crate::testkit::star;

    #[test]
    fn every_place_comes_back_from_its_name() {
        let mut topology = Topology::new(&star(3));
        let link = topology.take_in(&PortRef::new("h1", "gpu3/link7"));
        assert_eq!(topology.take_in(&PortRef::new("h1", "gpu3/link7")), link);
        let cables = (0..topology.cables.len()).map(Place::Cable);
        let devices = (0..topology.devices.len()).map(Place::Device);
        let insides = [Place::Inside(link), Place::Maintenance(topology.announce("m1"))].into_iter();
        for place in cables.chain(devices).chain(insides).chain((0..topology.jobs.len()).map(Place::Job)) {
            assert_eq!(topology.place(&topology.part(place)), Some(place));
        }
        let swapped = Part::cable(PortRef::new("h0", "eth1"), PortRef::new("leaf", "swp1"));
        assert_eq!(topology.place(&swapped), None, "these two ports have no cable in common");
        assert_eq!(topology.place(&Part::Device("h9".into())), None);
    }
}
