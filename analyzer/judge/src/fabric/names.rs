//! How parts of a fabric are called in everything that is written down or leaves the process.
//!
//! Inside, ports, cables and devices are dense integers that differ from process to process. A name means the same
//! everywhere, today and after a restart.

use serde::{Deserialize, Serialize};
use std::fmt::{self, Display, Formatter};

/// A device and one of its ports; the port is empty when the whole device is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PortRef {
    pub device: String,
    pub port: String,
}

impl PortRef {
    pub fn new(device: impl Into<String>, port: impl Into<String>) -> Self {
        PortRef { device: device.into(), port: port.into() }
    }
}

/// What can be in trouble: a part of the fabric, or a job that runs on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Both ends of a cable are one part, the lesser name first, so that one cable has one name.
    Cable(PortRef, PortRef),
    /// A port that no known cable leads to, or one whose trouble lies in its host; a GPU; a link between GPUs.
    Port(PortRef),
    Device(String),
    /// A job as a whole, by its name: it is at no place of the fabric.
    Job(String),
    /// A piece of announced maintenance, by its id: it is at all the parts that it names.
    Maintenance(String),
}

impl Part {
    pub fn cable(one: PortRef, other: PortRef) -> Part {
        if one <= other { Part::Cable(one, other) } else { Part::Cable(other, one) }
    }

    /// The devices that the part belongs to: two for a cable, none for a job or maintenance, else one.
    pub fn devices(&self) -> impl Iterator<Item = &str> {
        let [first, second] = match self {
            Part::Cable(a, b) => [Some(&a.device), Some(&b.device)],
            Part::Port(port) => [Some(&port.device), None],
            Part::Device(device) => [Some(device), None],
            Part::Job(_) | Part::Maintenance(_) => [None, None],
        };
        [first, second].into_iter().flatten().map(String::as_str)
    }

    /// The part as one device and port: of a cable its first end, of a device an empty port, of a job or maintenance both empty.
    pub fn first(&self) -> PortRef {
        match self {
            Part::Cable(a, _) => a.clone(),
            Part::Port(port) => port.clone(),
            Part::Device(device) => PortRef::new(device, ""),
            Part::Job(_) | Part::Maintenance(_) => PortRef::default(),
        }
    }

    /// The other end of the cable that has this end.
    pub fn far_end(&self, end: &PortRef) -> Option<&PortRef> {
        match self {
            Part::Cable(a, b) if a == end => Some(b),
            Part::Cable(a, b) if b == end => Some(a),
            _ => None,
        }
    }
}

/// As a sentence names it: `h1 eth0 – leaf0 swp3`, `h1 eth0`, `h1`, `job moe-b`.
impl Display for Part {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Part::Cable(a, b) => write!(f, "{} {} – {} {}", a.device, a.port, b.device, b.port),
            Part::Port(port) => write!(f, "{} {}", port.device, port.port),
            Part::Device(device) => f.write_str(device),
            Part::Job(job) => write!(f, "job {job}"),
            Part::Maintenance(id) => write!(f, "maintenance {id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cable_has_one_name_and_each_end_the_other_as_its_far_end() {
        let [host, leaf] = [PortRef::new("h1", "eth0"), PortRef::new("leaf0", "swp3")];
        let cable = Part::cable(leaf.clone(), host.clone());
        assert_eq!(cable, Part::cable(host.clone(), leaf.clone()));
        assert_eq!((cable.far_end(&host), cable.far_end(&leaf)), (Some(&leaf), Some(&host)));
        assert_eq!(cable.far_end(&PortRef::new("h2", "eth0")), None);
        assert_eq!(cable.devices().collect::<Vec<_>>(), ["h1", "leaf0"]);
        assert_eq!(Part::Device("h1".into()).first(), PortRef::new("h1", ""));
        assert_eq!(cable.to_string(), "h1 eth0 – leaf0 swp3");
    }

    #[test]
    fn a_job_is_at_no_device() {
        let job = Part::Job("moe-b".into());
        assert_eq!((job.devices().count(), job.first(), job.to_string()), (0, PortRef::default(), "job moe-b".into()));
    }
}
