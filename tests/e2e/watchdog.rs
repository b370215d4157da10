//! systemd's watchdog as systemd sees it: datagrams on a Unix socket, from an analyzer in a process of its own. That
//! process is this test binary again, running the one test below it.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use weft_analyzer::live::{self, LiveOptions};
use weft_analyzer::watchdog;
use weft_tests::fleet::S;
use weft_transport::{Publisher, Topic, in_process};
use weft_wire::*;

const CHILD: &str = "WEFT_TEST_WATCHDOG";
/// What systemd allows between two signs of life: it would end a process that is silent for longer.
const WATCHDOG: Duration = Duration::from_millis(600);
const PATIENCE: Duration = Duration::from_secs(60);
const BEGAN: i64 = 1_780_000_000 * S;

struct Analyzer {
    process: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Analyzer {
    fn start(socket: &std::path::Path) -> Analyzer {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "watchdog::analyzer_process", "--nocapture", "--test-threads=1"]);
        command.env(CHILD, "1").env("NOTIFY_SOCKET", socket);
        command.env("WATCHDOG_USEC", WATCHDOG.as_micros().to_string());
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Analyzer { process, lines }
    }

    fn wait_for(&mut self, word: &str) {
        let said = self.lines.by_ref().map_while(Result::ok).find(|line| line.contains(word));
        assert!(said.is_some(), "the analyzer ended without saying {word}");
    }
}

impl Drop for Analyzer {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Signs of life until none has come for `silence`, or `most` have.
fn signs(socket: &UnixDatagram, silence: Duration, most: usize) -> usize {
    let (mut seen, began) = (0, Instant::now());
    socket.set_read_timeout(Some(silence)).unwrap();
    let mut text = [0; 256];
    while seen < most && began.elapsed() < PATIENCE {
        let Ok(length) = socket.recv(&mut text) else { return seen };
        seen += usize::from(text[..length].split(|b| *b == b'\n').any(|line| line == b"WATCHDOG=1"));
    }
    seen
}

#[test]
fn the_watchdog_is_fed_while_the_analyzer_gets_on_and_not_when_it_hangs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let mut analyzer = Analyzer::start(&path);
    analyzer.wait_for("resting");
    assert_eq!(signs(&socket, PATIENCE, 6), 6, "it has nothing to do, and lives");
    use std::io::Write;
    analyzer.process.stdin.as_mut().unwrap().write_all(b"hang\n").unwrap();
    analyzer.wait_for("hanging");
    // The looks at the moment of hanging and before it may have seen it move; then nothing comes for as long as it hangs.
    let last = signs(&socket, 5 * WATCHDOG, 100);
    assert!(last <= 8, "{last} signs of life of a thread that hangs");
    assert_eq!(signs(&socket, 2 * WATCHDOG, 100), 0);
}

/// No test of its own: does nothing unless it was started as the child.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn analyzer_process() {
    if std::env::var(CHILD).is_err() {
        return;
    }
    let (publisher, subscriber) = in_process(100);
    let live = live::start(LiveOptions {
        plan: Default::default(),
        jobs: Default::default(),
        book: Default::default(),
        jobs_file: None,
        on_plan: Box::new(|_| {}),
        subscriber,
        dead_letters: None,
        state_dir: None,
        lateness_ns: 0,
        false_alarms: weft_judge::features::FALSE_ALARMS,
        window_ns: 60 * S,
        window_bytes: 1 << 20,
        // In the intake's thread: whoever never returns from here holds it up for good.
        on_update: Box::new(|_| {
            println!("hanging");
            loop {
                std::thread::park();
            }
        }),
    })
    .unwrap();
    let watch = watchdog::start(live.heart().clone()).expect("a watchdog is asked for");
    println!("resting");
    // Ends with the parent, however that ends.
    let mut line = String::new();
    let read = tokio::task::spawn_blocking(move || std::io::stdin().read_line(&mut line).map(|_| line));
    if read.await.unwrap().unwrap().is_empty() {
        return;
    }
    let hang = tokio::spawn(async move {
        goes_down(publisher).await;
        // The parent reads until it hears that the thread hangs.
        tokio::time::sleep(PATIENCE).await;
        std::process::exit(1);
    });
    tokio::task::spawn_blocking(|| drop(std::io::copy(&mut std::io::stdin(), &mut std::io::sink()))).await.unwrap();
    watch.abort();
    hang.abort();
    std::process::exit(0);
}

/// A link that is up for three seconds, then down.
async fn goes_down(publisher: Arc<dyn Publisher>) {
    let schema = Arc::new(TableSchema::wide(Table::Nic, &["link_up"]).unwrap());
    for second in 0..12 {
        let mut writer = TableWriter::new(schema.clone());
        writer.begin_row(0, BEGAN + second * S, None, 0);
        writer.set_int(0, 0, i64::from(second < 3));
        let frame = Frame {
            collector: "n0".into(),
            boot: 1,
            sequence: second as u64,
            flush_ts_ns: BEGAN + (second + 1) * S,
            clock_error_us: None,
            inventory_version: 1,
            dropped_frames: 0,
            inventory: (second == 0).then(|| inventory(&schema)),
            sections: vec![Section { schema: schema.clone(), batch: writer.finish().unwrap() }],
        };
        let bytes = frame.encode().unwrap().into();
        // It hangs before the last ones are taken in.
        drop(tokio::time::timeout(PATIENCE, publisher.publish(Topic::Frames, "n0", bytes)).await);
    }
}

fn inventory(schema: &TableSchema) -> Inventory {
    let port = PortDescriptor {
        index: 0,
        table: Table::Nic,
        device: "n0".into(),
        port: "eth0".into(),
        driver: String::new(),
        speed_bps: None,
        epoch: 0,
        part: Part::default(),
        position: String::new(),
        profile: 0,
        labels: Default::default(),
    };
    let device = DeviceDescriptor {
        device: "n0".into(),
        kind: DeviceKind::Node,
        boot_id: String::new(),
        labels: Default::default(),
    };
    Inventory {
        collector: "n0".into(),
        boot: 1,
        version: 1,
        devices: vec![device],
        ports: vec![port],
        profiles: vec![Profile::default()],
        schemas: vec![schema.clone()],
        flush_period_ms: 1000,
        neighbors: Vec::new(),
    }
}
