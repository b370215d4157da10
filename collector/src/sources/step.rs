//! `step`: marks of training loops, one JSON datagram each on a Unix socket.
//!
//! `{"job":"j","rank":3,"gpu":3,"step":120,"phase":"compute","start_ns":…,"end_ns":…}`; unknown fields are kept. A mark
//! that cannot be read is counted and set aside, and never disturbs the loop that sent it.

use crate::telemetry::Telemetry;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::UnixDatagram;
use weft_wire::StepRow;

pub const NAME: &str = "step";

/// `[collector] step`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StepConfig {
    /// Empty: no socket.
    pub socket: PathBuf,
    /// Marks kept between two flushes; 64 ranks with 4 marks a step of 50 ms make 5,000 a second.
    pub keep: usize,
}

impl Default for StepConfig {
    fn default() -> StepConfig {
        StepConfig { socket: "/run/weft/step.sock".into(), keep: 8192 }
    }
}

/// A longer datagram is no mark.
const LONGEST: usize = 8 << 10;
/// Marks kept between two flushes take no more than this, however many may be kept: they share a frame with the counters,
/// and the transport refuses a frame of 8 MiB whole. Room for the default number of marks of 256 bytes.
const MOST_BYTES: usize = 2 << 20;
/// What a mark takes beside its texts.
const MARK_BYTES: usize = 48;
/// Unreadable marks kept for a person to look at.
const SET_ASIDE: usize = 8;
const PHASES: [&str; 5] = ["", "compute", "communicate", "wait", "io"];

/// Marks on their way to the next flush.
#[derive(Debug)]
pub struct StepBuffer {
    keep: usize,
    telemetry: Arc<Telemetry>,
    marks: Mutex<Marks>,
    malformed: Mutex<VecDeque<String>>,
}

#[derive(Debug, Default)]
struct Marks {
    rows: Vec<StepRow>,
    bytes: usize,
}

impl StepBuffer {
    pub fn new(keep: usize, telemetry: Arc<Telemetry>) -> StepBuffer {
        StepBuffer { keep, telemetry, marks: Mutex::default(), malformed: Mutex::default() }
    }

    /// The marks since the last call.
    pub fn take(&self) -> Vec<StepRow> {
        std::mem::take(&mut *self.marks.lock().unwrap_or_else(PoisonError::into_inner)).rows
    }

    /// What was wrong with the last few unreadable marks.
    pub fn malformed(&self) -> Vec<String> {
        self.malformed.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    pub fn add(&self, device: &str, datagram: &[u8]) {
        match parse_mark(device, datagram) {
            Ok(mark) => self.keep(mark),
            Err(why) => self.set_aside(why),
        }
    }

    fn keep(&self, mark: StepRow) {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = marks.bytes + bytes_of(&mark);
        if marks.rows.len() < self.keep && bytes <= MOST_BYTES {
            marks.bytes = bytes;
            marks.rows.push(mark);
        } else {
            self.telemetry.step_dropped.add(1);
        }
        self.telemetry.step_marks.add(1);
    }

    fn set_aside(&self, why: String) {
        self.telemetry.step_malformed.add(1);
        if self.telemetry.step_malformed.get() == 1 {
            tracing::warn!(why, "a step mark could not be read; further ones are counted only");
        }
        let mut malformed = self.malformed.lock().unwrap_or_else(PoisonError::into_inner);
        if malformed.len() == SET_ASIDE {
            malformed.pop_front();
        }
        malformed.push_back(why);
    }
}

fn bytes_of(mark: &StepRow) -> usize {
    MARK_BYTES + mark.device.len() + mark.job.len() + mark.phase.len() + mark.extra.len()
}

#[derive(Debug)]
pub struct StepSocket {
    socket: UnixDatagram,
    path: PathBuf,
}

impl StepSocket {
    /// Binds the socket for every user to write to. Needs a Tokio runtime. A socket that nobody reads any more is replaced.
    pub fn bind(path: &Path) -> io::Result<StepSocket> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        if std::os::unix::net::UnixDatagram::unbound()?.connect(path).is_ok() {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "another collector reads this socket"));
        }
        match std::fs::remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let socket = UnixDatagram::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
        Ok(StepSocket { socket, path: path.to_owned() })
    }

    /// Reads marks for ever.
    pub async fn read_into(&self, device: &str, buffer: &StepBuffer) -> io::Result<()> {
        let mut datagram = vec![0; LONGEST + 1];
        loop {
            let length = self.socket.recv(&mut datagram).await?;
            buffer.add(device, &datagram[..length]);
        }
    }
}

