//! GPUs by NVML, through a real shared library that says what a text file says.

use super::config;
use crate::agent::identity;
use crate::board::{Board, Reading, Status};
use crate::clock::now_ns;
use crate::config::CollectorConfig;
use crate::directory::PortDirectory;
use crate::explain::{Line, explain};
use crate::schedule::Round;
use crate::sources::{self, Setup, Source, SourceError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use weft_nvml_double::Double;
use weft_wire::{EventRow, Tier};

/// What an H100 of an idle node says, in part: what has no line here, it does not offer.
const H100: &str = "
nvml driver 570.86.15
gpu0 name NVIDIA H100 80GB HBM3
gpu0 uuid GPU-6f1ee8a5-0000-1111-2222-333344445555
gpu0 serial 1654922006000
gpu0 vbios 96.00.5E.00.01
gpu0 bus 00000000:1B:00.0
gpu0 nvmlDeviceGetClockInfo.sm 1980
gpu0 nvmlDeviceGetPowerUsage 412345
gpu0 nvmlDeviceGetTemperature.gpu 41
gpu0 nvmlDeviceGetUtilizationRates.gpu 97
gpu0 nvmlDeviceGetUtilizationRates.memory 12
gpu0 nvmlDeviceGetCurrentClocksEventReasons 4
gpu0 nvmlDeviceGetCurrPcieLinkGeneration 5
gpu0 nvmlDeviceGetCurrPcieLinkWidth 16
gpu0 nvmlDeviceGetGpuFabricInfoV.state 3
gpu0 nvmlDeviceGetGpuFabricInfoV.status 0
gpu0 nvmlDeviceGetGpuFabricInfoV.cliqueId 32766
gpu0 nvmlDeviceGetGpuFabricInfoV.healthMask 170
gpu0 field.3 7
gpu0 field.4 0
gpu0 field.82 49:1
gpu0 field.94 3:1
gpu0 field.91 2:1
gpu0/link0 nvmlDeviceGetNvLinkState 1
gpu0/link0 bus 00000000:07:00.0
gpu0/link0 field.138 1000
gpu0/link0 field.161 0
gpu0/link0 field.162 0
gpu0/link0 field.164 26562:1
gpu0/link1 nvmlDeviceGetNvLinkState 0
gpu0/link1 field.165 2:1
gpu0/link1 field.138 2000
gpu0/link1 field.163 5
gpu0/link1 field.220 783
";

struct Rig {
    double: Double,
    board: Board,
    source: Box<dyn Source>,
    _folder: TempDir,
}

fn gpu_config(nvml: PathBuf) -> CollectorConfig {
    let off = sources::names().filter(|name| *name != "gpu").map(str::to_owned).collect();
    CollectorConfig { nvml, off, ..config(Path::new("/")) }
}

impl Rig {
    fn new(script: &str, patience: Duration) -> Rig {
        let folder = tempfile::tempdir().unwrap();
        let double = Double::install(folder.path(), script);
        let config = gpu_config(double.library());
        let setup = Setup { patience, ..config.setup(PortDirectory::default()) };
        let source = sources::make_all(&setup).pop().unwrap().source.unwrap();
        Rig { double, board: Board::new(identity(&config)), source, _folder: folder }
    }

    /// One tick; what was told of ports since the one before.
    fn tick(&mut self, slowest: Tier) -> Result<Vec<EventRow>, SourceError> {
        self.board.begin_round();
        let read = self.source.read(&Round { slowest, due_ns: now_ns() }, &mut self.board);
        self.board.settle();
        self.board.relayout().unwrap();
        read.map(|()| self.board.take_events())
    }

    /// What became of a counter of a port, by its raw name.
    fn cell(&self, port: &str, raw: &str) -> (Status, Reading) {
        let entity = self.board.entities().find(|e| e.port == port).unwrap_or_else(|| panic!("no {port}"));
        let cell = entity.cells().find(|c| c.raw == raw).unwrap_or_else(|| panic!("{port} has no {raw}"));
        (cell.status().0, cell.reading.clone())
    }
}

const LONG: Duration = Duration::from_secs(60);
const POWER: &str = "nvmlDeviceGetPowerUsage";

fn said(lines: &[Line], port: &str, raw: &str) -> (String, &'static str, Option<f64>) {
    let line = lines.iter().find(|l| l.port == port && l.raw_name == raw).unwrap_or_else(|| panic!("{port} {raw}"));
    (line.counter.clone(), line.status, line.value.as_ref().and_then(serde_json::Number::as_f64))
}

#[test]
fn a_gpu_and_its_links_are_told_in_the_units_of_the_catalogue() {
    let folder = tempfile::tempdir().unwrap();
    let lines = explain(&gpu_config(Double::install(folder.path(), H100).library()));
    for (port, raw, counter, value) in [
        ("gpu0", POWER, "power_w", 412.345),
        ("gpu0", "nvmlDeviceGetClockInfo.sm", "sm_clock_mhz", 1980.0),
        ("gpu0", "nvmlDeviceGetTemperature.gpu", "temperature_c", 41.0),
        ("gpu0", "NVML_FI_DEV_MEMORY_TEMP", "memory_temperature_c", 49.0),
        ("gpu0", "nvmlDeviceGetUtilizationRates.gpu", "utilization_percent", 97.0),
        ("gpu0", "nvmlDeviceGetUtilizationRates.memory", "memory_utilization_percent", 12.0),
        ("gpu0", "nvmlDeviceGetCurrentClocksEventReasons", "throttle_reasons", 4.0),
        ("gpu0", "nvmlDeviceGetCurrPcieLinkGeneration", "pcie_speed_gtps", 32.0),
        ("gpu0", "nvmlDeviceGetCurrPcieLinkWidth", "pcie_width", 16.0),
        ("gpu0", "nvmlDeviceGetGpuFabricInfoV.cliqueId", "fabric_clique", 32766.0),
        ("gpu0", "nvmlDeviceGetGpuFabricInfoV.healthMask", "fabric_health_mask", 170.0),
        ("gpu0", "NVML_FI_DEV_ECC_SBE_VOL_TOTAL", "ecc_correctable", 7.0),
        ("gpu0", "NVML_FI_DEV_ECC_DBE_VOL_TOTAL", "ecc_uncorrectable", 0.0),
        ("gpu0", "NVML_FI_DEV_PCIE_REPLAY_COUNTER", "pcie_replays", 3.0),
        ("gpu0/link0", "NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX", "tx_bytes", 1_024_000.0),
        ("gpu0/link0", "NVML_FI_DEV_NVLINK_GET_SPEED", "speed_bps", 212_496e6),
        ("gpu0/link0", "NVML_FI_DEV_NVLINK_ERROR_DL_REPLAY", "replays", 0.0),
        ("gpu0/link0", "nvmlDeviceGetNvLinkState", "link_up", 1.0),
        // Another scope, another link; and a link that sleeps is up.
        ("gpu0/link1", "NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX", "tx_bytes", 2_048_000.0),
        ("gpu0/link1", "NVML_FI_DEV_NVLINK_ERROR_DL_CRC", "crc_errors", 5.0),
        ("gpu0/link1", "nvmlDeviceGetNvLinkState", "link_up", 1.0),
        ("gpu0/link1", "NVML_FI_DEV_NVLINK_COUNT_EFFECTIVE_BER", "effective_ber", 3e-15),
    ] {
        assert_eq!(said(&lines, port, raw), (counter.to_owned(), "ok", Some(value)), "{port} {raw}");
    }
    for (port, raw) in [
        ("gpu0", "NVML_FI_DEV_REMAPPED_FAILURE"),
        ("gpu0", "nvmlDeviceGetEnforcedPowerLimit"),
        ("gpu0/link0", "NVML_FI_DEV_NVLINK_COUNT_XMIT_BYTES"),
        ("gpu0/link0", "NVML_FI_DEV_NVLINK_ERROR_DL_CRC"),
    ] {
        let line = lines.iter().find(|l| l.port == port && l.raw_name == raw).unwrap();
        assert_eq!((line.status, &line.value), ("absent", &None), "{port} {raw}: not offered is not zero");
        assert!(line.reason.contains("NOT_SUPPORTED"), "{}", line.reason);
    }
    assert!(!lines.iter().any(|l| l.port == "gpu0/link2" || l.status == "failed"), "two links, and nothing failed");
}

#[test]
fn no_library_is_absent_and_says_where_to_look() {
    let lines = explain(&gpu_config("/nonexistent/libnvidia-ml.so.1".into()));
    let [line] = &lines[..] else { panic!("one line for the source: {lines:?}") };
    assert_eq!((line.source.as_str(), line.status), ("gpu", "absent"));
    assert!(line.reason.contains("/nonexistent/libnvidia-ml.so.1") && line.reason.contains("[collector] nvml"));
}

#[test]
fn a_library_without_a_driver_is_absent_and_any_other_trouble_failed() {
    for (code, status) in [(9, "absent"), (18, "failed")] {
        let folder = tempfile::tempdir().unwrap();
        let lines = explain(&gpu_config(Double::install(folder.path(), &format!("nvml init !{code}")).library()));
        assert_eq!(lines.iter().map(|l| l.status).collect::<Vec<_>>(), [status], "{lines:?}");
    }
}

#[test]
fn one_field_that_fails_blinds_one_counter_even_where_it_fails_the_call() {
    let script = H100.replace("gpu0 field.3 7", "gpu0 field.3 !999");
    for whole in ["", "gpu0 fields !999\n"] {
        let mut rig = Rig::new(&format!("{script}{whole}"), LONG);
        rig.tick(Tier::Slow).unwrap();
        let (status, reading) = rig.cell("gpu0", "NVML_FI_DEV_ECC_SBE_VOL_TOTAL");
        assert_eq!((status, reading), (Status::Failed, Reading::Failed("NVML_ERROR_UNKNOWN".into())));
        for (port, raw, value) in [
            ("gpu0", "NVML_FI_DEV_ECC_DBE_VOL_TOTAL", 0),
            ("gpu0", POWER, 412_345),
            ("gpu0/link1", "NVML_FI_DEV_NVLINK_ERROR_DL_CRC", 5),
        ] {
            assert_eq!(rig.cell(port, raw), (Status::Ok, Reading::Uint(value)), "{raw}, {whole:?}");
        }
    }
}

#[test]
fn a_lost_gpu_is_flagged_and_said_once_and_the_next_is_read_on() {
    let other = "gpu1 uuid GPU-2\ngpu1 nvmlDeviceGetPowerUsage 1000\n";
    let mut rig = Rig::new(&format!("{H100}{other}"), LONG);
    assert_eq!(rig.tick(Tier::Slow).unwrap(), []);
    rig.double.say(&format!("{H100}{}gpu0 all !15\n", other.replace("1000", "2000")));
    let told = rig.tick(Tier::Normal).unwrap();
    assert_eq!(told.iter().map(|e| e.event.as_str()).collect::<Vec<_>>(), ["kernel"]);
    assert!(told[0].text.starts_with("gpu0: ") && told[0].text.contains("GPU_IS_LOST"), "{}", told[0].text);
    for (port, raw) in [("gpu0", POWER), ("gpu0/link0", "nvmlDeviceGetNvLinkState")] {
        assert_eq!(rig.cell(port, raw).0, Status::Failed, "{port} {raw}");
    }
    assert_eq!(rig.cell("gpu0", "NVML_FI_DEV_REMAPPED_FAILURE").0, Status::Absent, "not offered before, nor now");
    assert_eq!(rig.cell("gpu1", POWER), (Status::Ok, Reading::Uint(2000)));
    for tier in [Tier::Normal, Tier::Slow, Tier::Normal] {
        assert_eq!(rig.tick(tier).unwrap(), [], "said once");
    }
    rig.double.say(&format!("{H100}{other}"));
    let told = rig.tick(Tier::Slow).unwrap();
    assert!(told[0].text.contains("answers again"), "{told:?}");
    assert_eq!(rig.cell("gpu0", POWER), (Status::Ok, Reading::Uint(412_345)));
}

#[test]
fn a_gpu_that_was_lost_before_we_came_is_told_with_a_name() {
    let mut rig = Rig::new(&format!("{H100}gpu1 handle !15\n"), LONG);
    assert_eq!(rig.tick(Tier::Slow).unwrap(), [], "no inventory knows its port yet");
    assert_eq!(rig.cell("gpu1", POWER).0, Status::Failed);
    let told = rig.tick(Tier::Normal).unwrap();
    assert!(told[0].text.starts_with("gpu1: ") && told[0].text.contains("GPU_IS_LOST"), "{told:?}");
    assert_eq!(rig.cell("gpu0", POWER).0, Status::Ok);
}

#[test]
fn xids_are_counted_and_told() {
    let mut rig = Rig::new(H100, LONG);
    rig.tick(Tier::Slow).unwrap();
    assert_eq!(rig.cell("gpu0", "nvmlEventSetWait.xid.count").1, Reading::Uint(0));
    assert_eq!(rig.cell("gpu0", "nvmlEventSetWait.xid").0, Status::Absent, "there was none yet");
    rig.double.say(&format!("{H100}xid gpu0 31\nxid gpu0 94\n"));
    let told: Vec<_> = rig.tick(Tier::Normal).unwrap().into_iter().map(|e| (e.event, e.text)).collect();
    assert_eq!(told, [("xid".into(), "gpu0: Xid 31".into()), ("xid".into(), "gpu0: Xid 94".into())]);
    assert_eq!(rig.cell("gpu0", "nvmlEventSetWait.xid.count").1, Reading::Uint(2));
    assert_eq!(rig.cell("gpu0", "nvmlEventSetWait.xid").1, Reading::Uint(94));
    assert_eq!(rig.tick(Tier::Normal).unwrap(), []);
}

#[test]
fn a_library_that_hangs_holds_no_tick_up_and_its_late_answer_is_taken() {
    let patience = Duration::from_millis(20);
    let mut rig = Rig::new(&format!("{H100}nvml hang_ms 1000\n"), patience);
    let start = Instant::now();
    rig.tick(Tier::Slow).unwrap();
    assert!(start.elapsed() < Duration::from_millis(250), "the tick went on");
    assert_eq!(rig.board.entities().count(), 0);
    let said = loop {
        match rig.tick(Tier::Normal) {
            Ok(_) => assert!(start.elapsed() < Duration::from_secs(20), "said, or answered"),
            Err(said) => break said.to_string(),
        }
    };
    assert!(said.starts_with("NVML has not answered for"), "{said}");
    while rig.board.entities().count() == 0 {
        assert!(start.elapsed() < Duration::from_secs(20), "the answer was lost");
        let _waits = rig.tick(Tier::Normal);
    }
    assert_eq!(rig.cell("gpu0", POWER), (Status::Ok, Reading::Uint(412_345)));
}

#[test]
fn another_board_in_its_place_begins_a_new_epoch() {
    let mut rig = Rig::new(H100, LONG);
    rig.tick(Tier::Slow).unwrap();
    let epoch = |rig: &Rig, port: &str| rig.board.entities().find(|e| e.port == port).map(|e| e.epoch).unwrap();
    let before = ["gpu0", "gpu0/link1"].map(|port| epoch(&rig, port));
    rig.double.say(&H100.replace("GPU-6f1e", "GPU-ffff"));
    rig.tick(Tier::Slow).unwrap();
    assert_eq!(["gpu0", "gpu0/link1"].map(|port| epoch(&rig, port)), before.map(|epoch| epoch + 1));
    rig.double.say("nvml driver 570");
    rig.tick(Tier::Slow).unwrap();
    assert_eq!(rig.board.entities().count(), 0, "no GPU is left");
}

#[test]
fn answers_that_make_no_sense_are_no_values() {
    let hostile = "gpu0 uuid GPU-\u{1}\u{fffd}\ngpu0 field.3 12:9\ngpu0 field.4 nan:0\ngpu0 field.94 -5:4\ngpu0 field.91 4000000000\n\
                   gpu0 nvmlDeviceGetCurrPcieLinkGeneration 77\ngpu0 field.197 18446744073709551615\n";
    let mut rig = Rig::new(hostile, LONG);
    rig.tick(Tier::Slow).unwrap();
    for raw in [
        "NVML_FI_DEV_ECC_SBE_VOL_TOTAL",
        "NVML_FI_DEV_ECC_DBE_VOL_TOTAL",
        "NVML_FI_DEV_PCIE_REPLAY_COUNTER",
        "nvmlDeviceGetCurrPcieLinkGeneration",
    ] {
        assert_eq!(rig.cell("gpu0", raw).0, Status::Failed, "{raw}");
    }
    assert_eq!(rig.cell("gpu0", "NVML_FI_DEV_PCIE_COUNT_TX_BYTES").0, Status::Failed, "2^64 - 1");
    assert_eq!(rig.board.entities().count(), 1 + 36, "no board has more links");
    let mut many = Rig::new("gpu3000000000 uuid GPU-1\n", LONG);
    many.tick(Tier::Slow).unwrap();
    assert_eq!(many.board.entities().count(), 64, "no node has more GPUs");
}
