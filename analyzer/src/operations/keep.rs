//! What was announced, on the disk: a JSON file in the state folder. Written beside the old file and renamed, so that a crash
//! leaves the old one or the new one.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// Durable when it returns.
pub fn write(path: &Path, all: &[impl Serialize]) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(dir)?;
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(&serde_json::to_vec_pretty(all)?)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // The rename itself is durable when the folder is.
    File::open(dir)?.sync_all()
}

/// Nothing where there is no such file.
pub fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Vec<T>> {
    match std::fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        text => Ok(serde_json::from_slice(&text?)?),
    }
}
