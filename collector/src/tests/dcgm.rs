//! GPUs by the page of a dcgm-exporter: a page in the form that version 4 writes, from a server on loopback.

use super::config;
use crate::agent::identity;
use crate::board::{Board, Canonical, Status};
use crate::config::CollectorConfig;
use crate::directory::PortDirectory;
use crate::schedule::Round;
use crate::sources::{self, Setup, Source, SourceError};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use weft_wire::Tier;

const PAGE: &str = r#"# HELP DCGM_FI_DEV_SM_CLOCK SM clock frequency (in MHz).
# TYPE DCGM_FI_DEV_SM_CLOCK gauge
DCGM_FI_DEV_SM_CLOCK{gpu="0",UUID="GPU-a8affe7e",pci_bus_id="00000000:0D:00.0",device="nvidia0",modelName="NVIDIA H100 80GB HBM3",Hostname="n1",DCGM_FI_DRIVER_VERSION="580.126.09"} 1980
DCGM_FI_DEV_SM_CLOCK{gpu="1",UUID="GPU-72ad4d20",pci_bus_id="00000000:B4:00.0",device="nvidia1",modelName="NVIDIA H100 80GB HBM3",Hostname="n1"} 1410
DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-a8affe7e",pci_bus_id="00000000:0D:00.0",device="nvidia0",modelName="NVIDIA H100 80GB HBM3"} 412.345000
DCGM_FI_DEV_MEMORY_TEMP{gpu="0", UUID="GPU-a8affe7e",container="",namespace="",pod=""} 9223372036854775794
DCGM_FI_DEV_XID_ERRORS{gpu="0",UUID="GPU-a8affe7e",err_code="0",err_msg="No Error"} 0
DCGM_FI_DEV_GPU_UTIL{gpu="1",GPU_I_PROFILE="1g.10gb",GPU_I_ID="3"} 55
DCGM_FI_DEV_CLOCKS_EVENT_REASONS{gpu="1",UUID="GPU-72ad4d20"} 64
DCGM_FI_DEV_FB_USED{gpu="0",UUID="GPU-a8affe7e"} 1024
"#;

/// Answers each request with what stands in it then.
fn serve(answer: &Arc<Mutex<String>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/metrics", listener.local_addr().unwrap());
    let answer = answer.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let head = BufReader::new(stream.try_clone().unwrap());
            let _head: Vec<_> = head.lines().map_while(|line| line.ok().filter(|line| !line.is_empty())).collect();
            let answer = answer.lock().unwrap().clone();
            let _sent = stream.write_all(answer.as_bytes());
        }
    });
    url
}

fn ok(page: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
        page.len()
    )
}

struct Rig {
    answer: Arc<Mutex<String>>,
    board: Board,
    source: Box<dyn Source>,
}

impl Rig {
    fn new(answer: String) -> Rig {
        let answer = Arc::new(Mutex::new(answer));
        let off = sources::names().filter(|name| *name != "dcgm").map(str::to_owned).collect();
        let config = CollectorConfig { dcgm: serve(&answer), off, ..config(Path::new("/")) };
        let setup = Setup { patience: Duration::from_secs(20), ..config.setup(PortDirectory::default()) };
        let source = sources::make_all(&setup).pop().unwrap().source.unwrap();
        Rig { answer, board: Board::new(identity(&config)), source }
    }

    /// One tick; what was told.
    fn tick(&mut self) -> Result<Vec<String>, SourceError> {
        self.board.begin_round();
        let read = self.source.read(&Round { slowest: Tier::Normal, due_ns: 1 }, &mut self.board);
        self.board.settle();
        self.board.relayout().unwrap();
        read.map(|()| self.board.take_events().into_iter().map(|event| event.text).collect())
    }

    /// How many GPUs have a row of this tick.
    fn rows(&mut self) -> usize {
        self.tick().unwrap();
        self.board.write_rows(&Round { slowest: Tier::Normal, due_ns: 1 });
        self.board.take().unwrap().iter().map(|section| section.batch.num_rows()).sum()
    }

