//! The one system call.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

/// Where commands of ethtool are answered.
pub trait Edge: Send {
    /// Hands `command` to the driver of an interface, which answers in place. A `command` begins with its number, and must have
    /// room for the whole answer: the kernel writes as much as the driver has.
    fn call(&self, interface: &str, command: &mut [u8]) -> io::Result<()>;
}

/// The running kernel, in the network namespace where it was opened. Needs no capability.
pub struct Kernel(OwnedFd);

/// From linux/sockios.h.
const SIOCETHTOOL: libc::Ioctl = 0x8946;

impl Kernel {
    pub fn open() -> io::Result<Kernel> {
        use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
        Ok(Kernel(socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?))
    }
}

impl Edge for Kernel {
    #[expect(unsafe_code, reason = "SIOCETHTOOL has no safe wrapper among our dependencies")]
    fn call(&self, interface: &str, command: &mut [u8]) -> io::Result<()> {
        let name = interface.as_bytes();
        if name.len() >= libc::IFNAMSIZ || name.contains(&0) {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        // SAFETY: ifreq is plain old data for which zeroes are valid. The kernel reads the name and follows the pointer to
        // `command`, which is alive, writable, and has room for the answer, as the trait demands of the caller.
        let returned = unsafe {
            let mut request: libc::ifreq = std::mem::zeroed();
            for (to, from) in request.ifr_name.iter_mut().zip(name) {
                *to = *from as libc::c_char;
            }
            request.ifr_ifru.ifru_data = command.as_mut_ptr().cast();
            libc::ioctl(self.0.as_raw_fd(), SIOCETHTOOL, &raw mut request)
        };
        if returned < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}
