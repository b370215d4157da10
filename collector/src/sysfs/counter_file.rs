//! A counter's file, kept open: `pread` at 0 costs a tenth of open, read and close.

use super::parse::uint;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// sysfs gives one page at most; a counter is one short line.
const LONGEST: usize = 128;
/// PAGE_SIZE of the kernels that a file of several lines comes from; sysfs gives no more.
const PAGE: usize = 4096;

#[derive(Debug)]
pub struct CounterFile(File);

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The device says that it does not count this: `N/A (no PMA)`.
    #[error("the device says {0:?}, which is no number")]
    NoNumber(String),
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl ReadError {
    /// The device behind the open file has gone; another may be there under the same name.
    pub fn is_gone(&self) -> bool {
        matches!(self, ReadError::Io(e) if matches!(e.raw_os_error(), Some(libc::ENODEV | libc::ENOENT | libc::ENXIO)))
    }

    /// The kernel knows the counter, the device does not offer it now: absent, not failed. EINVAL is how single counters
    /// of some ConnectX ports answer, how `rate` answers on an empty socket, and how `carrier` and `speed` answer while the
    /// interface is set down by its administrator.
    pub fn is_unsupported(&self) -> bool {
        let code = |e: &io::Error| matches!(e.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EINVAL));
        matches!(self, ReadError::NoNumber(_)) || matches!(self, ReadError::Io(e) if code(e))
    }

    /// The next reading may well succeed: the device is busy now.
    pub fn is_passing(&self) -> bool {
        matches!(self, ReadError::Io(e) if matches!(e.raw_os_error(), Some(libc::EAGAIN | libc::EINTR | libc::EBUSY)))
    }
}

impl CounterFile {
    pub fn open(path: &Path) -> io::Result<CounterFile> {
        super::open::open(path).map(CounterFile)
    }

    pub fn read(&self) -> Result<u64, ReadError> {
        let mut line = [0; LONGEST];
        let length = self.0.read_at(&mut line, 0)?;
        let line = &line[..length];
        uint(line).ok_or_else(|| ReadError::NoNumber(String::from_utf8_lossy(line).trim().to_owned()))
    }

    /// A file of several lines as text.
    pub fn read_page(&self) -> Result<String, ReadError> {
        let mut page = [0; PAGE];
        let length = self.0.read_at(&mut page, 0)?;
        Ok(String::from_utf8_lossy(&page[..length]).trim().to_owned())
    }

    /// The file as text, for states and rates.
    pub fn read_text(&self) -> Result<String, ReadError> {
        let mut line = [0; LONGEST];
        let length = self.0.read_at(&mut line, 0)?;
        Ok(String::from_utf8_lossy(&line[..length]).trim().to_owned())
    }
}
