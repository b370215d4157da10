//! What is asked of a switch, and how its answers name things: by OpenConfig's models, or by the tables of SONiC's databases.
//!
//! ```text
//! OpenConfig  interfaces/interface[name=Ethernet1]/state/counters/in-octets        ─► port Ethernet1, raw name without the keys
//!             qos/interfaces/interface[interface-id=Ethernet1]/output/queues/queue[name=3]/state/transmit-octets ─► Ethernet1/q3
//! SONiC       COUNTERS/Ethernet0/SAI_PORT_STAT_IF_IN_OCTETS                         ─► port Ethernet0, raw name SAI_PORT_STAT_…
//!             COUNTERS/Ethernet0/Queues/Ethernet0:3/SAI_QUEUE_STAT_BYTES            ─► Ethernet0/q3
//!             PORT_TABLE/Ethernet0/oper_status                                      ─► port Ethernet0, raw name PORT_TABLE.oper_status
//! ```
//! The raw names are those of the catalogue's drivers `openconfig` and `sonic`.

use super::path::Elem;
use serde::{Deserialize, Serialize};
use weft_wire::Table;

/// How a target names what it counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    #[default]
    OpenConfig,
    Sonic,
}

/// A port or queue of the target, and what its catalogue name is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub table: Table,
    /// `Ethernet1`, or `Ethernet1/q3` for a queue.
    pub port: String,
    /// The driver's raw name; empty when the path names the port as a whole.
    pub raw: String,
}

/// The interface of a port or queue: `Ethernet1` of `Ethernet1/q3` and of `Ethernet1/qUC3`, and of itself. No vendor has an interface with `/q`
/// in its name.
pub fn interface_of(port: &str) -> &str {
    port.split_once("/q").map_or(port, |(interface, _)| interface)
}

/// Asked where the targets file names no paths.
const OPENCONFIG_PATHS: [&str; 4] = [
    "interfaces/interface[name=*]/state/counters",
    "interfaces/interface[name=*]/state/oper-status",
    "interfaces/interface[name=*]/ethernet/state/port-speed",
    "interfaces/interface[name=*]/ethernet/state/counters",
];
const SONIC_PATHS: [&str; 2] = ["COUNTERS_DB:COUNTERS/Ethernet*", "STATE_DB:PORT_TABLE"];

/// Interfaces that have no wire of their own, by the names that vendors give them.
const OPENCONFIG_EXCLUDE: [&str; 12] = [
    "Loopback*",
    "loopback*",
    "lo*",
    "Vlan*",
    "vlan*",
    "Port-Channel*",
    "port-channel*",
    "Port-channel*",
    "Management*",
    "mgmt*",
    "Null*",
    "Tunnel*",
];

impl Dialect {
    /// The driver's name in the catalogue.
    pub fn driver(self) -> &'static str {
        match self {
            Dialect::OpenConfig => "openconfig",
            Dialect::Sonic => "sonic",
        }
    }

    pub fn default_paths(self) -> &'static [&'static str] {
        match self {
            Dialect::OpenConfig => &OPENCONFIG_PATHS,
            Dialect::Sonic => &SONIC_PATHS,
        }
    }

    pub fn default_exclude(self) -> &'static [&'static str] {
        match self {
            Dialect::OpenConfig => &OPENCONFIG_EXCLUDE,
            Dialect::Sonic => &[],
        }
    }

    /// The database, empty for OpenConfig, and the path of a text of the targets file.
    pub fn database(self, text: &str) -> Result<(&str, &str), String> {
        match self {
            Dialect::OpenConfig => Ok(("", text)),
            Dialect::Sonic => text.split_once(':').filter(|(database, _)| database.ends_with("_DB")).ok_or_else(|| {
                format!("path {text:?} is not DATABASE:PATH; write it as COUNTERS_DB:COUNTERS/Ethernet*")
            }),
        }
    }

    /// Where the value of a path belongs; `None` for a path that is no port's.
    pub fn place(self, path: &[Elem<'_>]) -> Option<Place> {
        match self {
            Dialect::OpenConfig => openconfig(path),
            Dialect::Sonic => sonic(path),
        }
    }
}

fn openconfig(path: &[Elem<'_>]) -> Option<Place> {
    let (mut interface, mut queue, mut raw) = (None, None, String::new());
    for elem in path {
        // RFC 7951 writes the module's name before a member's: openconfig-interfaces:interfaces.
        let name = elem.name.rsplit_once(':').map_or(&*elem.name, |(_, name)| name);
        if !raw.is_empty() {
            raw.push('/');
        }
        raw.push_str(name);
        match (name, &elem.key) {
            ("interface", Some(key)) => interface = Some(key),
            ("queue", Some(key)) => queue = Some(key),
            // A list within an interface that is none of these two counts parts of it: a subinterface's bytes are not the port's.
            (_, Some(_)) => return None,
            (_, None) => {}
        }
    }
    let interface = interface?;
    let is_whole = matches!(raw.as_str(), "interfaces/interface" | "interfaces/interface/state");
    let (table, port) = match queue {
        Some(queue) => (Table::Queue, format!("{interface}/q{queue}")),
        None => (Table::SwitchPort, interface.to_string()),
    };
    Some(Place { table, port, raw: if is_whole { String::new() } else { raw } })
}

fn sonic(path: &[Elem<'_>]) -> Option<Place> {
    // An answer to a wildcard repeats the wildcard; the names that it stands for are keys of the JSON object.
    let names: Vec<&str> = path.iter().map(|elem| &*elem.name).filter(|name| !name.contains('*')).collect();
    let names = if let ["COUNTERS_DB" | "STATE_DB" | "APPL_DB", rest @ ..] = &names[..] { rest } else { &names[..] };
    let port = |port: &str, raw: &str| Place { table: Table::SwitchPort, port: port.to_owned(), raw: raw.to_owned() };
    match names {
        ["COUNTERS", "Queues" | "Pfcwd", queue, raw] | ["COUNTERS", _, "Queues" | "Pfcwd", queue, raw] => {
            let (port, number) = queue.rsplit_once(':')?;
            Some(Place { table: Table::Queue, port: format!("{port}/q{number}"), raw: (*raw).to_owned() })
        }
        ["COUNTERS" | "RATES", name, raw] => Some(port(name, raw)),
        ["COUNTERS", name] => Some(port(name, "")),
        [table @ ("PORT_TABLE" | "PORT_OPERR_TABLE" | "TRANSCEIVER_DOM_SENSOR"), name, raw] => {
            Some(port(name, &format!("{table}.{raw}")))
        }
        _ => None,
    }
}