impl Drop for StepSocket {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(path = %self.path.display(), %error, "step socket not removed");
        }
    }
}

/// The error says what is wrong with the mark, and how it began.
pub fn parse_mark(device: &str, datagram: &[u8]) -> Result<StepRow, String> {
    let wrong = |what: &str| {
        let begin: String = String::from_utf8_lossy(datagram).chars().take(120).collect();
        format!("{what}: {begin}")
    };
    if datagram.len() > LONGEST {
        return Err(wrong("longer than 8 KiB"));
    }
    let mark: Mark = serde_json::from_slice(datagram).map_err(|e| wrong(&e.to_string()))?;
    if !PHASES.contains(&mark.phase.as_str()) {
        return Err(wrong("phase is none of compute, communicate, wait, io"));
    }
    if mark.start_ns <= 0 || mark.end_ns < mark.start_ns {
        return Err(wrong("end_ns lies before start_ns, or start_ns is no time"));
    }
    let extra = match mark.extra.is_empty() {
        true => String::new(),
        false => serde_json::Value::Object(mark.extra).to_string(),
    };
    let Mark { job, rank, gpu, step, phase, start_ns, end_ns, .. } = mark;
    Ok(StepRow { device: device.to_owned(), job, rank, gpu, step, phase, start_ns, end_ns, extra })
}

#[derive(Deserialize)]
struct Mark {
    job: String,
    rank: i32,
    #[serde(default)]
    gpu: Option<i32>,
    step: i64,
    #[serde(default)]
    phase: String,
    start_ns: i64,
    end_ns: i64,
    #[serde(flatten)]
    extra: serde_json::Map<String, serde_json::Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_keep_what_is_not_known() {
        let mark = br#"{"job":"j","rank":3,"gpu":3,"step":120,"phase":"compute","start_ns":5,"end_ns":9,"loss":1.5}"#;
        let row = parse_mark("n1", mark).unwrap();
        assert_eq!((row.job.as_str(), row.rank, row.gpu, row.step), ("j", 3, Some(3), 120));
        assert_eq!((row.start_ns, row.end_ns, row.extra.as_str()), (5, 9, r#"{"loss":1.5}"#));
    }

    #[test]
    fn bad_marks_say_what_is_wrong() {
        for (mark, word) in [
            ("", "EOF"),
            ("{\"job\":1}", "string"),
            (r#"{"job":"j","rank":0,"step":1,"start_ns":9,"end_ns":5}"#, "before"),
            (r#"{"job":"j","rank":0,"step":1,"start_ns":5,"end_ns":9,"phase":"sleep"}"#, "phase"),
            (r#"{"rank":0,"step":1,"start_ns":5,"end_ns":9}"#, "job"),
        ] {
            let error = parse_mark("n1", mark.as_bytes()).unwrap_err();
            assert!(error.contains(word), "{mark}: {error}");
        }
    }

    #[test]
    fn a_full_buffer_drops_and_counts() {
        let telemetry = Arc::new(Telemetry::default());
        let buffer = StepBuffer::new(1, telemetry.clone());
        let mark = br#"{"job":"j","rank":0,"step":1,"start_ns":5,"end_ns":9}"#;
        buffer.add("n1", mark);
        buffer.add("n1", mark);
        buffer.add("n1", b"rubbish");
        assert_eq!((telemetry.step_marks.get(), telemetry.step_dropped.get()), (2, 1));
        assert_eq!((buffer.take().len(), buffer.malformed().len(), telemetry.step_malformed.get()), (1, 1, 1));
    }
    #[test]
    fn long_marks_are_bounded_by_their_bytes() {
        let telemetry = Arc::new(Telemetry::default());
        let buffer = StepBuffer::new(StepConfig::default().keep, telemetry.clone());
        let note = "x".repeat(7 << 10);
        let mark = format!(r#"{{"job":"j","rank":0,"step":1,"start_ns":5,"end_ns":9,"note":"{note}"}}"#);
        for _ in 0..2 {
            let dropped = telemetry.step_dropped.get();
            (0..1000).for_each(|_| buffer.add("n1", mark.as_bytes()));
            let kept = buffer.take();
            let bytes: usize = kept.iter().map(bytes_of).sum();
            assert!((MOST_BYTES / 2..=MOST_BYTES).contains(&bytes), "{bytes}");
            assert_eq!(kept.len() as u64 + telemetry.step_dropped.get() - dropped, 1000);
        }
    }
}
