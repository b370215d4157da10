//! The kinds of thing weft observes, one table each.

use serde::{Deserialize, Serialize};

/// A table of the data model. The number is on the wire: never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Table {
    Nic = 1,
    SwitchPort = 2,
    Queue = 3,
    Lane = 4,
    Gpu = 5,
    GpuLink = 6,
    Host = 7,
    Probe = 8,
    Event = 9,
    Step = 10,
    Extra = 11,
}

impl Table {
    pub const ALL: [Table; 11] = [
        Table::Nic,
        Table::SwitchPort,
        Table::Queue,
        Table::Lane,
        Table::Gpu,
        Table::GpuLink,
        Table::Host,
        Table::Probe,
        Table::Event,
        Table::Step,
        Table::Extra,
    ];

    /// Tables whose columns are catalogue counters; the others have a fixed shape of their own.
    pub fn is_wide(self) -> bool {
        !matches!(self, Table::Event | Table::Step | Table::Extra)
    }

    pub fn name(self) -> &'static str {
        match self {
            Table::Nic => "nic",
            Table::SwitchPort => "switch_port",
            Table::Queue => "queue",
            Table::Lane => "lane",
            Table::Gpu => "gpu",
            Table::GpuLink => "gpu_link",
            Table::Host => "host",
            Table::Probe => "probe",
            Table::Event => "event",
            Table::Step => "step",
            Table::Extra => "extra",
        }
    }

    pub fn from_name(name: &str) -> Option<Table> {
        Table::ALL.into_iter().find(|t| t.name() == name)
    }

    pub fn from_number(number: u8) -> Option<Table> {
        Table::ALL.into_iter().find(|t| *t as u8 == number)
    }
}
