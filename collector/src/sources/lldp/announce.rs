//! What this device says of itself, and when: only where `transmit = true`.
//!
//! A port that is new, that lost or found its carrier, or that hears somebody new, speaks [`FAST`] times a second apart, so that
//! both ends know each other within a second; then every [`EVERY`] (802.1AB §9.2.5: msgFastTx, txFastInit, msgTxInterval and
//! msgTxHold by their defaults).

use super::advert::{ETHERTYPE, NEAREST_BRIDGE, kind};
use super::id::{INTERFACE_NAME, LOCAL_CHASSIS};
use super::tlv::push;
use pnet::packet::ethernet::{EtherType, MutableEthernetPacket};
use pnet::util::MacAddr;
use std::collections::HashMap;
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_secs(30);
const FAST: u8 = 4;
/// A neighbour forgets us after four frames that did not come.
pub const TTL_S: u16 = 120;
/// Ethernet's shortest frame without its checksum.
const SHORTEST: usize = 60;
const HEADER: usize = MutableEthernetPacket::minimum_packet_size();

/// A frame that says who is here. The port's address is its source; a TTL of 0 takes back what was said.
pub fn frame(device: &str, port: &str, address: MacAddr, ttl_s: u16) -> Vec<u8> {
    let mut frame = vec![0; HEADER];
    if let Some(mut header) = MutableEthernetPacket::new(&mut frame) {
        header.set_destination(NEAREST_BRIDGE);
        header.set_source(address);
        header.set_ethertype(EtherType(ETHERTYPE));
    }
    push(&mut frame, kind::CHASSIS, &id(LOCAL_CHASSIS, device));
    push(&mut frame, kind::PORT, &id(INTERFACE_NAME, port));
    push(&mut frame, kind::TTL, &ttl_s.to_be_bytes());
    if ttl_s > 0 {
        push(&mut frame, kind::PORT_DESCRIPTION, &longest(port, 255));
        push(&mut frame, kind::SYSTEM_NAME, &longest(device, 255));
        push(&mut frame, kind::SYSTEM_DESCRIPTION, concat!("weft ", env!("CARGO_PKG_VERSION")).as_bytes());
    }
    push(&mut frame, 0, &[]);
    frame.resize(frame.len().max(SHORTEST), 0);
    frame
}

fn id(subtype: u8, text: &str) -> Vec<u8> {
    std::iter::once(subtype).chain(longest(text, 255)).collect()
}

/// As much of a text as an element may hold, characters whole.
fn longest(text: &str, most: usize) -> Vec<u8> {
    let end = (0..=text.len().min(most)).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    text.as_bytes()[..end].to_vec()
}

/// When each port speaks next, by interface index.
#[derive(Debug, Default)]
pub struct Turns(HashMap<u32, Turn>);

#[derive(Debug)]
struct Turn {
    next: Instant,
    fast: u8,
}

impl Turns {
    /// Whether it is this port's turn; asked about once a second.
    pub fn is_due(&mut self, ifindex: u32, now: Instant) -> bool {
        let turn = self.0.entry(ifindex).or_insert(Turn { next: now, fast: FAST });
        if turn.fast == 0 && now < turn.next {
            return false;
        }
        (turn.fast, turn.next) = (turn.fast.saturating_sub(1), now + EVERY);
        true
    }

    /// Somebody new is heard there, who does not know us yet.
    pub fn hurry(&mut self, ifindex: u32) {
        if let Some(turn) = self.0.get_mut(&ifindex) {
            turn.fast = FAST;
        }
    }

    /// Ports that are no more, or are down: they begin anew when they come up.
    pub fn keep(&mut self, is_up: impl Fn(u32) -> bool) {
        self.0.retain(|&ifindex, _| is_up(ifindex));
    }

    pub fn spoken(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::lldp::advert::read;

    #[test]
    fn what_is_said_is_what_is_read() {
        let own = MacAddr(2, 0, 0, 0, 0, 1);
        let said = read(&frame("node-7", "eth2", own, TTL_S)).unwrap();
        assert_eq!((said.chassis.kind.as_str(), said.chassis.text.as_str()), ("local", "node-7"));
        assert_eq!((said.port.kind.as_str(), said.port.text.as_str()), ("interface_name", "eth2"));
        assert_eq!((said.ttl_s, said.system_name.as_str(), said.port_description.as_str()), (120, "node-7", "eth2"));
        assert!(said.system_description.starts_with("weft "));
        let goodbye = frame("node-7", "eth2", own, 0);
        assert_eq!((goodbye.len(), read(&goodbye).unwrap().ttl_s), (SHORTEST, 0));
        let long = "ä".repeat(300);
        assert_eq!(read(&frame(&long, "eth2", own, 1)).unwrap().chassis.text, "ä".repeat(127));
    }

    #[test]
    fn a_new_port_speaks_four_times_and_then_every_thirty_seconds() {
        let (mut turns, start) = (Turns::default(), Instant::now());
        let spoken = |from: u64, to: u64, turns: &mut Turns| -> Vec<u64> {
            (from..to).filter(|&s| turns.is_due(3, start + Duration::from_secs(s))).collect()
        };
        assert_eq!(spoken(0, 70, &mut turns), [0, 1, 2, 3, 33, 63]);
        turns.hurry(3);
        assert_eq!(spoken(70, 110, &mut turns), [70, 71, 72, 73, 103]);
        turns.keep(|_| false);
        assert_eq!(spoken(110, 114, &mut turns), [110, 111, 112, 113]);
    }
}
