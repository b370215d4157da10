//! The Python helper against the real socket.

use crate::sources::{StepBuffer, StepSocket};
use crate::telemetry::Telemetry;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

const SCRIPT: &str = "
import weft_step, time
for i in range(3):
    with weft_step.weft_step('compute', step=i, loss=0.5):
        time.sleep(0.001)
";

fn python(socket: &Path) -> Command {
    let mut python = Command::new("python3");
    python
        .args(["-c", SCRIPT])
        .env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/python"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("WEFT_STEP_SOCKET", socket)
        .envs([("WEFT_JOB", "train"), ("RANK", "3"), ("LOCAL_RANK", "1")]);
    python
}

#[tokio::test]
async fn the_python_helper_tells_steps() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("step.sock");
    let telemetry = Arc::new(Telemetry::default());
    let buffer = Arc::new(StepBuffer::new(100, telemetry.clone()));
    let socket = StepSocket::bind(&path).unwrap();
    assert!(StepSocket::bind(&path).is_err(), "two collectors cannot share a socket");
    let reading = tokio::spawn({
        let buffer = buffer.clone();
        async move { socket.read_into("n1", &buffer).await }
    });
    let status = tokio::task::spawn_blocking(move || python(&path).status()).await.unwrap().unwrap();
    assert!(status.success());
    while telemetry.step_marks.get() + telemetry.step_malformed.get() < 3 {
        tokio::task::yield_now().await;
    }
    reading.abort();
    let marks = buffer.take();
    assert_eq!(buffer.malformed(), Vec::<String>::new());
    let steps: Vec<i64> = marks.iter().map(|m| m.step).collect();
    assert_eq!(steps, [0, 1, 2]);
    let mark = &marks[0];
    assert_eq!((mark.job.as_str(), mark.rank, mark.gpu, mark.phase.as_str()), ("train", 3, Some(1), "compute"));
    assert!(mark.end_ns - mark.start_ns >= 1_000_000 && mark.extra == r#"{"loss":0.5}"#);
}

#[test]
fn a_loop_that_nobody_listens_to_runs_on() {
    assert!(python(Path::new("/nonexistent/step.sock")).status().unwrap().success());
}

#[test]
fn a_full_socket_does_not_hold_the_loop_up() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("step.sock");
    // Bound and never read: its queue is full after a few datagrams.
    let _deaf = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    let filler = std::os::unix::net::UnixDatagram::unbound().unwrap();
    filler.set_nonblocking(true).unwrap();
    while filler.send_to(b"{}", &path).is_ok() {}
    assert!(python(&path).status().unwrap().success());
}
