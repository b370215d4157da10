//! `lldp`: who is at the other end of each port's cable, as the neighbours themselves say it (IEEE 802.1AB).
//!
//! ```text
//! AF_PACKET socket ─► frame ─► advert ─► neighbors ─► inventory of the next flush
//!        ▲                                  └─ forgotten when their time to live runs out
//!        └── what this device says of itself, with `transmit = true`
//! ```
//! It always listens and by itself says nothing, because most nodes run an LLDP agent already. Needs CAP_NET_RAW. A frame to
//! the group it listens to is forwarded by no bridge, so what is heard comes from the other end of the cable.

mod advert;
mod announce;
mod id;
mod neighbors;
mod socket;
mod tlv;

pub use neighbors::Neighbors;

use crate::clock::now_ns;
use crate::directory::{Carrier, DirectoryEntry, PortDirectory};
use crate::telemetry::Telemetry;
use advert::Wrong;
use announce::{TTL_S, Turns};
use neighbors::Taken;
use serde::{Deserialize, Serialize};
use socket::{LldpSocket, Received};
use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::MissedTickBehavior;
use tracing::{debug, info, warn};

pub const NAME: &str = "lldp";

/// `[collector.lldp]`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LldpConfig {
    /// Says this device's name and its ports' to the other ends of their cables. Off where lldpd or the like does so.
    pub transmit: bool,
}

const SECOND: Duration = Duration::from_secs(1);
/// A 512-port switch whose neighbours all speak in the same second; the kernel's bounded buffer drops what is beyond, so
/// that nobody's flood of frames costs the node more than this.
const MOST_A_SECOND: u32 = 512;
/// Longer than any Ethernet frame that LLDP may fill; what is longer is cut and left.
const BUFFER: usize = 2048;
/// After a failure it listens anew after so long.
const ANEW: Duration = Duration::from_secs(30);

pub struct Lldp {
    device: String,
    transmit: bool,
    directory: PortDirectory,
    neighbors: Neighbors,
    telemetry: Arc<Telemetry>,
    turns: Turns,
    /// Ports whose frames to LLDP's group we take.
    joined: HashSet<u32>,
    /// By port, how often its carrier had changed a second ago.
    changes: HashMap<u32, u32>,
    has_complained: bool,
}

impl Lldp {
    pub fn new(
        device: &str,
        config: LldpConfig,
        directory: PortDirectory,
        neighbors: Neighbors,
        telemetry: Arc<Telemetry>,
    ) -> Lldp {
        Lldp {
            device: device.into(),
            transmit: config.transmit,
            directory,
            neighbors,
            telemetry,
            turns: Turns::default(),
            joined: HashSet::new(),
            changes: HashMap::new(),
            has_complained: false,
        }
    }

    /// Listens for ever; ends at once, with a word to the log, where the right to is missing.
    pub async fn run(mut self) {
        loop {
            match LldpSocket::open() {
                Ok(socket) => {
                    let error = self.listen(Open { socket, goodbyes: Vec::new() }).await;
                    warn!(%error, "LLDP is not heard for now; listening anew in {} s", ANEW.as_secs());
                }
                Err(error) => return say_off(&error),
            }
            tokio::time::sleep(ANEW).await;
        }
    }

