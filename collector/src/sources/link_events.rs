//! `link_events`: carrier lost and found, told by the kernel the moment it happens and sent at once.
//!
//! Needs no capability. When the kernel had to drop messages for us, all carriers are read anew and compared: an event
//! may then come late, and two that cancel each other out are seen in `carrier_down_count` only.

use crate::clock::now_ns;
use crate::directory::PortDirectory;
use crate::netlink::{DumpSocket, LinkRecord, kind, parse_link};
use crate::telemetry::Telemetry;
use netlink_packet_core::NetlinkBuffer;
use netlink_sys::{AsyncSocket, AsyncSocketExt, SocketAddr, TokioSocket, protocols::NETLINK_ROUTE};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use weft_wire::EventRow;

pub const NAME: &str = "link_events";

const RTNLGRP_LINK: u32 = 1;
const HEADER: usize = 16;
/// Room for the bursts of a host whose every interface changes at once.
const RECEIVE_BUFFER: u32 = 1 << 20;

pub struct LinkEvents {
    socket: TokioSocket,
    device: String,
    directory: PortDirectory,
    telemetry: Arc<Telemetry>,
    carrier: HashMap<u32, bool>,
}

impl LinkEvents {
    /// Needs a Tokio runtime.
    pub fn open(device: &str, directory: PortDirectory, telemetry: Arc<Telemetry>) -> io::Result<LinkEvents> {
        let mut socket = TokioSocket::new(NETLINK_ROUTE)?;
        socket.socket_mut().bind(&SocketAddr::new(0, 0))?;
        socket.socket_mut().set_rx_buf_sz(RECEIVE_BUFFER)?;
        socket.socket_mut().add_membership(RTNLGRP_LINK)?;
        let mut events = LinkEvents { socket, device: device.into(), directory, telemetry, carrier: HashMap::new() };
        // After the membership, so that no change falls between the two.
        events.resynchronise()?;
        Ok(events)
    }

    /// Waits for changes of carrier; never empty.
    pub async fn next(&mut self) -> io::Result<Vec<EventRow>> {
        loop {
            let mut buffer = Vec::with_capacity(32 << 10);
            let events = match self.socket.recv(&mut buffer).await {
                Ok(_) => self.take_datagram(&buffer, now_ns()),
                Err(e) if e.raw_os_error() == Some(libc::ENOBUFS) => {
                    self.telemetry.link_event_overruns.add(1);
                    self.resynchronise()?
                }
                Err(e) => return Err(e),
            };
            if !events.is_empty() {
                self.telemetry.link_events.add(events.len() as u64);
                return Ok(events);
            }
        }
    }

    fn take_datagram(&mut self, datagram: &[u8], ts_ns: i64) -> Vec<EventRow> {
        let (mut events, mut rest) = (Vec::new(), datagram);
        while let (true, Ok(message)) = (rest.len() >= HEADER, NetlinkBuffer::new_checked(rest)) {
            match message.message_type() {
                kind::NEW_LINK => {
                    events.extend(parse_link(message.payload()).and_then(|link| self.judge(&link, ts_ns)))
                }
                kind::DEL_LINK => {
                    parse_link(message.payload()).map(|link| self.carrier.remove(&link.ifindex));
                }
                _ => {}
            }
            rest = rest.get((message.length() as usize).next_multiple_of(4)..).unwrap_or_default();
        }
        events
    }

    /// A change against what was known; an interface seen for the first time is no change.
    fn judge(&mut self, link: &LinkRecord, ts_ns: i64) -> Option<EventRow> {
        let up = link.carrier?;
        let before = self.carrier.insert(link.ifindex, up)?;
        let port = self.directory.get(link.ifindex)?;
        let why = if link.admin_up { "" } else { " (set down by its administrator)" };
        (before != up).then(|| EventRow {
            port: Some(port.entity.index()),
            device: self.device.clone(),
            ts_ns,
            event: if up { "link_up" } else { "link_down" }.into(),
            text: format!("{}: carrier {}{why}", port.port, if up { "found" } else { "lost" }),
        })
    }

    fn resynchronise(&mut self) -> io::Result<Vec<EventRow>> {
        let mut links = Vec::new();
        DumpSocket::open()?.dump(kind::GET_LINK, &[0; 16], |_, message| links.extend(parse_link(message)))?;
        let ts_ns = now_ns();
        Ok(links.iter().filter_map(|link| self.judge(link, ts_ns)).collect())
    }
}
