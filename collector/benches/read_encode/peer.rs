//! Debian's prometheus-node-exporter on the same tree: what a scrape of the same counters costs it.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = "/usr/bin/prometheus-node-exporter";
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Cost {
    pub us_per_counter: f64,
    pub counters: usize,
    pub scrapes: usize,
}

/// `None` where the program is not installed.
pub fn measure(root: &Path, scrapes: usize) -> io::Result<Option<Cost>> {
    if !Path::new(PROGRAM).exists() {
        return Ok(None);
    }
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut exporter = Running::start(root, port)?;
    let counters = exporter.first_scrape(port)?;
    let before = cpu_s(exporter.0.id())?;
    for _ in 0..scrapes {
        scrape(port)?;
    }
    let spent = cpu_s(exporter.0.id())? - before;
    Ok(Some(Cost { us_per_counter: spent * 1e6 / (scrapes * counters) as f64, counters, scrapes }))
}

struct Running(Child);

impl Running {
    fn start(root: &Path, port: u16) -> io::Result<Running> {
        let exporter = Command::new(PROGRAM)
            .arg(format!("--path.sysfs={}", root.join("sys").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .args(["--collector.disable-defaults", "--collector.infiniband", "--web.disable-exporter-metrics"])
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Running(exporter))
    }

    /// Counters it tells, once it answers.
    fn first_scrape(&mut self, port: u16) -> io::Result<usize> {
        let start = Instant::now();
        loop {
            match scrape(port) {
                Ok(text) => return Ok(text.lines().filter(|line| line.starts_with("node_infiniband_")).count()),
                Err(error) if start.elapsed() > PATIENCE => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn scrape(port: u16) -> io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

/// CPU seconds of a process so far, user and system (`/proc/PID/stat`, in ticks of 10 ms).
fn cpu_s(pid: u32) -> io::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<u64>().ok()).sum();
    Ok(ticks as f64 / 100.0)
}
