//! Runs the real tools (ip, tc, nft) and says what they said when they fail.

use anyhow::{Context, Result, bail};
use std::io::Write;
use std::process::{Command, Stdio};

/// Runs to the end with `input` on stdin; stdout back. The error holds the tool's own words.
pub fn run(program: &str, args: &[&str], input: &str) -> Result<String> {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| {
            format!("{program} cannot be started: is its Debian package (iproute2, nftables) installed?")
        })?;
    child.stdin.take().context("stdin is piped")?.write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{program} {}: {}\n{input}", args.join(" "), said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A batch of `ip` commands within one namespace ("" = the lab's own).
pub fn ip(netns: &str, batch: &str) -> Result<()> {
    batched("ip", netns, batch)
}

/// A batch of `tc` commands within one namespace.
pub fn tc(netns: &str, batch: &str) -> Result<()> {
    batched("tc", netns, batch)
}

fn batched(tool: &str, netns: &str, batch: &str) -> Result<()> {
    let args: &[&str] = if netns.is_empty() { &["-batch", "-"] } else { &["-n", netns, "-batch", "-"] };
    run(tool, args, batch).map(drop)
}
