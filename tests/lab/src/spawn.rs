//! Starts a process inside a namespace and a CPU group, with its output in a log file.

use anyhow::{Context, Result};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

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
        let log = File::options().create(true).append(true).open(self.log).with_context(|| self.log.display().to_string())?;
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
