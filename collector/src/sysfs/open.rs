//! Opening and reading what may be no file of `/sys` at all. A tree given with `--root` holds whatever was copied into it:
//! a pipe whose open waits for a writer, or a link to a device that never ends. Neither may hold the reader up.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The longest text that is read, bytes. `/proc/stat` and `softnet_stat` of a machine with 2,000 CPUs take some 300 KiB.
const LONGEST_TEXT: u64 = 1 << 20;

/// Without waiting: a pipe without a writer opens at once and is then empty, or refuses to be read at a place.
pub(super) fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}

/// The whole file as text; an error when it is longer than [`LONGEST_TEXT`] or no UTF-8.
pub(super) fn whole(path: &Path) -> io::Result<String> {
    let mut text = Vec::new();
    open(path)?.take(LONGEST_TEXT + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LONGEST_TEXT {
        return Err(io::Error::other(format!("longer than {LONGEST_TEXT} bytes: no file of /sys or /proc")));
    }
    String::from_utf8(text).map_err(|_| io::Error::other("no UTF-8: no file of /sys or /proc"))
}
