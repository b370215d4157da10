//! Work inside a named network namespace, on a thread of its own: a thread that has moved never comes back.

use anyhow::{Context, Result, anyhow};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::os::fd::AsFd;

pub const DIR: &str = "/run/netns";

/// Moves the calling thread; only for threads that stay there. A socket opened afterwards belongs to `name` for ever.
pub fn enter(name: &str) -> Result<()> {
    let path = format!("{DIR}/{name}");
    let file = File::open(&path).with_context(|| format!("{path}: no such namespace"))?;
    move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).with_context(|| format!("setns {path}"))
}

/// Runs `work` inside `name` on a short-lived thread and gives back its result.
pub fn within<T: Send>(name: &str, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|scope| {
        scope
            .spawn(|| {
                enter(name)?;
                work()
            })
            .join()
            .map_err(|_| anyhow!("work in namespace {name} panicked"))?
    })
}