    fn says(&self, gpu: &str, counter: &str) -> Option<(Status, Option<Canonical>)> {
        let gpu = self.board.entities().find(|entity| entity.port == gpu)?;
        gpu.cells().find(|cell| cell.counter() == counter).map(|cell| (cell.status().0, cell.canonical()))
    }
}

#[test]
fn gpus_of_the_page_are_told_and_what_it_does_not_know_is_absent() {
    let mut rig = Rig::new(ok(PAGE));
    assert!(rig.tick().unwrap().is_empty());
    let float = |value| Some((Status::Ok, Some(Canonical::Float(value))));
    assert_eq!(rig.says("gpu0", "sm_clock_mhz"), float(1980.0));
    assert_eq!(rig.says("gpu1", "sm_clock_mhz"), float(1410.0));
    assert_eq!(rig.says("gpu0", "power_w"), float(412.345));
    assert_eq!(rig.says("gpu0", "memory_temperature_c").map(|said| said.0), Some(Status::Absent), "a blank of DCGM");
    assert_eq!(rig.says("gpu1", "utilization_percent"), None, "a part of a GPU is none");
    assert_eq!(rig.says("gpu1", "throttle_reasons"), Some((Status::Ok, Some(Canonical::Int(64)))));
    let gpu = rig.board.entities().find(|entity| entity.port == "gpu0").unwrap();
    assert_eq!(
        (gpu.descriptor.position.as_str(), gpu.descriptor.part.model.as_str()),
        ("00000000:0D:00.0", "NVIDIA H100 80GB HBM3")
    );
    assert_eq!(rig.board.entities().count(), 2);
}

#[test]
fn what_has_not_changed_may_be_old_and_has_no_row() {
    let mut rig = Rig::new(ok(PAGE));
    assert_eq!([rig.rows(), rig.rows()], [2, 0]);
    *rig.answer.lock().unwrap() = ok(&PAGE.replace("412.345", "412.346"));
    assert_eq!([rig.rows(), rig.rows()], [1, 0]);
    let others = PAGE.lines().filter(|line| !line.contains("gpu=\"1\"")).collect::<Vec<_>>().join("\n");
    *rig.answer.lock().unwrap() = ok(&format!("{others}\n"));
    rig.tick().unwrap();
    let said = rig.says("gpu1", "sm_clock_mhz").map(|said| said.0);
    assert_eq!(said, Some(Status::Failed), "a GPU that the page leaves out is not one that was never there");
}

#[test]
fn an_xid_that_is_new_is_told_and_one_that_stands_there_is_not() {
    let xid = |code: u32| ok(&PAGE.replace("err_msg=\"No Error\"} 0", &format!("err_msg=\"…\"}} {code}")));
    let mut rig = Rig::new(xid(31));
    assert!(rig.tick().unwrap().is_empty(), "it was there before");
    *rig.answer.lock().unwrap() = xid(79);
    let told = [rig.tick().unwrap(), rig.tick().unwrap()].concat();
    assert_eq!(told, ["gpu0: Xid 79"]);
    assert_eq!(rig.says("gpu0", "last_xid"), Some((Status::Ok, Some(Canonical::Float(79.0)))));
}

#[test]
fn a_page_that_is_none_is_an_error_that_names_it_and_takes_no_gpu_away() {
    let mut rig = Rig::new(ok(PAGE));
    rig.tick().unwrap();
    for (answer, expected) in [
        ("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(), "503"),
        (ok("<html>\n<p>no exporter</p>\n"), "2 of its lines are no samples"),
        (ok("node_load1 0.3\n"), "is it a dcgm-exporter's?"),
        ("garbage".to_owned(), "/metrics"),
    ] {
        *rig.answer.lock().unwrap() = answer;
        let said = rig.tick().unwrap_err().to_string();
        assert!(said.contains(expected), "{said}");
    }
    assert_eq!(rig.says("gpu0", "sm_clock_mhz").map(|said| said.0), Some(Status::Failed));
    *rig.answer.lock().unwrap() = ok(PAGE);
    rig.tick().unwrap();
    assert_eq!(rig.says("gpu0", "sm_clock_mhz").map(|said| said.0), Some(Status::Ok));
}
