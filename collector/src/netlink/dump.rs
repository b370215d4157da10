//! One rtnetlink socket on which whole tables are asked for.

use crate::clock::Window;
use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, NetlinkBuffer};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use std::io;
use std::time::{Duration, Instant};

/// The kernel fills at most 32 KiB a datagram of a dump.
const DATAGRAM: usize = 64 << 10;
/// The kernel answers at once, or somebody holds its lock: then the source fails and backs off.
const PATIENCE: Duration = Duration::from_millis(500);
const HEADER: usize = 16;

#[derive(Debug)]
pub struct DumpSocket {
    socket: Socket,
    sequence: u32,
    buffer: Vec<u8>,
}

impl DumpSocket {
    /// Needs no capability.
    pub fn open() -> io::Result<DumpSocket> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
        Ok(DumpSocket { socket, sequence: 0, buffer: Vec::with_capacity(DATAGRAM) })
    }

    /// Asks for all of a table; `body` is the request after the netlink header. `each` gets (type, message) of every answer, and
    /// when the kernel wrote the message: while the datagram was received that holds it.
    pub fn dump(&mut self, request: u16, body: &[u8], mut each: impl FnMut(u16, &[u8], Window)) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        self.socket.send(&message(request, self.sequence, body), 0)?;
        loop {
            self.buffer.clear();
            let start = Instant::now();
            let length = self.socket.recv(&mut self.buffer, libc::MSG_TRUNC)?;
            if length > self.buffer.len() {
                return Err(io::Error::other(format!("a netlink datagram of {length} bytes was cut")));
            }
            let window = Window::lasting(start.elapsed());
            if self.take_datagram(&mut |kind, message| each(kind, message, window))? {
                return Ok(());
            }
        }
    }

    /// True at the end of the dump.
    fn take_datagram(&self, each: &mut impl FnMut(u16, &[u8])) -> io::Result<bool> {
        let mut rest = &self.buffer[..];
        while rest.len() >= HEADER {
            let message = NetlinkBuffer::new_checked(rest).map_err(io::Error::other)?;
            let length = message.length() as usize;
            // An answer to a dump that was given up on comes late: it is not ours.
            if message.sequence_number() == self.sequence {
                match message.message_type() {
                    NLMSG_DONE => return Ok(true),
                    NLMSG_ERROR => return Err(error(message.payload())),
                    kind => each(kind, message.payload()),
                }
            }
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        Ok(false)
    }
}

fn message(request: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; HEADER];
    let mut header = NetlinkBuffer::new(&mut bytes);
    header.set_length((HEADER + body.len()) as u32);
    header.set_message_type(request);
    header.set_flags(NLM_F_REQUEST | NLM_F_DUMP);
    header.set_sequence_number(sequence);
    bytes.extend_from_slice(body);
    bytes
}

/// The payload of NLMSG_ERROR begins with a negative errno.
fn error(payload: &[u8]) -> io::Error {
    match super::attributes::u32_at(payload, 0) {
        Some(code) => io::Error::from_raw_os_error((code as i32).wrapping_neg()),
        None => io::Error::other("netlink error without a code"),
    }
}
