//! Where counters come from: one file a source, one row here.
//!
//! A new source: write `sources/<thing>.rs`, add its module and its row to [`SOURCES`] (read at every tick) or name it in
//! [`LISTENERS`] and in `agent.rs` (speaks when something happens).

mod dcgm;
mod ethtool;
mod gnmi;
mod gpu;
mod host;
mod infiniband;
mod interface_files;
mod kmsg;
mod link_events;
mod lldp;
mod netdev;
mod netdev_cells;
mod netdev_files;
mod pci_folder;
mod pcie;
mod qdisc;
mod source;
mod step;

#[cfg(test)]
pub use kmsg::Kmsg;
pub use link_events::LinkEvents;
pub use lldp::{Lldp, LldpConfig, Neighbors};
pub use source::{Setup, Source, SourceError, SourceRow, read_guarded};
pub use step::{StepBuffer, StepConfig, StepSocket};

/// In the order in which they are read: `netdev` names the ports that the others then speak of, `gpu` and `dcgm` the GPUs;
/// `pcie` and `kmsg` speak of both. `gnmi` speaks of other devices.
pub const SOURCES: [SourceRow; 10] = [
    SourceRow { name: netdev::NAME, live_only: false, make: netdev::make },
    SourceRow { name: qdisc::NAME, live_only: true, make: qdisc::make },
    SourceRow { name: ethtool::NAME, live_only: true, make: ethtool::make },
    SourceRow { name: infiniband::NAME, live_only: false, make: infiniband::make },
    SourceRow { name: host::NAME, live_only: false, make: host::make },
    SourceRow { name: gpu::NAME, live_only: true, make: gpu::make },
    SourceRow { name: dcgm::NAME, live_only: true, make: dcgm::make },
    SourceRow { name: pcie::NAME, live_only: false, make: pcie::make },
    SourceRow { name: kmsg::NAME, live_only: true, make: kmsg::make },
    SourceRow { name: gnmi::NAME, live_only: true, make: gnmi::make },
];

pub use gnmi::check as check_gnmi;
pub use infiniband::NAME as INFINIBAND;

/// Names of sources that speak when something happens, beside [`SOURCES`].
pub const LISTENERS: [&str; 3] = [link_events::NAME, step::NAME, lldp::NAME];

pub fn names() -> impl Iterator<Item = &'static str> {
    SOURCES.iter().map(|row| row.name).chain(LISTENERS)
}

/// A source of the list, made or not made, and why.
pub struct Made {
    pub name: &'static str,
    pub source: Result<Box<dyn Source>, SourceError>,
}

/// Makes the sources that the configuration and the root allow.
pub fn make_all(setup: &Setup<'_>) -> Vec<Made> {
    let make = |row: &SourceRow| {
        if row.live_only && !setup.root.is_live() {
            return Err(SourceError::Absent("speaks of a running kernel: off for a copied tree".into()));
        }
        (row.make)(setup)
    };
    let wanted = SOURCES.iter().filter(|row| setup.reads(row.name));
    wanted.map(|row| Made { name: row.name, source: make(row) }).collect()
}
