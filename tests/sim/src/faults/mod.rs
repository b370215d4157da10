//! The faults a script may inject: one file each, and one row in [`FAULTS`].

mod checkpoint;
mod clock_skew;
mod counter_reset;
mod device_down;
mod gpu_throttle;
mod host_straggler;
mod job_hang;
mod job_restart;
mod link_down;
mod link_fault;
mod link_flap;
mod link_retry_storm;
mod lossy_link;
mod nic_down;
mod sensor_dropout;
mod silent_drop;
mod slow_link;
mod trained_low;
mod workload_change;

use crate::sim::Fabric;
use crate::topology::{DeviceId, PortId};
use std::fmt;

/// Every fault that can be injected, by its class name.
pub static FAULTS: &[&dyn Fault] = &[
    &link_down::LinkDown,
    &link_flap::LinkFlap,
    &nic_down::NicDown,
    &slow_link::FAULT,
    &trained_low::FAULT,
    &silent_drop::FAULT,
    &lossy_link::FAULT,
    &link_retry_storm::FAULT,
    &device_down::DeviceDown,
    &gpu_throttle::GpuThrottle,
    &host_straggler::HostStraggler,
    &job_hang::JobHang,
    &sensor_dropout::SensorDropout,
    &clock_skew::ClockSkew,
    &counter_reset::CounterReset,
    &checkpoint::Checkpoint { class: "checkpoint" },
    &checkpoint::Checkpoint { class: "storage_burst" },
    &job_restart::JobRestart,
    &workload_change::WorkloadChange,
];

/// Where a fault sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Port(PortId),
    Device(DeviceId),
    /// Index into [`Fabric::jobs`].
    Job(usize),
}

/// What kind of place a class has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A cabled port.
    Port,
    /// A cabled port of a node.
    Nic,
    /// A node, port empty.
    Node,
    /// A node or switch, port empty.
    Device,
    /// A node or switch, or one port of it.
    DeviceOrPort,
    /// A job, named in the device column.
    Job,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// A culprit must be named.
    Hardware,
    /// The telemetry is at fault.
    Data,
    /// Nothing is wrong: nobody may be accused.
    Benign,
}

/// A fault that is on.
#[derive(Clone, Copy, Debug)]
pub struct Injection {
    pub place: Place,
    pub strength: f64,
    /// Seconds since the start.
    pub begin: f64,
    pub end: f64,
}

pub trait Fault: Sync {
    /// Name in the script.
    fn class(&self) -> &'static str;

    /// Name in the truth; `None` when there is nothing to be named.
    fn truth_class(&self) -> Option<&'static str> {
        Some(self.class())
    }

    fn nature(&self) -> Nature;

    fn scope(&self) -> Scope;

    /// Whether it can creep, and come and go: [`Fault::begin`] may be called again with another strength while it is on.
    fn varies(&self) -> bool {
        false
    }

    /// Places worth drawing, each with the fraction of step time it would cost there.
    fn places(&self, fabric: &Fabric, strength: f64) -> Vec<(Place, f64)>;

    fn begin(&self, fabric: &mut Fabric, injection: &Injection);

    /// Every step while it is on.
    fn step(&self, _fabric: &mut Fabric, _injection: &Injection) {}

    fn end(&self, fabric: &mut Fabric, injection: &Injection);
}

impl fmt::Debug for dyn Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class())
    }
}

pub fn by_class(class: &str) -> Option<&'static dyn Fault> {
    FAULTS.iter().copied().find(|f| f.class() == class)
}

/// Both directions of every cable of the training network, by the port each leaves.
fn cabled_ports(fabric: &Fabric) -> impl Iterator<Item = PortId> + '_ {
    let ports = &fabric.world.topology.ports;
    (0..ports.len()).filter(move |&p| ports[p].peer.is_some() && ports[p].role == "compute")
}

/// The port of a place, which the script has checked to be one.
fn port_of(injection: &Injection) -> Option<PortId> {
    match injection.place {
        Place::Port(port) => Some(port),
        Place::Device(_) | Place::Job(_) => None,
    }
}
