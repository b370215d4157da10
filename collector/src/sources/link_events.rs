//! `link_events`: carrier lost and found, told by the kernel the moment it happens and sent at once.
//!
//! Needs no capability. When the kernel had to drop messages for us, all carriers are read anew and compared: an event
//! may then come late, and two that cancel each other out are seen in `carrier_down_count` only. The same after a failure,
//! when it listens anew.

use crate::clock::now_ns;
use crate::directory::PortDirectory;
use crate::netlink::{DumpSocket, LinkRecord, kind, parse_link};
use crate::telemetry::Telemetry;
use netlink_packet_core::NetlinkBuffer;
use netlink_sys::{AsyncSocket, AsyncSocketExt, SocketAddr, TokioSocket, protocols::NETLINK_ROUTE};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tracing::{info, warn};
use weft_wire::EventRow;

pub const NAME: &str = "link_events";

const RTNLGRP_LINK: u32 = 1;
const HEADER: usize = 16;
/// Room for the bursts of a host whose every interface changes at once.
const RECEIVE_BUFFER: u32 = 1 << 20;
/// After a failure it listens anew after so long, then after twice as long, and so on.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

pub struct LinkEvents {
    /// `None` at the start and after a failure.
    socket: Option<TokioSocket>,
    device: String,
    directory: PortDirectory,
    telemetry: Arc<Telemetry>,
    /// Outlives the socket, so that what changed between two is told.
    carrier: HashMap<u32, bool>,
    /// All links as they are now. May wait for the kernel's lock.
    dump: fn() -> io::Result<Vec<LinkRecord>>,
}

impl LinkEvents {
    pub fn new(device: &str, directory: PortDirectory, telemetry: Arc<Telemetry>) -> LinkEvents {
        let (socket, carrier) = (None, HashMap::new());
        LinkEvents { socket, device: device.into(), directory, telemetry, carrier, dump: dump_links }
    }

    /// Tells of changes of carrier for ever, never of none. Needs a Tokio runtime.
    pub async fn run(mut self, mut tell: impl FnMut(Vec<EventRow>)) {
        let mut wait = FIRST_WAIT;
        loop {
            match self.next().await {
                Ok(events) => {
                    if std::mem::replace(&mut wait, FIRST_WAIT) != FIRST_WAIT {
                        info!("link events are heard again");
                    }
                    self.telemetry.link_events.add(events.len() as u64);
                    if !events.is_empty() {
                        tell(events);
                    }
                }
                Err(error) => {
                    if wait == FIRST_WAIT {
                        warn!(%error, "no link events for now: RTNLGRP_LINK cannot be heard; trying again");
                    }
                    self.socket = None;
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }

    /// What has changed, perhaps nothing. After an error the socket is of no more use.
    async fn next(&mut self) -> io::Result<Vec<EventRow>> {
        let Some(socket) = &mut self.socket else {
            self.socket = Some(listen()?);
            // After the membership, so that no change falls between the two.
            return self.resynchronise().await;
        };
        let mut buffer = Vec::with_capacity(32 << 10);
        match socket.recv(&mut buffer).await {
            Ok(_) => Ok(self.take_datagram(&buffer, now_ns())),
            Err(e) if e.raw_os_error() == Some(libc::ENOBUFS) => {
                self.telemetry.link_event_overruns.add(1);
                self.resynchronise().await
            }
            Err(e) => Err(e),
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

    async fn resynchronise(&mut self) -> io::Result<Vec<EventRow>> {
        // The runtime has one thread, which goes on publishing meanwhile.
        let links = tokio::task::spawn_blocking(self.dump).await.map_err(io::Error::other)??;
        let ts_ns = now_ns();
        Ok(links.iter().filter_map(|link| self.judge(link, ts_ns)).collect())
    }
}

fn listen() -> io::Result<TokioSocket> {
    let mut socket = TokioSocket::new(NETLINK_ROUTE)?;
    socket.socket_mut().bind(&SocketAddr::new(0, 0))?;
    socket.socket_mut().set_rx_buf_sz(RECEIVE_BUFFER)?;
    socket.socket_mut().add_membership(RTNLGRP_LINK)?;
    Ok(socket)
}

fn dump_links() -> io::Result<Vec<LinkRecord>> {
    let mut links = Vec::new();
    DumpSocket::open()?.dump(kind::GET_LINK, &[0; 16], |_, message| links.extend(parse_link(message)))?;
    Ok(links)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::identity;
    use crate::board::Board;
    use crate::config::CollectorConfig;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::sync::mpsc;
    use weft_wire::Table;

    /// No interface of this machine.
    const IFINDEX: u32 = 1_000_000_007;
    static DUMPS: AtomicU32 = AtomicU32::new(0);

    /// Fails at first, as when somebody holds the kernel's lock.
    fn late_dump() -> io::Result<Vec<LinkRecord>> {
        if DUMPS.fetch_add(1, Ordering::Relaxed) == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(vec![LinkRecord { ifindex: IFINDEX, carrier: Some(false), admin_up: true, ..LinkRecord::default() }])
    }

    #[tokio::test]
    async fn after_a_failure_it_listens_anew_and_tells_what_changed_meanwhile() {
        let directory = PortDirectory::default();
        let entity = Board::new(identity(&CollectorConfig::default())).entity(Table::Nic, "eth0");
        directory.insert(IFINDEX, "eth0", entity);
        let mut events = LinkEvents::new("n1", directory, Arc::default());
        events.dump = late_dump;
        events.carrier.insert(IFINDEX, true);
        let (tell, mut told) = mpsc::unbounded_channel();
        let listening = tokio::spawn(events.run(move |events| tell.send(events).unwrap()));
        let events = tokio::time::timeout(Duration::from_secs(10), told.recv()).await.unwrap().unwrap();
        assert_eq!(events.iter().map(|e| e.event.as_str()).collect::<Vec<_>>(), ["link_down"]);
        listening.abort();
    }
}