    async fn listen(&mut self, mut open: Open) -> io::Error {
        (self.joined, self.turns) = Default::default();
        let mut seconds = tokio::time::interval(SECOND);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut buffer, mut left) = (vec![0; BUFFER], MOST_A_SECOND);
        loop {
            tokio::select! {
                _ = seconds.tick() => {
                    left = MOST_A_SECOND;
                    self.each_second(&mut open, Instant::now());
                }
                received = open.socket.receive(&mut buffer), if left > 0 => {
                    left -= 1;
                    match received {
                        Ok(received) => self.take(received, &buffer),
                        // A port that goes down or away says so here once.
                        Err(error) if matches!(error.raw_os_error(), Some(libc::ENETDOWN | libc::ENODEV)) => {}
                        Err(error) => return error,
                    }
                }
            }
        }
    }

    fn take(&mut self, received: Received, buffer: &[u8]) {
        self.telemetry.lldp_frames.add(1);
        let frame = buffer.get(..received.length).ok_or(Wrong::CutShort);
        match frame.and_then(advert::read) {
            Ok(advert) => match self.neighbors.take(received.ifindex, advert, Instant::now(), now_ns()) {
                Taken::New => self.turns.hurry(received.ifindex),
                Taken::Full => self.telemetry.lldp_refused.add(1),
                Taken::Known | Taken::Gone => {}
            },
            Err(Wrong::Foreign) => {}
            Err(wrong) => {
                self.telemetry.lldp_malformed.add(1);
                if !std::mem::replace(&mut self.has_complained, true) {
                    let port = self.directory.get(received.ifindex).map(|entry| entry.port).unwrap_or_default();
                    warn!(port, "an LLDP frame could not be read: {wrong}; further ones are counted only");
                }
            }
        }
    }

    fn each_second(&mut self, open: &mut Open, now: Instant) {
        self.telemetry.lldp_expired.add(self.neighbors.expire(now));
        let ports = self.directory.list();
        ports.iter().for_each(|(ifindex, _)| self.follow_carrier(*ifindex));
        self.changes.retain(|ifindex, _| ports.iter().any(|(known, _)| known == ifindex));
        self.joined.retain(|ifindex| ports.iter().any(|(known, _)| known == ifindex));
        for (ifindex, entry) in &ports {
            // A port that cannot be joined, because it has just gone, is tried again with the next second.
            if !self.joined.contains(ifindex) && open.socket.join(*ifindex).is_ok() {
                self.joined.insert(*ifindex);
                debug!(port = entry.port, "LLDP is listened for");
            }
        }
        if self.transmit {
            self.speak(&ports, open, now);
        }
    }

    /// A cable that was pulled may be another when it is plugged: nobody of before counts, and whoever is there now is told of us
    /// soon.
    fn follow_carrier(&mut self, ifindex: u32) {
        let Carrier { changes, lost } = self.directory.carrier(ifindex);
        if self.changes.insert(ifindex, changes).unwrap_or(0) != changes {
            lost.into_iter().for_each(|lost| self.neighbors.unplug(ifindex, lost));
            self.turns.hurry(ifindex);
        }
    }

    fn speak(&mut self, ports: &[(u32, DirectoryEntry)], open: &mut Open, now: Instant) {
        let up = |ifindex: u32| ports.iter().any(|(known, entry)| *known == ifindex && entry.admin_up);
        self.turns.keep(up);
        for (ifindex, entry) in ports.iter().filter(|(_, entry)| entry.admin_up) {
            let Some(address) = entry.address else { continue };
            if self.turns.is_due(*ifindex, now) {
                let frame = announce::frame(&self.device, &entry.port, address.into(), TTL_S);
                self.telemetry.lldp_sent.add(u64::from(open.socket.send(*ifindex, &frame).is_ok()));
                open.goodbyes.retain(|(known, _)| known != ifindex);
                open.goodbyes.push((*ifindex, announce::frame(&self.device, &entry.port, address.into(), 0)));
            }
        }
        let spoken: HashSet<u32> = self.turns.spoken().collect();
        open.goodbyes.retain(|(ifindex, _)| spoken.contains(ifindex));
    }
}

/// A socket on which this device may have spoken; takes its words back when it goes.
struct Open {
    socket: LldpSocket,
    /// The last words for each port, by interface index.
    goodbyes: Vec<(u32, Vec<u8>)>,
}

impl Drop for Open {
    fn drop(&mut self) {
        for (ifindex, frame) in &self.goodbyes {
            if let Err(error) = self.socket.send(*ifindex, frame) {
                debug!(ifindex, %error, "no goodbye told: the neighbour forgets us by itself in {TTL_S} s");
            }
        }
    }
}

/// What it costs, and what would do.
fn say_off(error: &io::Error) {
    if error.kind() == io::ErrorKind::PermissionDenied || error.raw_os_error() == Some(libc::EAFNOSUPPORT) {
        info!(
            %error,
            "LLDP is off: needs CAP_NET_RAW (systemd: AmbientCapabilities=CAP_NET_RAW and AF_PACKET in RestrictAddressFamilies); \
             without it cables are known from the plan folder alone, and cables that lie otherwise are not found"
        );
    } else {
        warn!(%error, "LLDP is off: no AF_PACKET socket");
    }
}
