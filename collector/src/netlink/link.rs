//! `RTM_NEWLINK` and `RTM_NEWSTATS` messages to structs.

use super::attributes::{Attributes, text, u16_at, u32_at};
use netlink_packet_route::link::Stats64;

const IFINFO: usize = 16;
const IF_STATS: usize = 12;
const IFF_UP: u32 = 1;

/// What a link says of itself (`ip -s link`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinkRecord {
    pub ifindex: u32,
    /// AF_UNSPEC; messages of AF_BRIDGE tell of an interface as a bridge's port, and AF_INET6 of its addresses.
    pub family: u8,
    pub name: String,
    /// ARPHRD type of `linux/if_arp.h`.
    pub hardware: u16,
    /// `veth`, `bridge`, …; empty for a physical device.
    pub kind: String,
    pub admin_up: bool,
    pub carrier: Option<bool>,
    pub carrier_up_count: Option<u32>,
    pub carrier_down_count: Option<u32>,
    pub mtu: Option<u32>,
    /// RFC 2863: 2 = down, 6 = up.
    pub operstate: Option<u8>,
    pub stats: Option<LinkStats>,
    /// Of `RTM_DELLINK`: it was moved to another network namespace.
    pub has_moved: bool,
    /// MAC address; `None` of a link that has none of 6 bytes.
    pub address: Option<[u8; 6]>,
    /// Address on the bus, `0000:18:00.0`; empty for a virtual link.
    pub bus_address: String,
}

/// Values of `struct rtnl_link_stats64` in the order of [`LinkStats::NAMES`].
#[derive(Clone, Debug, PartialEq)]
pub struct LinkStats(pub [u64; LinkStats::NAMES.len()]);

impl LinkStats {
    /// Named as the files of `/sys/class/net/*/statistics`.
    pub const NAMES: [&str; 24] = [
        "rx_packets",
        "tx_packets",
        "rx_bytes",
        "tx_bytes",
        "rx_errors",
        "tx_errors",
        "rx_dropped",
        "tx_dropped",
        "multicast",
        "collisions",
        "rx_length_errors",
        "rx_over_errors",
        "rx_crc_errors",
        "rx_frame_errors",
        "rx_fifo_errors",
        "rx_missed_errors",
        "tx_aborted_errors",
        "tx_carrier_errors",
        "tx_fifo_errors",
        "tx_heartbeat_errors",
        "tx_window_errors",
        "rx_compressed",
        "tx_compressed",
        "rx_nohandler",
    ];

    fn parse(value: &[u8]) -> Option<LinkStats> {
        let s = Stats64::parse(value).ok()?;
        Some(LinkStats([
            s.rx_packets,
            s.tx_packets,
            s.rx_bytes,
            s.tx_bytes,
            s.rx_errors,
            s.tx_errors,
            s.rx_dropped,
            s.tx_dropped,
            s.multicast,
            s.collisions,
            s.rx_length_errors,
            s.rx_over_errors,
            s.rx_crc_errors,
            s.rx_frame_errors,
            s.rx_fifo_errors,
            s.rx_missed_errors,
            s.tx_aborted_errors,
            s.tx_carrier_errors,
            s.tx_fifo_errors,
            s.tx_heartbeat_errors,
            s.tx_window_errors,
            s.rx_compressed,
            s.tx_compressed,
            s.rx_nohandler,
        ]))
    }
}

/// A `RTM_NEWLINK` or `RTM_DELLINK` message; `None` when it is cut short.
pub fn parse_link(message: &[u8]) -> Option<LinkRecord> {
    let mut link = LinkRecord {
        family: *message.first()?,
        hardware: u16_at(message, 2)?,
        ifindex: u32_at(message, 4)?,
        admin_up: u32_at(message, 8)? & IFF_UP != 0,
        ..LinkRecord::default()
    };
    for (kind, value) in Attributes(message.get(IFINFO..)?) {
        match kind {
            1 => link.address = value.try_into().ok(),
            3 => link.name = text(value),
            4 => link.mtu = u32_at(value, 0),
            16 => link.operstate = value.first().copied(),
            18 => link.kind = info_kind(value),
            23 => link.stats = LinkStats::parse(value),
            33 => link.carrier = value.first().map(|up| *up != 0),
            47 => link.carrier_up_count = u32_at(value, 0),
            // IFLA_NEW_NETNSID and IFLA_NEW_IFINDEX: where a deleted interface lives on.
            45 | 49 => link.has_moved = true,
            48 => link.carrier_down_count = u32_at(value, 0),
            56 => link.bus_address = text(value),
            _ => {}
        }
    }
    Some(link)
}

/// IFLA_INFO_KIND inside IFLA_LINKINFO.
fn info_kind(linkinfo: &[u8]) -> String {
    Attributes(linkinfo).find(|(kind, _)| *kind == 1).map(|(_, value)| text(value)).unwrap_or_default()
}

/// A `RTM_NEWSTATS` message that was asked for with the filter `IFLA_STATS_LINK_64`: (ifindex, stats).
pub fn parse_stats(message: &[u8]) -> Option<(u32, LinkStats)> {
    let ifindex = u32_at(message, 4)?;
    let (_, value) = Attributes(message.get(IF_STATS..)?).find(|(kind, _)| *kind == 1)?;
    Some((ifindex, LinkStats::parse(value)?))
}
