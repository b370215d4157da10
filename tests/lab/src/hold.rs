//! `--hold`: tells others how to reach the lab's parts, so that they may break something by hand.
//!
//! Process ids differ inside and outside: the inside writes its own, marked `@`, into the lab's folder; the supervisor
//! turns them into the ids that `nsenter` outside needs, and writes the file where it was asked for.

use crate::lab::Lab;
use crate::pipeline::Settings;
use crate::process::Spawn;
use crate::{fabric, panel};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const DRAFT: &str = "hold/env";
/// Holds the path of the finished file; the reaper reads it too.
const TARGET: &str = "hold/path";

/// Inside: the draft, with an anchor process in every namespace.
pub fn publish(lab: &Lab, settings: &Settings, bootstrap: &str, target: &Path) -> Result<()> {
    let mut text = format!(
        "# weft-lab --hold. The page and the API are reachable as they stand; everything else from inside:\n\
         #   nsenter -t $LAB_PID -n …          the management network (broker, analyzer)\n\
         #   nsenter -t $H1_PID -n …           a host or switch, by its name\n\
         # Pull a cable: both ends of it in the patch panel go down (here h1's), and up again to mend it:\n\
         #   nsenter -t $PANEL_PID -n ip link set h1-eth1 down; nsenter -t $PANEL_PID -n ip link set leaf1-swp1 down\n\
         # CABLE_n = its two ends as device/port, then their devices in the patch panel.\n\
         WEFT_URL=http://127.0.0.1:{}\nWEFT_API=http://127.0.0.1:{}\nKAFKA_BOOTSTRAP={bootstrap}\nMGMT_ADDR={}\nPLAN={}\nLAB_PID=@1\n",
        settings.page_port,
        settings.analyzer_port,
        fabric::MGMT_ADDR,
        lab.plan_folder().display(),
    );
    let names = lab.topology.nodes.iter().map(|n| n.name.as_str()).chain([panel::NETNS]);
    for name in names {
        let log = lab.workdir.join("anchor.log");
        // Never waited for: it ends with the lab.
        let anchor = Spawn { netns: name, group: None, log: &log, program: Path::new("sleep") }
            .start(&["infinity".into()], &[])?;
        writeln!(text, "{}_PID=@{}", name.to_uppercase(), anchor.id())?;
    }
    for (n, c) in lab.topology.cables.iter().enumerate() {
        let [a, b] = c.ends();
        writeln!(
            text,
            "CABLE_{}=\"{}/{} {}/{} {} {}\"",
            n + 1,
            a.device,
            a.port,
            b.device,
            b.port,
            a.jack(),
            b.jack()
        )?;
    }
    fs::create_dir_all(lab.workdir.join("hold"))?;
    fs::write(lab.workdir.join(TARGET), target.display().to_string())?;
    // Renamed into place: the supervisor never sees half of it.
    let part = lab.workdir.join("hold/part");
    fs::write(&part, text)?;
    Ok(fs::rename(part, lab.workdir.join(DRAFT))?)
}

/// Outside: waits for the draft and writes the finished file. `unshare` is the process that made the namespaces.
pub async fn finish(workdir: PathBuf, unshare: u32) -> Result<()> {
    let draft = loop {
        match fs::read_to_string(workdir.join(DRAFT)) {
            Ok(draft) => break draft,
            Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    };
    let target = fs::read_to_string(workdir.join(TARGET))?;
    fs::write(&target, translate(&draft, &outer_pids(unshare)?)).with_context(|| target.clone())?;
    eprintln!("the lab holds until Ctrl-C; {target} says where everything is");
    Ok(())
}

/// Takes the finished file away.
pub fn remove(workdir: &Path) {
    if let Ok(target) = fs::read_to_string(workdir.join(TARGET)) {
        let _ = fs::remove_file(target);
    }
}

fn translate(draft: &str, pids: &BTreeMap<u32, u32>) -> String {
    let line = |line: &str| match line.split_once("=@") {
        Some((name, inner)) => match inner.parse().ok().and_then(|inner: u32| pids.get(&inner)) {
            Some(outer) => format!("{name}={outer}\n"),
            None => format!("# {name}: ended\n"),
        },
        None => format!("{line}\n"),
    };
    draft.lines().map(line).collect()
}

/// Ids inside the lab → ids here.
fn outer_pids(unshare: u32) -> Result<BTreeMap<u32, u32>> {
    let lab = fs::read_link(format!("/proc/{unshare}/ns/pid_for_children"))?;
    let mut pids = BTreeMap::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(outer) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
        if fs::read_link(entry.path().join("ns/pid")).is_ok_and(|ns| ns == lab) {
            let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
            if let Some(inner) = innermost(&status) {
                pids.insert(inner, outer);
            }
        }
    }
    Ok(pids)
}

fn innermost(status: &str) -> Option<u32> {
    status.lines().find_map(|l| l.strip_prefix("NSpid:"))?.split_whitespace().last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_ids_become_outer_ones() {
        let pids = BTreeMap::from([(1, 4711), (17, 4728)]);
        assert_eq!(
            translate("LAB_PID=@1\nH1_PID=@17\nH2_PID=@18\n", &pids),
            "LAB_PID=4711\nH1_PID=4728\n# H2_PID: ended\n"
        );
        assert_eq!(innermost("Name:\tx\nNSpid:\t4728\t17\n"), Some(17));
    }
}
