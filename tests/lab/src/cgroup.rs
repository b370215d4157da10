//! CPU quotas, one a host, by cgroup v1 (`cpu` controller) or v2.

use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

const V1: &str = "/sys/fs/cgroup/cpu";
const V2: &str = "/sys/fs/cgroup";
const PERIOD_US: u64 = 100_000;
/// Ten times an ordinary weight: other work on this machine should not look like a slow host.
const WEIGHT: [(&str, &str); 2] = [("cpu.shares", "10240"), ("cpu.weight", "1000")];

/// The lab's own subtree; its groups are one a host, and one for what is no host's.
#[derive(Clone, Debug)]
pub struct Cgroups {
    root: PathBuf,
    v2: bool,
}

impl Cgroups {
    /// Makes the subtree `name` where this machine allows it.
    pub fn create(name: &str) -> Result<Self> {
        let v2 = Path::new(V2).join("cgroup.controllers").exists();
        if !v2 && !Path::new(V1).join("cpu.cfs_quota_us").exists() {
            bail!("no cgroup `cpu` controller under {V1} nor {V2}: mount one, or run without CPU quotas");
        }
        let base = Path::new(if v2 { V2 } else { V1 });
        let root = base.join(name);
        fs::create_dir(&root)
            .with_context(|| format!("{}: root in the machine's own namespace is needed", root.display()))?;
        if v2 {
            enable_cpu(base)?;
            enable_cpu(&root)?;
        }
        let (file, weight) = WEIGHT[usize::from(v2)];
        fs::write(root.join(file), weight).with_context(|| format!("{}/{file} = {weight}", root.display()))?;
        Ok(Self { root, v2 })
    }

    /// The subtree another process has made.
    pub fn open(root: PathBuf) -> Self {
        let v2 = root.join("cgroup.controllers").exists();
        Self { root, v2 }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A group that may use this many cores; gives the file that takes members in.
    pub fn group(&self, name: &str, cores: f64) -> Result<PathBuf> {
        let group = self.root.join(name);
        if !group.exists() {
            fs::create_dir(&group).with_context(|| group.display().to_string())?;
        }
        let quota_us = (cores * PERIOD_US as f64) as u64;
        let (file, value) = match self.v2 {
            true => ("cpu.max", format!("{quota_us} {PERIOD_US}")),
            false => ("cpu.cfs_quota_us", quota_us.to_string()),
        };
        fs::write(group.join(file), &value).with_context(|| format!("{}/{file} = {value}", group.display()))?;
        Ok(group.join("cgroup.procs"))
    }
}

fn enable_cpu(group: &Path) -> Result<()> {
    let file = group.join("cgroup.subtree_control");
    fs::write(&file, "+cpu").with_context(|| format!("{}: +cpu", file.display()))
}

/// Removes a subtree whose processes are gone; false while some are not.
pub fn remove(root: &Path) -> bool {
    let Ok(children) = fs::read_dir(root) else { return true };
    for child in children.flatten().filter(|c| c.path().is_dir()) {
        let _ = fs::remove_dir(child.path());
    }
    fs::remove_dir(root).is_ok()
}

/// Subtrees named `prefix…` of earlier labs.
pub fn stale(prefix: &str) -> Vec<PathBuf> {
    let entries = [V1, V2].iter().filter_map(|base| fs::read_dir(base).ok()).flat_map(|dir| dir.flatten());
    entries.filter(|e| e.file_name().to_string_lossy().starts_with(prefix)).map(|e| e.path()).collect()
}
