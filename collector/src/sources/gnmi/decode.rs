//! A notification as changes of counters.
//!
//! ```text
//! Notification { timestamp, prefix, update: [(path, value)], delete: [path] }
//!   value a scalar ─► the leaf of its path
//!   value JSON     ─► a leaf for each member, however deep: its path is that of the value and the names of the members
//! ```

use super::dialect::{Dialect, Place};
use super::path::{Elem, joined};
use super::proto::gnmi::{Notification, Update};
use super::value::{self, Number, Value, shortened};
use serde_json::Value as Json;
use weft_wire::catalogue;

/// What a notification says of one place.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    Told(Number),
    /// The leaf was deleted.
    Deleted,
}

/// Takes what a notification says.
pub trait Sink {
    fn change(&mut self, place: Place, change: Change);
    /// The port was deleted with all its leaves.
    fn gone(&mut self, port: &str);
    /// No counter of the catalogue has this path.
    fn unknown(&mut self);
    /// A counter of the catalogue, and a value that is none.
    fn refused(&mut self, why: String);
}

/// Hands every leaf of the notification to the sink. Nothing that is wrong with one leaf keeps another from being read.
pub fn decode(dialect: Dialect, notification: Notification, sink: &mut impl Sink) {
    let Notification { prefix, update, delete, .. } = notification;
    for path in &delete {
        deleted(dialect, &joined(prefix.as_ref(), Some(path)), sink);
    }
    for Update { path, val, .. } in update {
        let mut path = joined(prefix.as_ref(), path.as_ref());
        let Some(typed) = val.and_then(|val| val.value) else {
            sink.refused(format!("{}: an update without a value", text(&path)));
            continue;
        };
        match value::value(typed) {
            Ok(value) => leaves(dialect, &mut path, value, sink),
            Err(why) => match known(dialect, &path) {
                Some(_) => sink.refused(format!("{}: {why}", text(&path))),
                None => sink.unknown(),
            },
        }
    }
}

