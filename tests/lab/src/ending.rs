//! Whether the lab was asked to end: the supervisor closes the inside's stdin on Ctrl-C, and so does its own death.

use anyhow::{Result, bail};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

static REQUESTED: AtomicBool = AtomicBool::new(false);
const SLICE: Duration = Duration::from_millis(100);

/// Follows stdin. What has not ended in order `grace` after the request ends now; the namespaces take the rest away.
pub fn follow(grace: Duration) {
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        REQUESTED.store(true, Relaxed);
        std::thread::sleep(grace);
        std::process::exit(130);
    });
}

pub fn requested() -> bool {
    REQUESTED.load(Relaxed)
}

/// Sleeps in slices, `check`ing in each; an error when the end was requested.
pub fn sleep(length: Duration, mut check: impl FnMut() -> Result<()>) -> Result<()> {
    let end = Instant::now() + length;
    loop {
        if requested() {
            bail!("interrupted");
        }
        check()?;
        match end.checked_duration_since(Instant::now()) {
            None => return Ok(()),
            Some(left) => std::thread::sleep(left.min(SLICE)),
        }
    }
}
