//! `link_events`: carrier lost and found, told by the kernel the moment it happens and sent at once, and what somebody does
//! to an interface: set down or up, removed, moved to another network namespace, renamed.
//!
//! Only an interface that is up can lose its carrier by a fault. One that is set down has none, which is told as such.
//!
//! Needs no capability. When the kernel had to drop messages for us, all carriers are read anew and compared: an event
//! may then come late, and two that cancel each other out are seen in `carrier_down_count` only. The same after a failure,
//! when it listens anew.

use crate::clock::now_ns;
use crate::directory::{DirectoryEntry, PortDirectory};
use crate::netlink::{DumpSocket, LinkRecord, kind, parse_link};
use crate::telemetry::Telemetry;
use netlink_packet_core::NetlinkBuffer;
use netlink_sys::{AsyncSocket, AsyncSocketExt, SocketAddr, TokioSocket, protocols::NETLINK_ROUTE};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tracing::{info, warn};
use weft_wire::{EventRow, PortChange};

pub const NAME: &str = "link_events";

const RTNLGRP_LINK: u32 = 1;
const AF_UNSPEC: u8 = 0;
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
                    events.extend(parse_link(message.payload()).into_iter().flat_map(|link| self.judge(&link, ts_ns)))
                }
                kind::DEL_LINK => {
                    events.extend(parse_link(message.payload()).and_then(|link| self.judge_end(&link, ts_ns)))
                }
                _ => {}
            }
            rest = rest.get((message.length() as usize).next_multiple_of(4)..).unwrap_or_default();
        }
        events
    }

    /// Changes against what was known; an interface seen for the first time is no change.
    fn judge(&mut self, link: &LinkRecord, ts_ns: i64) -> Vec<EventRow> {
        if link.family != AF_UNSPEC {
            return Vec::new();
        }
        let Some(port) = self.directory.get(link.ifindex) else {
            // No port, or not yet: what it loses later is a loss all the same.
            self.carrier.extend(link.carrier.map(|up| (link.ifindex, up && link.admin_up)));
            return Vec::new();
        };
        if port.port != link.name {
            let was = self.directory.remove(link.ifindex);
            let text = PortChange::Renamed.text(&port.port) + &format!(" ({})", link.name);
            return was.map(|was| self.row(&was, ts_ns, PortChange::Renamed.event(), text)).into_iter().collect();
        }
        let change = self.directory.tell_admin(link.ifindex, link.admin_up);
        let change = change.map(|change| self.row(&port, ts_ns, change.event(), change.text(&port.port)));
        let carrier = self.judge_carrier(link, &port, ts_ns);
        change.into_iter().chain(carrier).collect()
    }

    fn judge_carrier(&mut self, link: &LinkRecord, port: &DirectoryEntry, ts_ns: i64) -> Option<EventRow> {
        if !link.admin_up {
            // None to lose; finding one, once it is set up again, is an event.
            if self.carrier.insert(link.ifindex, false) == Some(true) {
                self.directory.tell_carrier(link.ifindex, false);
            }
            return None;
        }
        let up = link.carrier?;
        let before = self.carrier.insert(link.ifindex, up)?;
        if before != up {
            self.directory.tell_carrier(link.ifindex, up);
        }
        let (event, what) = if up { ("link_up", "found") } else { ("link_down", "lost") };
        (before != up).then(|| self.row(port, ts_ns, event, format!("{}: carrier {what}", port.port)))
    }

    /// The interface is no more, here at least.
    fn judge_end(&mut self, link: &LinkRecord, ts_ns: i64) -> Option<EventRow> {
        if link.family != AF_UNSPEC {
            return None; // it has left a bridge
        }
        self.carrier.remove(&link.ifindex);
        let port = self.directory.remove(link.ifindex)?;
        let change = if link.has_moved { PortChange::Moved } else { PortChange::Removed };
        Some(self.row(&port, ts_ns, change.event(), change.text(&port.port)))
    }

    fn row(&self, port: &DirectoryEntry, ts_ns: i64, event: &str, text: String) -> EventRow {
        EventRow { port: Some(port.entity.index()), device: self.device.clone(), ts_ns, event: event.into(), text }
    }

    async fn resynchronise(&mut self) -> io::Result<Vec<EventRow>> {
        // The runtime has one thread, which goes on publishing meanwhile.
        let links = tokio::task::spawn_blocking(self.dump).await.map_err(io::Error::other)??;
        let ts_ns = now_ns();
        Ok(links.iter().flat_map(|link| self.judge(link, ts_ns)).collect())
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
    DumpSocket::open()?.dump(kind::GET_LINK, &[0; 16], |_, message, _| links.extend(parse_link(message)))?;
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

    fn eth0(admin_up: bool, carrier: Option<bool>) -> LinkRecord {
        LinkRecord { ifindex: IFINDEX, name: "eth0".into(), carrier, admin_up, ..LinkRecord::default() }
    }

    /// A listener that knows eth0, which is up.
    fn listener() -> LinkEvents {
        let directory = PortDirectory::default();
        let entity = Board::new(identity(&CollectorConfig::default())).entity(Table::Nic, "eth0");
        directory.insert(IFINDEX, DirectoryEntry { port: "eth0".into(), entity, admin_up: true, address: None });
        let mut events = LinkEvents::new("n1", directory, Arc::default());
        assert!(events.judge(&eth0(true, Some(true)), 1).is_empty(), "seen for the first time");
        events
    }

    fn said(events: impl IntoIterator<Item = EventRow>) -> Vec<(String, String)> {
        events.into_iter().map(|e| (e.event, e.text)).collect()
    }

    #[test]
    fn only_an_interface_that_is_up_loses_its_carrier() {
        let mut events = listener();
        let mut tell = |admin_up, carrier| {
            said(events.judge(&eth0(admin_up, Some(carrier)), 2))
                .into_iter()
                .map(|(event, text)| event + " " + &text)
                .collect::<Vec<_>>()
        };
        assert_eq!(tell(true, false), ["link_down eth0: carrier lost"]);
        assert_eq!(tell(true, true), ["link_up eth0: carrier found"]);
        assert_eq!(tell(false, true), ["change eth0: set down by its administrator"]);
        assert!(tell(false, false).is_empty());
        assert_eq!(tell(true, false), ["change eth0: set up by its administrator"]);
        assert_eq!(tell(true, true), ["link_up eth0: carrier found"]);
    }

    #[test]
    fn a_loss_is_told_of_a_port_that_was_heard_of_before_it_was_known() {
        let directory = PortDirectory::default();
        let mut events = LinkEvents::new("n1", directory.clone(), Arc::default());
        assert!(events.judge(&eth0(true, Some(true)), 1).is_empty());
        let entity = Board::new(identity(&CollectorConfig::default())).entity(Table::Nic, "eth0");
        directory.insert(IFINDEX, DirectoryEntry { port: "eth0".into(), entity, admin_up: true, address: None });
        assert_eq!(
            said(events.judge(&eth0(true, Some(false)), 2)),
            [("link_down".into(), "eth0: carrier lost".into())]
        );
    }

    #[test]
    fn an_interface_that_ends_is_told_once_and_by_what_became_of_it() {
        let renamed = LinkRecord { name: "rail0".into(), ..eth0(true, Some(true)) };
        let moved = LinkRecord { has_moved: true, ..eth0(false, None) };
        let bridged = LinkRecord { family: 7, ..eth0(true, Some(false)) };
        let mut events = listener();
        assert!(events.judge_end(&bridged, 2).is_none() && events.judge(&bridged, 2).is_empty(), "it left a bridge");
        assert_eq!(
            said(events.judge_end(&eth0(false, None), 2)),
            [("change".into(), "eth0: removed from its device".into())]
        );
        assert!(events.judge_end(&eth0(false, None), 3).is_none() && events.judge(&eth0(true, None), 3).is_empty());
        let told = said(listener().judge_end(&moved, 2));
        assert_eq!(told, [("change".into(), "eth0: moved to another network namespace".into())]);
        let mut events = listener();
        assert_eq!(said(events.judge(&renamed, 2)), [("change".into(), "eth0: given another name (rail0)".into())]);
        assert!(events.judge(&renamed, 3).is_empty(), "until netdev knows it by that name");
    }

    /// Fails at first, as when somebody holds the kernel's lock.
    fn late_dump() -> io::Result<Vec<LinkRecord>> {
        if DUMPS.fetch_add(1, Ordering::Relaxed) == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(vec![eth0(true, Some(false))])
    }

    #[tokio::test]
    async fn after_a_failure_it_listens_anew_and_tells_what_changed_meanwhile() {
        let mut events = listener();
        events.dump = late_dump;
        let (tell, mut told) = mpsc::unbounded_channel();
        let listening = tokio::spawn(events.run(move |events| tell.send(events).unwrap()));
        let events = tokio::time::timeout(Duration::from_secs(10), told.recv()).await.unwrap().unwrap();
        assert_eq!(events.iter().map(|e| e.event.as_str()).collect::<Vec<_>>(), ["link_down"]);
        listening.abort();
    }
}
