//! An AF_PACKET socket that hears LLDP frames on all interfaces of this network namespace, and tells on which.
//!
//! The kernel hands over frames of our ethertype alone, so nothing else wakes us. One socket serves all ports: a port only
//! adds its membership in the group that LLDP is sent to.
#![expect(unsafe_code, reason = "packet(7) addresses and memberships have no safe wrapper among our dependencies")]

use super::advert::{ETHERTYPE, NEAREST_BRIDGE};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::os::fd::AsRawFd;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Room for some 50 frames that come at once, with the kernel's own bytes for each.
const RECEIVE_BUFFER: usize = 128 << 10;

#[derive(Debug)]
pub struct LldpSocket(AsyncFd<Socket>);

/// A frame that came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Received {
    pub ifindex: u32,
    /// Its whole length; more than the buffer held when it was cut.
    pub length: usize,
}

impl LldpSocket {
    /// Needs CAP_NET_RAW and a Tokio runtime.
    pub fn open() -> io::Result<LldpSocket> {
        let protocol = Protocol::from(i32::from(ETHERTYPE.to_be()));
        let socket = Socket::new(Domain::PACKET, Type::RAW.nonblocking().cloexec(), Some(protocol))?;
        socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
        // A frame that came by a member of a bond or bridge is told as of that member.
        set_option(&socket, libc::PACKET_ORIGDEV, &libc::c_int::from(true))?;
        // SAFETY: the socket owns its descriptor, and stays in the registration until that ends.
        Ok(LldpSocket(unsafe { AsyncFd::register_with_interest(socket, Interest::READABLE) }?))
    }

    /// From here on the port takes frames to LLDP's group. Ends with the interface.
    pub fn join(&self, ifindex: u32) -> io::Result<()> {
        let mut address = [0; 8];
        address[..6].copy_from_slice(&NEAREST_BRIDGE.octets());
        let group = libc::packet_mreq {
            mr_ifindex: ifindex as libc::c_int,
            mr_type: libc::PACKET_MR_MULTICAST as libc::c_ushort,
            mr_alen: 6,
            mr_address: address,
        };
        set_option(self.0.get_ref(), libc::PACKET_ADD_MEMBERSHIP, &group)
    }

    /// The next frame. Cancel-safe.
    pub async fn receive(&self, buffer: &mut [u8]) -> io::Result<Received> {
        loop {
            let mut ready = self.0.readable().await?;
            if let Ok(received) = ready.try_io(|socket| receive(socket.get_ref(), buffer)) {
                return received;
            }
        }
    }

    /// Never waits: a port that takes no frame now loses this one.
    pub fn send(&self, ifindex: u32, frame: &[u8]) -> io::Result<()> {
        let mut to = address();
        to.sll_family = libc::AF_PACKET as libc::c_ushort;
        to.sll_protocol = ETHERTYPE.to_be();
        to.sll_ifindex = ifindex as libc::c_int;
        to.sll_halen = 6;
        to.sll_addr[..6].copy_from_slice(&NEAREST_BRIDGE.octets());
        let fd = self.0.get_ref().as_raw_fd();
        // SAFETY: both pointers are to values that live through the call, with their own lengths.
        let sent = unsafe {
            libc::sendto(fd, frame.as_ptr().cast(), frame.len(), 0, (&raw const to).cast(), size_of_val(&to) as u32)
        };
        if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

fn receive(socket: &Socket, buffer: &mut [u8]) -> io::Result<Received> {
    let mut from = address();
    let mut from_length = size_of_val(&from) as libc::socklen_t;
    // SAFETY: the kernel writes no more than the lengths say, into values that live through the call.
    let length = unsafe {
        libc::recvfrom(
            socket.as_raw_fd(),
            buffer.as_mut_ptr().cast(),
            buffer.len(),
            libc::MSG_TRUNC,
            (&raw mut from).cast(),
            &raw mut from_length,
        )
    };
    match usize::try_from(length) {
        Ok(length) => Ok(Received { ifindex: from.sll_ifindex as u32, length }),
        Err(_) => Err(io::Error::last_os_error()),
    }
}

fn address() -> libc::sockaddr_ll {
    // SAFETY: a C struct of integers, for which all zeros is a value.
    unsafe { std::mem::zeroed() }
}

fn set_option<T>(socket: &Socket, option: libc::c_int, value: &T) -> io::Result<()> {
    // SAFETY: the kernel reads a value that lives through the call, no further than its length.
    let set = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            option,
            (&raw const *value).cast(),
            size_of::<T>() as libc::socklen_t,
        )
    };
    if set < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
