//! The lab's folder under the temporary directory: sockets, logs, the broker's data. Locked while its owner lives.

use crate::cgroup;
use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub const PREFIX: &str = "weft-lab-";

pub struct Workdir {
    pub path: PathBuf,
    /// Held open: the lock goes with the process, however it ends.
    _lock: File,
}

impl Workdir {
    pub fn create() -> Result<Self> {
        let path = std::env::temp_dir().join(name());
        fs::create_dir(&path).with_context(|| path.display().to_string())?;
        let lock = File::create(path.join("lock"))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Self { path, _lock: lock })
    }
}

/// Name of this lab's folder and cgroup subtree.
pub fn name() -> String {
    format!("{PREFIX}{}", std::process::id())
}

/// Removes folders and cgroups of labs whose owner is gone, should even their reaper have been killed.
pub fn sweep() {
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else { return };
    let folders: Vec<PathBuf> =
        entries.flatten().map(|e| e.path()).filter(|p| file_name(p).starts_with(PREFIX) && p.is_dir()).collect();
    for folder in folders.iter().filter(|f| !is_owned(f)) {
        tracing::info!("sweeping {}", folder.display());
        let _ = fs::remove_dir_all(folder);
    }
    for group in cgroup::stale(PREFIX) {
        let owner = std::env::temp_dir().join(file_name(&group));
        if !owner.exists() {
            cgroup::remove(&group);
        }
    }
}

/// Removes folder and cgroups at the end; processes may need a moment to vanish.
pub fn remove(folder: &Path, cgroups: Option<&Path>) {
    for _ in 0..50 {
        let _ = fs::remove_dir_all(folder);
        if cgroups.is_none_or(cgroup::remove) && !folder.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    tracing::warn!(
        "left behind: {} {}",
        folder.display(),
        cgroups.map(|c| c.display().to_string()).unwrap_or_default()
    );
}

fn is_owned(folder: &Path) -> bool {
    match File::open(folder.join("lock")) {
        Ok(lock) => flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err(),
        // Just being made, or not ours: left alone while it is young.
        Err(_) => fs::metadata(folder)
            .and_then(|m| m.modified())
            .is_ok_and(|t| t.elapsed().is_ok_and(|age| age < Duration::from_secs(60))),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}
