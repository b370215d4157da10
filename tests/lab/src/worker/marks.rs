//! Step marks for weft: one JSON datagram a phase. A full or missing socket never blocks the loop.

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

pub struct Marks {
    job: String,
    rank: usize,
    target: Option<(UnixDatagram, PathBuf)>,
}

impl Marks {
    pub fn new(job: String, rank: usize, socket: Option<PathBuf>) -> Self {
        let target = socket.and_then(|path| {
            let datagram = UnixDatagram::unbound().ok()?;
            datagram.set_nonblocking(true).ok()?;
            Some((datagram, path))
        });
        Self { job, rank, target }
    }

    pub fn send(&mut self, step: u64, phase: &str, start_ns: i64, end_ns: i64) {
        let Some((datagram, path)) = &self.target else { return };
        let mark = serde_json::json!({
            "job": self.job, "rank": self.rank, "step": step, "phase": phase, "start_ns": start_ns, "end_ns": end_ns,
        });
        // Deliberately not awaited or retried: training goes first.
        let _ = datagram.send_to(mark.to_string().as_bytes(), path);
    }
}
