//! What a neighbour says in one frame, decoded.
//!
//! ```text
//! chassis id · port id · TTL │ port description · system name · … in any order │ end
//!   first, in this order     │   each as often as it likes: the first is taken   │
//! ```
//! A frame without its three mandatory elements, or with one of them twice, is no word of anybody's and is left whole (802.1AB
//! §9.2.8.7.1). An optional element of the wrong length is left alone; what else the frame says stands.

use super::id::{self, Id};
use super::tlv::Tlvs;
use pnet::packet::Packet;
use pnet::packet::ethernet::{EtherType, EthernetPacket};
use pnet::util::MacAddr;

/// Of an LLDP frame (IEEE registration 0x88cc).
pub const ETHERTYPE: u16 = 0x88cc;
/// Nearest bridge: the group that no bridge forwards, so that whoever is heard is at the other end of the cable.
pub const NEAREST_BRIDGE: MacAddr = MacAddr(0x01, 0x80, 0xc2, 0, 0, 0x0e);

pub mod kind {
    pub const CHASSIS: u8 = 1;
    pub const PORT: u8 = 2;
    pub const TTL: u8 = 3;
    pub const PORT_DESCRIPTION: u8 = 4;
    pub const SYSTEM_NAME: u8 = 5;
    pub const SYSTEM_DESCRIPTION: u8 = 6;
    pub const CAPABILITIES: u8 = 7;
    pub const MANAGEMENT_ADDRESS: u8 = 8;
    pub const ORGANISATION: u8 = 127;
}

const IEEE_802_1: [u8; 3] = [0x00, 0x80, 0xc2];
const IEEE_802_3: [u8; 3] = [0x00, 0x12, 0x0f];

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Advert {
    pub chassis: Id,
    pub port: Id,
    /// 0: the neighbour says goodbye.
    pub ttl_s: u16,
    pub system_name: String,
    pub system_description: String,
    pub port_description: String,
    pub management_address: String,
    pub capabilities: Option<u16>,
    pub vlan: Option<u16>,
    pub max_frame_bytes: Option<u16>,
    pub autoneg: Option<Autoneg>,
    pub mau_type: Option<u16>,
    pub aggregate: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Autoneg {
    pub supported: bool,
    pub enabled: bool,
}

/// Why a frame is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    #[error("it is no LLDP frame to the nearest bridge")]
    Foreign,
    #[error("it is cut short")]
    CutShort,
    #[error("it does not begin with chassis id, port id and time to live")]
    Order,
    #[error("it has a mandatory element twice")]
    Twice,
    #[error("its chassis id, port id or time to live has an impossible length")]
    Length,
}

/// Reads an Ethernet frame as it came from the wire.
pub fn read(frame: &[u8]) -> Result<Advert, Wrong> {
    let frame = EthernetPacket::new(frame).ok_or(Wrong::CutShort)?;
    if frame.get_ethertype() != EtherType(ETHERTYPE) || frame.get_destination() != NEAREST_BRIDGE {
        return Err(Wrong::Foreign);
    }
    read_unit(frame.payload())
}

fn read_unit(unit: &[u8]) -> Result<Advert, Wrong> {
    let mut tlvs = Tlvs(unit);
    let mut mandatory = |wanted: u8| match tlvs.next() {
        Some(Ok((kind, value))) if kind == wanted => Ok(value),
        Some(Err(_)) => Err(Wrong::CutShort),
        _ => Err(Wrong::Order),
    };
    let chassis = id::chassis(mandatory(kind::CHASSIS)?).ok_or(Wrong::Length)?;
    let port = id::port(mandatory(kind::PORT)?).ok_or(Wrong::Length)?;
    let ttl_s = number(mandatory(kind::TTL)?).ok_or(Wrong::Length)?;
    let mut advert = Advert { chassis, port, ttl_s, ..Advert::default() };
    for tlv in tlvs {
        let (kind, value) = tlv.map_err(|_| Wrong::CutShort)?;
        advert.take(kind, value)?;
    }
    Ok(advert)
}

impl Advert {
    fn take(&mut self, kind: u8, value: &[u8]) -> Result<(), Wrong> {
        match kind {
            kind::CHASSIS | kind::PORT | kind::TTL => return Err(Wrong::Twice),
            kind::PORT_DESCRIPTION => first(&mut self.port_description, value),
            kind::SYSTEM_NAME => first(&mut self.system_name, value),
            kind::SYSTEM_DESCRIPTION => first(&mut self.system_description, value),
            // Which it has, and which of them it works as.
            kind::CAPABILITIES if value.len() == 4 => self.capabilities = self.capabilities.or(number(&value[2..])),
            kind::MANAGEMENT_ADDRESS if self.management_address.is_empty() => {
                self.management_address = managed_by(value).unwrap_or_default();
            }
            kind::ORGANISATION => self.take_organisation(value),
            _ => {}
        }
        Ok(())
    }

    fn take_organisation(&mut self, value: &[u8]) {
        let Some((organisation, [subtype, value @ ..])) = value.split_first_chunk::<3>() else { return };
        match (*organisation, subtype) {
            // Port VLAN id; 0 says that there is none.
            (IEEE_802_1, 1) => self.vlan = self.vlan.or(number(value).filter(|&vlan| vlan != 0)),
            (IEEE_802_3, 1) => self.take_mac_and_phy(value),
            // Aggregation, as 802.3 once said it and 802.1AX says it now.
            (IEEE_802_3, 3) | (IEEE_802_1, 7) => self.aggregate = self.aggregate.or(aggregate(value)),
            (IEEE_802_3, 4) => self.max_frame_bytes = self.max_frame_bytes.or(number(value)),
            _ => {}
        }
    }

    /// Auto-negotiation (bit 0 supported, bit 1 enabled), what is advertised, and the MAU type.
    fn take_mac_and_phy(&mut self, value: &[u8]) {
        if let (&[bits, _, _, ref mau @ ..], None) = (value, self.autoneg)
            && let Some(mau) = number(mau)
        {
            self.autoneg = Some(Autoneg { supported: bits & 1 != 0, enabled: bits & 2 != 0 });
            self.mau_type = Some(mau);
        }
    }
}

/// A text that was not said before.
fn first(text: &mut String, value: &[u8]) {
    if text.is_empty() {
        *text = id::text(value);
    }
}

/// Exactly two bytes.
fn number(value: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(value.try_into().ok()?))
}

/// The number of the aggregated port where aggregation is enabled (bit 1).
fn aggregate(value: &[u8]) -> Option<u32> {
    let (&status, port) = value.split_first()?;
    (status & 2 != 0).then_some(u32::from_be_bytes(port.try_into().ok()?))
}

/// A length, and so many bytes of family and address.
fn managed_by(value: &[u8]) -> Option<String> {
    let (&length, rest) = value.split_first()?;
    id::address(rest.get(..usize::from(length))?)
}

#[cfg(test)]
mod tests;
