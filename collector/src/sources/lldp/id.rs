//! Ids as text: what identifies a neighbour's chassis and port, and by which addresses it is managed.

use pnet::util::MacAddr;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A kind of id, and the id as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    pub kind: String,
    pub text: String,
}

/// Names of the subtypes 1, 2, … of a chassis id (802.1AB table 8-2) and of a port id (table 8-3).
const CHASSIS: [&str; 7] = ["component", "interface_alias", "port_component", MAC, ADDRESS, "interface_name", "local"];
const PORT: [&str; 7] = ["interface_alias", "port_component", MAC, ADDRESS, "interface_name", "circuit", "local"];
const MAC: &str = "mac";
const ADDRESS: &str = "network_address";

/// The subtypes with which weft names itself: a chassis by a name of its own, a port by the interface's.
pub const LOCAL_CHASSIS: u8 = 7;
pub const INTERFACE_NAME: u8 = 5;

/// Of a chassis; `None` when the value is no id: 1 byte of subtype and 1 to 255 bytes are.
pub fn chassis(value: &[u8]) -> Option<Id> {
    id(value, &CHASSIS)
}

pub fn port(value: &[u8]) -> Option<Id> {
    id(value, &PORT)
}

fn id(value: &[u8], kinds: &[&str]) -> Option<Id> {
    let (&subtype, bytes) = value.split_first()?;
    if bytes.is_empty() || bytes.len() > 255 {
        return None;
    }
    let named = usize::from(subtype).checked_sub(1).and_then(|at| kinds.get(at));
    let text = match named {
        Some(&MAC) => mac(bytes).unwrap_or_else(|| hex(bytes)),
        Some(&ADDRESS) => address(bytes).unwrap_or_else(|| hex(bytes)),
        Some(_) => text(bytes),
        None => hex(bytes),
    };
    Some(Id { kind: named.map_or_else(|| format!("subtype {subtype}"), |&kind| kind.to_owned()), text })
}

fn mac(bytes: &[u8]) -> Option<String> {
    let bytes: [u8; 6] = bytes.try_into().ok()?;
    Some(MacAddr::from(bytes).to_string())
}

/// An address with the number of its family before it (IANA: 1 is IPv4, 2 is IPv6).
pub fn address(bytes: &[u8]) -> Option<String> {
    let (&family, address) = bytes.split_first()?;
    match family {
        1 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(address).ok()?).to_string()),
        2 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?).to_string()),
        _ => Some(hex(address)),
    }
}

/// Bytes that are no UTF-8, and control characters, become U+FFFD: a neighbour's name is shown on pages and terminals.
pub fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches('\0');
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_as_their_kind_is() {
        let said = |id: Option<Id>| id.map(|id| format!("{} {}", id.kind, id.text)).unwrap_or_default();
        for (value, expected) in [
            (&[4, 0x50, 0x6b, 0x4b, 0, 0, 1][..], "mac 50:6b:4b:00:00:01"),
            (&[4, 1, 2, 3], "mac 010203"),
            (&[5, 1, 10, 0, 0, 1], "network_address 10.0.0.1"),
            (&[5, 1, 10], "network_address 010a"),
            (&[6, b'e', b'0'], "interface_name e0"),
            (&[7, b'r', 0xff, 0x1b], "local r\u{fffd}\u{fffd}"),
            (&[9, 0xab], "subtype 9 ab"),
            (&[0, 0xab], "subtype 0 ab"),
            (&[7], ""),
            (&[], ""),
            (&[7; 257], ""),
        ] {
            assert_eq!(said(chassis(value)), expected, "{value:?}");
        }
        assert_eq!(said(port(&[3, 0, 0, 0, 0, 0, 9])), "mac 00:00:00:00:00:09");
        assert_eq!(said(port(&[5, b'E', b'1'])), "interface_name E1");
        assert_eq!(address(&[2; 17]).unwrap(), "202:202:202:202:202:202:202:202");
    }
}
