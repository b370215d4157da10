//! Processes of the lab: started inside a namespace and a CPU group, output in a log file, ended when let go.

use anyhow::{Context, Result, bail};
use std::fs::File;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How to start: `netns` "" is the lab's own namespace.
pub struct Spawn<'a> {
    pub netns: &'a str,
    pub group: Option<PathBuf>,
    pub log: &'a Path,
    pub program: &'a Path,
}

impl Spawn<'_> {
    /// The child's stdin is a pipe: its end is the lab's end.
    pub fn start(&self, args: &[String], envs: &[(&str, String)]) -> Result<Child> {
        let mut words: Vec<std::ffi::OsString> = Vec::new();
        if let Some(group) = &self.group {
            // "0" is the writer itself; it takes the group along through exec.
            words.extend(["sh".into(), "-c".into(), "echo 0 > \"$0\" && exec \"$@\"".into(), group.into()]);
        }
        if !self.netns.is_empty() {
            words.extend(["ip", "netns", "exec", self.netns].map(Into::into));
        }
        words.push(self.program.into());
        words.extend(args.iter().map(Into::into));
        let log =
            File::options().create(true).append(true).open(self.log).with_context(|| self.log.display().to_string())?;
        Command::new(&words[0])
            .args(&words[1..])
            .envs(envs.iter().map(|(k, v)| (k, v)))
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} in namespace {:?}", self.program.display(), self.netns))
    }
}

/// The last lines of a log, for an error's text.
pub fn tail(log: &Path, lines: usize) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// A process that ends with its owner, and whose early end is an error with its last words.
pub struct Managed {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Managed {
    pub fn new(name: &str, child: Child, log: PathBuf) -> Self {
        Self { name: name.to_owned(), child, log }
    }

    /// An error when it has ended.
    pub fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended ({status}):\n{}", self.name, tail(&self.log, 15)),
        }
    }

    /// Until something listens at `addr`.
    pub fn wait_for_port(&mut self, addr: (&str, u16), limit: Duration) -> Result<()> {
        self.wait_until(limit, &format!("listen on {}:{}", addr.0, addr.1), || TcpStream::connect(addr).is_ok())
    }

    /// Until `ready` says so; fails when the process ends before, or after `limit`.
    pub fn wait_until(&mut self, limit: Duration, what: &str, mut ready: impl FnMut() -> bool) -> Result<()> {
        let deadline = Instant::now() + limit;
        while !ready() {
            self.check()?;
            if Instant::now() > deadline {
                bail!("{} does not {what} after {limit:?}:\n{}", self.name, tail(&self.log, 15));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Asks it to end (SIGTERM) and waits; killed after `limit`.
    pub fn end(&mut self, limit: Duration) {
        let deadline = Instant::now() + limit;
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Managed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
