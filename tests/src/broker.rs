//! A real Kafka broker for a test: started, killed, restarted, and never left behind.
//!
//! `KAFKA_BOOTSTRAP` names an existing one to use instead; that cannot be killed, so tests that kill say that they are skipped.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

const ANSWERS_WITHIN: Duration = Duration::from_secs(60);
/// Names the directories, with the test's process id, so that those of killed tests are found.
const DIR_PREFIX: &str = "weft-broker-";

pub struct Broker {
    bootstrap: String,
    /// `None` for an existing broker.
    own: Option<Own>,
}

struct Own {
    keeper: mpsc::Sender<Order>,
    dir: TempDir,
    port: u16,
}

/// To the keeper thread; it answers when done.
enum Order {
    Start(mpsc::SyncSender<Result<u32>>),
    Kill(mpsc::SyncSender<Result<u32>>),
}

impl Broker {
    /// Starts a broker of its own on free ports, or takes the one of `KAFKA_BOOTSTRAP`. Returns when it answers.
    pub fn start() -> Result<Broker> {
        Broker::start_with("")
    }

    /// The same with settings that win over `deploy/kafka/server.properties`. With any, it is always a broker of its own.
    pub fn start_with(properties: &str) -> Result<Broker> {
        if properties.is_empty()
            && let Ok(bootstrap) = std::env::var("KAFKA_BOOTSTRAP")
        {
            return Ok(Broker { bootstrap, own: None });
        }
        need_jars()?;
        sweep();
        // Another process may take a port between its choice and its use: then choose again.
        let mut last = None;
        for _ in 0..3 {
            match Own::start(properties) {
                Ok(own) => return Ok(Broker { bootstrap: format!("127.0.0.1:{}", own.port), own: Some(own) }),
                Err(error) => last = Some(error),
            }
        }
        Err(last.context("no attempt was made")?)
    }

    /// `host:port`.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// False for an existing broker: others may use it.
    pub fn can_kill(&self) -> bool {
        self.own.is_some()
    }

    /// SIGKILL. Its data stays.
    pub fn kill(&mut self) -> Result<()> {
        self.own()?.order(Order::Kill).map(drop)
    }

    /// On the same port with the same data; returns when it answers.
    pub fn restart(&mut self) -> Result<()> {
        let own = self.own()?;
        own.order(Order::Start)?;
        await_answer(own.port)
    }

    /// The process id, for measurements.
    pub fn pid(&self) -> Option<u32> {
        fs::read_to_string(self.own.as_ref()?.dir.path().join("pid")).ok()?.parse().ok()
    }

    fn own(&self) -> Result<&Own> {
        self.own.as_ref().context("the broker of KAFKA_BOOTSTRAP is not this test's to kill")
    }
}

impl Own {
    fn start(properties: &str) -> Result<Own> {
        let dir = tempfile::Builder::new().prefix(&format!("{DIR_PREFIX}{}-", std::process::id())).tempdir()?;
        let (port, controller_port) = free_ports()?;
        let mut command = broker_command(dir.path(), port, controller_port, properties)?;
        let pid_file = dir.path().join("pid");
        let (keeper, orders) = mpsc::channel();
        // The kernel kills the broker when the thread that started it ends, so that thread must be one that lasts:
        // a test's own thread ends with the test.
        std::thread::Builder::new().name("broker".into()).spawn(move || keep(&mut command, &orders, &pid_file))?;
        let own = Own { keeper, dir, port };
        own.order(Order::Start)?;
        await_answer(port).with_context(|| own.last_words())?;
        Ok(own)
    }

    fn order(&self, order: impl FnOnce(mpsc::SyncSender<Result<u32>>) -> Order) -> Result<u32> {
        let (answer, answered) = mpsc::sync_channel(1);
        self.keeper.send(order(answer)).context("the broker's keeper has ended")?;
        answered.recv().context("the broker's keeper has ended")?
    }

    fn last_words(&self) -> String {
        let log = fs::read_to_string(self.dir.path().join("broker.log")).unwrap_or_default();
        format!("the broker says: {}", log.lines().rev().take(5).collect::<Vec<_>>().join(" | "))
    }
}

/// Owns the child. Ends, and with it the broker, when the `Broker` is dropped.
fn keep(command: &mut Command, orders: &mpsc::Receiver<Order>, pid_file: &Path) {
    let mut child: Option<Reaped> = None;
    for order in orders {
        let (answer, result) = match order {
            Order::Start(answer) => {
                child = None;
                let started = command.spawn().context("cannot start the broker");
                (answer, started.map(|started| child.insert(Reaped(started)).0.id()))
            }
            Order::Kill(answer) => {
                (answer, child.take().map(|child| child.0.id()).context("the broker is not running"))
            }
        };
        if let Ok(pid) = &result {
            drop(fs::write(pid_file, pid.to_string()));
        }
        drop(answer.send(result));
    }
}

/// Killed and waited for on drop.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn broker_command(dir: &Path, port: u16, controller_port: u16, properties: &str) -> Result<Command> {
    let log = fs::File::create(dir.join("broker.log"))?;
    // setpriv and broker.sh both exec, so that this child is the broker, and dies with its parent even by SIGKILL.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(kafka_files().join("broker.sh"));
    command.arg("run").arg(dir).args([port.to_string(), controller_port.to_string()]);
    if !properties.is_empty() {
        let file = dir.join("own.properties");
        fs::write(&file, properties)?;
        command.env("KAFKA_PROPERTIES", file);
    }
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    Ok(command)
}

fn kafka_files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/kafka")
}

fn need_jars() -> Result<()> {
    let cache = match (std::env::var_os("WEFT_CACHE"), std::env::var_os("HOME")) {
        (Some(cache), _) => PathBuf::from(cache),
        (None, Some(home)) => Path::new(&home).join(".cache/weft"),
        (None, None) => bail!("neither WEFT_CACHE nor HOME is set: no place to look for the Kafka broker's jars"),
    };
    let lib = cache.join("kafka/lib");
    ensure!(
        lib.is_dir(),
        "no Kafka broker in {}; fetch it with deploy/kafka/fetch.sh (needs java and mvn), or name an existing one \
         by KAFKA_BOOTSTRAP=HOST:PORT",
        lib.display()
    );
    Ok(())
}

/// Removes the directories of tests that were killed before they could.
fn sweep() {
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(DIR_PREFIX)?.split('-').next());
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

/// Chosen by the system, and both held until both are known.
fn free_ports() -> Result<(u16, u16)> {
    let (one, other) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    Ok((one.local_addr()?.port(), other.local_addr()?.port()))
}

fn await_answer(port: u16) -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < ANSWERS_WITHIN {
        if answers(port).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    bail!("the broker does not answer on port {port} within {} s", ANSWERS_WITHIN.as_secs())
}

/// A broker answers an ApiVersions request: size 10, key 18, version 0, correlation 1, no client id.
fn answers(port: u16) -> Result<()> {
    let mut socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.set_read_timeout(Some(Duration::from_secs(1)))?;
    socket.write_all(&[0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 255, 255])?;
    socket.read_exact(&mut [0; 8])?;
    Ok(())
}