fn deleted(dialect: Dialect, path: &[Elem<'_>], sink: &mut impl Sink) {
    match dialect.place(path) {
        Some(place) if place.raw.is_empty() => sink.gone(&place.port),
        Some(place) if is_counter(dialect, &place) => sink.change(place, Change::Deleted),
        _ => sink.unknown(),
    }
}

fn leaves(dialect: Dialect, path: &mut Vec<Elem<'_>>, value: Value, sink: &mut impl Sink) {
    match value {
        Value::Tree(Json::Object(members)) => {
            for (name, member) in members {
                path.push(Elem { name: name.into(), key: None });
                if let Some(value) = value::of_json(member) {
                    leaves(dialect, path, value, sink);
                }
                path.pop();
            }
        }
        Value::Tree(Json::Array(entries)) => {
            entries.into_iter().for_each(|entry| list_entry(dialect, path, entry, sink))
        }
        scalar => leaf(dialect, path, &scalar, sink),
    }
}

/// An entry of a YANG list: the key that stands in a path stands among the members of its JSON. A leaf-list's entry is passed over.
fn list_entry(dialect: Dialect, path: &mut Vec<Elem<'_>>, entry: Json, sink: &mut impl Sink) {
    const KEYS: [&str; 4] = ["name", "interface-id", "id", "index"];
    let key = KEYS.iter().find_map(|name| match entry.get(*name)? {
        Json::String(key) => Some(key.clone()),
        Json::Number(key) => Some(key.to_string()),
        _ => None,
    });
    let (Some(key), Some(list)) = (key, path.last_mut()) else { return sink.unknown() };
    let outer = list.key.replace(key.into());
    leaves(dialect, path, Value::Tree(entry), sink);
    if let Some(list) = path.last_mut() {
        list.key = outer;
    }
}

fn leaf(dialect: Dialect, path: &[Elem<'_>], value: &Value, sink: &mut impl Sink) {
    let Some((place, counter)) = known(dialect, path) else { return sink.unknown() };
    match value::number(counter, value) {
        Ok(number) => sink.change(place, Change::Told(number)),
        Err(why) => sink.refused(format!("{}: {why}", text(path))),
    }
}

fn known(dialect: Dialect, path: &[Elem<'_>]) -> Option<(Place, &'static weft_wire::Counter)> {
    let place = dialect.place(path)?;
    let mapping = catalogue().mapping(place.table, dialect.driver(), &place.raw)?;
    Some((place, &catalogue().counters()[mapping.counter]))
}

fn is_counter(dialect: Dialect, place: &Place) -> bool {
    catalogue().mapping(place.table, dialect.driver(), &place.raw).is_some()
}

/// For a message.
fn text(path: &[Elem<'_>]) -> String {
    let elem = |elem: &Elem<'_>| match &elem.key {
        Some(key) => format!("{}[{key}]", elem.name),
        None => elem.name.to_string(),
    };
    let path: Vec<String> = path.iter().map(elem).collect();
    let path = path.join("/");
    if path.chars().any(char::is_control) || path.len() > 200 { shortened(&path) } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::gnmi::path::parse;
    use crate::sources::gnmi::proto::gnmi::{TypedValue, typed_value::Value as Typed};
    use std::path::Path;
    use weft_wire::Table;

    #[derive(Debug, Default)]
    struct Heard {
        leaves: Vec<(Place, Change)>,
        gone: Vec<String>,
        unknown: usize,
        refused: Vec<String>,
    }

    impl Sink for Heard {
        fn change(&mut self, place: Place, change: Change) {
            self.leaves.push((place, change));
        }

        fn gone(&mut self, port: &str) {
            self.gone.push(port.to_owned());
        }

        fn unknown(&mut self) {
            self.unknown += 1;
        }

        fn refused(&mut self, why: String) {
            self.refused.push(why);
        }
    }

    fn heard(dialect: Dialect, prefix: &str, path: &str, value: Typed) -> Heard {
        let val = Some(TypedValue { value: Some(value) });
        let update = vec![Update { path: Some(parse(path).unwrap()), val, ..Update::default() }];
        let prefix = (!prefix.is_empty()).then(|| parse(prefix).unwrap());
        let mut heard = Heard::default();
        decode(dialect, Notification { prefix, update, ..Notification::default() }, &mut heard);
        heard
    }

    fn told(table: Table, port: &str, raw: &str, value: u64) -> (Place, Change) {
        let place = Place { table, port: port.to_owned(), raw: raw.to_owned() };
        (place, Change::Told(Number::Uint(value)))
    }

    #[test]
    fn leaves_and_trees_of_openconfig_are_the_same_counters() {
        let in_octets = "interfaces/interface/state/counters/in-octets";
        let expected = [told(Table::SwitchPort, "1/1/3", in_octets, 7)];
        let leaf = heard(
            Dialect::OpenConfig,
            "interfaces/interface[name=1/1/3]",
            "state/counters/in-octets",
            Typed::UintVal(7),
        );
        assert_eq!(leaf.leaves, expected);
        let json = r#"{"openconfig-interfaces:interface": [{"name": "1/1/3", "state": {"counters": {"in-octets": "7", "new": 1}}}]}"#;
        let tree = heard(Dialect::OpenConfig, "", "openconfig-interfaces:interfaces", Typed::JsonIetfVal(json.into()));
        assert_eq!(tree.leaves, expected);
        assert!(tree.unknown > 0, "the name and the new counter");
        let queue =
            "qos/interfaces/interface[interface-id=Ethernet1]/output/queues/queue[name=3]/state/transmit-octets";
        let raw = "qos/interfaces/interface/output/queues/queue/state/transmit-octets";
        let queue = heard(Dialect::OpenConfig, "", queue, Typed::UintVal(9));
        assert_eq!(queue.leaves, [told(Table::Queue, "Ethernet1/q3", raw, 9)]);
        let inner = "interfaces/interface[name=e1]/subinterfaces/subinterface[index=0]/state/counters/in-octets";
        let inner = heard(Dialect::OpenConfig, "", inner, Typed::UintVal(9));
        assert_eq!((inner.leaves.len(), inner.unknown), (0, 1), "a subinterface's bytes are not the port's");
    }

    #[test]
    fn a_value_that_is_none_is_named_and_takes_no_other_with_it() {
        let json = r#"{"SAI_PORT_STAT_IF_IN_OCTETS": "many", "SAI_PORT_STAT_IF_OUT_OCTETS": "12"}"#;
        let heard = heard(Dialect::Sonic, "COUNTERS", "Ethernet0", Typed::JsonIetfVal(json.into()));
        assert_eq!(heard.leaves, [told(Table::SwitchPort, "Ethernet0", "SAI_PORT_STAT_IF_OUT_OCTETS", 12)]);
        assert_eq!(heard.refused, ["COUNTERS/Ethernet0/SAI_PORT_STAT_IF_IN_OCTETS: \"many\" is no number"]);
    }

    #[test]
    fn a_deleted_interface_is_gone_and_a_deleted_leaf_is_absent() {
        let delete = ["interfaces/interface[name=e1]", "interfaces/interface[name=e2]/state/counters/in-octets"];
        let delete = delete.map(|path| parse(path).unwrap()).to_vec();
        let mut heard = Heard::default();
        decode(Dialect::OpenConfig, Notification { delete, ..Notification::default() }, &mut heard);
        assert_eq!(heard.gone, ["e1"]);
        assert_eq!(
            heard.leaves.iter().map(|(place, change)| (&*place.port, change)).collect::<Vec<_>>(),
            [("e2", &Change::Deleted)]
        );
    }

    /// What sonic-gnmi answers to COUNTERS/Ethernet*, and to COUNTERS/Ethernet68/Queues.
    #[test]
    fn recorded_answers_of_sonic_are_read() {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures/sonic-gnmi");
        if !beside.exists() {
            return eprintln!("SKIPPED: {} is not here", beside.display());
        }
        let read = |file: &str, path: &str| {
            let json = std::fs::read(beside.join(file)).unwrap();
            heard(Dialect::Sonic, "", path, Typed::JsonIetfVal(json))
        };
        let ports = read("COUNTERS:Ethernet_wildcard_alias.txt", "COUNTERS/Ethernet*");
        assert_eq!(ports.refused, Vec::<String>::new());
        let raw = "SAI_PORT_STAT_PFC_7_RX_PKTS";
        let pfc: Vec<_> = ports.leaves.iter().filter(|(place, _)| place.raw == raw).collect();
        assert!(
            pfc.iter()
                .any(|(place, change)| { place.port == "Ethernet68/1" && *change == Change::Told(Number::Uint(2)) }),
            "{pfc:?}"
        );
        let queues = read("COUNTERS:Ethernet68:Queues.txt", "COUNTERS/Ethernet68/Queues");
        assert_eq!(queues.refused, Vec::<String>::new());
        assert!(queues.leaves.contains(&told(
            Table::Queue,
            "Ethernet68/q1",
            "SAI_QUEUE_STAT_SHARED_WATERMARK_BYTES",
            64
        )));
        assert!(queues.leaves.contains(&told(Table::Queue, "Ethernet68/q3", "PFC_WD_STATUS", 0)));
    }
}
