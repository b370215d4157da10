//! The filesystem root is a value: a fixture tree replaces `/sys` and `/proc`.

use std::path::{Path, PathBuf};

/// Stands for `/` of the observed node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root(PathBuf);

impl Root {
    pub fn new(path: impl Into<PathBuf>) -> Root {
        Root(path.into())
    }

    /// True when this is the machine we run on: only then do netlink, sockets and clocks speak of the observed node.
    pub fn is_live(&self) -> bool {
        self.0 == Path::new("/")
    }

    /// `path` is relative: `sys/class/net`.
    pub fn join(&self, path: impl AsRef<Path>) -> PathBuf {
        self.0.join(path)
    }
}

impl Default for Root {
    fn default() -> Root {
        Root::new("/")
    }
}
