//! Everything runs in fresh network, mount and process namespaces, so that its end, however it comes, takes all of it away.
//!
//! ```text
//! weft-lab (supervisor, outside) ── unshare --kill-child ── weft-lab (inside, pid 1): namespaces, workers, broker, weft
//!      │ pipe                           ▲ kill -9
//!      └────────── sh (reaper, own session): when the supervisor is gone, kills, then removes folder and cgroups
//! ```
//! Outside the namespaces live only two things, the folder and the cgroups: both are the reaper's.

use crate::cgroup::Cgroups;
use crate::workdir::{self, Workdir};
use crate::{forward, hold};
use anyhow::{Context, Result};
use rustix::process::{Signal, set_parent_process_death_signal};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

const INSIDE: &str = "WEFT_LAB_INSIDE";
const CGROUPS: &str = "WEFT_LAB_CGROUPS";
const PORTS: &str = "WEFT_LAB_PORTS";
/// How long the inside may take to end by itself.
const GRACE: Duration = Duration::from_secs(15);

/// Its command line names no weft, so that killing everything of that name still leaves it to clean up.
const REAPER: &str = r#"
pid=; while read -r line; do pid=$line; done
case "$pid" in ''|done) ;; *) kill -9 "$pid";; esac
[ -f "$R_FOLDER/hold/path" ] && rm -f "$(cat "$R_FOLDER/hold/path")"
n=0; while [ $n -lt 100 ]; do
  [ -n "$R_CGROUPS" ] && find "$R_CGROUPS" -depth -type d -exec rmdir {} \;
  rm -rf "$R_FOLDER"
  [ -e "$R_FOLDER" ] || [ -e "${R_CGROUPS:-/nonexistent}" ] || exit 0
  n=$((n+1)); sleep 0.1
done
"#;

/// What the inside needs to know of the outside.
pub struct Inside {
    pub workdir: PathBuf,
    pub cgroups: Option<Cgroups>,
    /// Free outside, for what is reachable from there.
    pub ports: [u16; 2],
}

/// Some: this process is the inside one.
pub fn inside() -> Result<Option<Inside>> {
    let Some(workdir) = std::env::var_os(INSIDE).map(PathBuf::from) else { return Ok(None) };
    // A private /run: the named namespaces live and die with this mount namespace.
    crate::command::run("mount", &["-t", "tmpfs", "none", "/run"], "")?;
    std::fs::create_dir_all(crate::netns::DIR)?;
    let cgroups = std::env::var_os(CGROUPS).map(|root| Cgroups::open(root.into()));
    let ports = std::env::var(PORTS).context(PORTS)?;
    let (a, b) = ports.split_once(',').context(PORTS)?;
    Ok(Some(Inside { workdir, cgroups, ports: [a.parse()?, b.parse()?] }))
}

/// Starts this very command again inside, waits, cleans up; gives the exit code.
pub async fn supervise() -> Result<i32> {
    // Under make, the lab ends with it even when make is killed.
    if std::env::var_os("MAKELEVEL").is_some() {
        set_parent_process_death_signal(Some(Signal::TERM))?;
    }
    workdir::sweep();
    let workdir = Workdir::create()?;
    let cgroups = Cgroups::create(&workdir::name()).inspect_err(|e| tracing::warn!("no CPU quotas: {e:#}")).ok();
    let mut reaper = start_reaper(&workdir.path, cgroups.as_ref().map(Cgroups::root))?;
    let mut to_reaper = reaper.stdin.take().context("the reaper's stdin is piped")?;
    let child = start_inside(&workdir.path, cgroups.as_ref())?;
    let pid = child.id().unwrap_or_default();
    writeln!(to_reaper, "{pid}")?;
    let holding = tokio::spawn(hold::finish(workdir.path.clone(), pid));
    let forwards = forward::follow(workdir.path.clone());
    let code = wait(child).await;
    forwards.abort();
    holding.abort();
    hold::remove(&workdir.path);
    workdir::remove(&workdir.path, cgroups.as_ref().map(Cgroups::root));
    writeln!(to_reaper, "done")?;
    drop(to_reaper);
    let _ = reaper.wait();
    code
}

fn start_reaper(folder: &Path, cgroups: Option<&Path>) -> Result<Child> {
    Command::new("setsid")
        .args(["sh", "-c", REAPER])
        .env("R_FOLDER", folder)
        .env("R_CGROUPS", cgroups.unwrap_or(Path::new("")))
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("setsid (Debian package util-linux)")
}

fn start_inside(workdir: &Path, cgroups: Option<&Cgroups>) -> Result<tokio::process::Child> {
    let mut command = Command::new("unshare");
    command.args(["--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "--"]);
    command.arg(std::env::current_exe()?).args(std::env::args_os().skip(1));
    command.env(INSIDE, workdir).env(PORTS, free_ports()?).stdin(Stdio::piped());
    if let Some(cgroups) = cgroups {
        command.env(CGROUPS, cgroups.root());
    }
    // Its own group: a Ctrl-C reaches the supervisor alone, which ends the inside in order.
    command.process_group(0);
    tokio::process::Command::from(command).spawn().context("unshare (Debian package util-linux); the lab needs root")
}

/// Two ports that were free a moment ago: the usual ones, where `weft sql` looks by itself, or any.
fn free_ports() -> Result<String> {
    let bind = |usual: u16| TcpListener::bind(("127.0.0.1", usual)).or_else(|_| TcpListener::bind(("127.0.0.1", 0)));
    let (a, b) = (bind(9870)?, bind(9871)?);
    Ok(format!("{},{}", a.local_addr()?.port(), b.local_addr()?.port()))
}

async fn wait(mut child: tokio::process::Child) -> Result<i32> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut hangup = signal(SignalKind::hangup())?;
    let stdin = child.stdin.take();
    let interrupted = tokio::select! {
        status = child.wait() => return Ok(status?.code().unwrap_or(2)),
        _ = interrupt.recv() => 130,
        _ = terminate.recv() => 143,
        _ = hangup.recv() => 129,
    };
    drop(stdin);
    match tokio::time::timeout(GRACE, child.wait()).await {
        Ok(status) => Ok(status?.code().filter(|code| *code == 0).unwrap_or(interrupted)),
        Err(_) => {
            child.kill().await?;
            Ok(interrupted)
        }
    }
}
