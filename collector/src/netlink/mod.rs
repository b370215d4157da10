//! Reading the kernel's rtnetlink tables: one socket, one request, and only the attributes that are wanted are looked at.

mod attributes;
mod dump;
mod link;
mod qdisc;

pub use dump::DumpSocket;
pub use link::{LinkRecord, LinkStats, parse_link, parse_stats};
pub use qdisc::{QdiscRecord, parse_root_qdisc};

/// Message types and flags of `linux/rtnetlink.h`.
pub mod kind {
    pub const NEW_LINK: u16 = 16;
    pub const DEL_LINK: u16 = 17;
    pub const GET_LINK: u16 = 18;
    pub const NEW_QDISC: u16 = 36;
    pub const GET_QDISC: u16 = 38;
    pub const NEW_STATS: u16 = 92;
    pub const GET_STATS: u16 = 94;
}
