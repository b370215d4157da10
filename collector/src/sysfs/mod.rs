//! Files of `/sys` and `/proc`: reading apart from parsing.

mod counter_file;
mod open;
mod parse;

pub use counter_file::{CounterFile, ReadError};
pub use parse::{ib_rate, ib_state, speed_mbps};

use std::io;
use std::path::Path;

/// The whole file without surrounding blanks, as far as [`open`](open::open) and [`open::whole`] bound it.
pub fn text(path: &Path) -> io::Result<String> {
    Ok(open::whole(path)?.trim().to_owned())
}

/// [`text`], or empty where the file is absent or unreadable: for descriptions, never for values.
pub fn text_or_empty(path: &Path) -> String {
    text(path).unwrap_or_default()
}

/// Last part of a symlink's target: `driver -> ../../bus/pci/drivers/mlx5_core`.
pub fn link_name(path: &Path) -> Option<String> {
    Some(std::fs::read_link(path).ok()?.file_name()?.to_str()?.to_owned())
}

/// Names in a directory, sorted, so that everything made from them has an order; those that are no UTF-8 are left out.
pub fn names(path: &Path) -> io::Result<Vec<String>> {
    let mut names: Vec<String> =
        std::fs::read_dir(path)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

/// [`names`], or none where there is no such directory. Any other error says nothing of what is there.
pub fn names_or_none(path: &Path) -> io::Result<Vec<String>> {
    match names(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed,
    }
}
