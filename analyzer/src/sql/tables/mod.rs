//! The tables of SQL, one a file and one a line here.

mod cable;
mod collector;
mod counter_catalog;
mod device;
mod fact;
mod incident;
mod ingest_gap;
mod job;
mod port;
mod transition;

use crate::store::Store;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use weft_wire::Table;

pub enum Kind {
    /// Rows of the hot window.
    Window(Table),
    /// A snapshot, made when a query names it.
    Small(fn(&Store) -> Result<RecordBatch, ArrowError>),
}

pub struct SqlTable {
    pub name: &'static str,
    pub kind: Kind,
    /// One sentence.
    #[allow(dead_code, reason = "a test makes docs/sql.md of it")]
    pub about: &'static str,
    #[allow(dead_code, reason = "a test makes docs/sql.md of it")]
    pub example: &'static str,
}

const fn row(name: &'static str, kind: Kind, about: &'static str, example: &'static str) -> SqlTable {
    SqlTable { name, kind, about, example }
}

pub const TABLES: &[SqlTable] = &[
    row(
        "nic",
        Kind::Window(Table::Nic),
        "Counters of the nodes' network ports, a row a reading.",
        "SELECT device, port, max(rx_bytes) - min(rx_bytes) AS received FROM nic GROUP BY 1, 2 ORDER BY received DESC LIMIT 10",
    ),
    row(
        "switch_port",
        Kind::Window(Table::SwitchPort),
        "Counters of switch ports, a row a reading.",
        "SELECT device, port, max(rx_crc_errors) - min(rx_crc_errors) AS errors FROM switch_port GROUP BY 1, 2 HAVING max(rx_crc_errors) > min(rx_crc_errors)",
    ),
    row(
        "queue",
        Kind::Window(Table::Queue),
        "Counters of the queues of switch ports.",
        "SELECT device, port, max(watermark_bytes) AS longest FROM queue GROUP BY 1, 2 ORDER BY longest DESC LIMIT 10",
    ),
    row(
        "lane",
        Kind::Window(Table::Lane),
        "Optics and errors of each lane of a port.",
        "SELECT device, port, min(rx_power_dbm) AS weakest FROM lane GROUP BY 1, 2 ORDER BY weakest LIMIT 10",
    ),
    row(
        "gpu",
        Kind::Window(Table::Gpu),
        "Clocks, power, temperature and errors of GPUs.",
        "SELECT device, port, avg(utilization_percent) AS busy FROM gpu GROUP BY 1, 2 ORDER BY busy LIMIT 10",
    ),
    row(
        "gpu_link",
        Kind::Window(Table::GpuLink),
        "Counters of the links between GPUs.",
        "SELECT device, port, max(replays) - min(replays) AS replays FROM gpu_link GROUP BY 1, 2 ORDER BY replays DESC LIMIT 10",
    ),
    row(
        "host",
        Kind::Window(Table::Host),
        "What a node says of itself: CPU, pressure, clock.",
        "SELECT device, max(cpu_pressure_us) - min(cpu_pressure_us) AS waited_us FROM host GROUP BY 1 ORDER BY waited_us DESC LIMIT 10",
    ),
    row(
        "probe",
        Kind::Window(Table::Probe),
        "Probes between nodes: sent, lost, how long they took.",
        "SELECT device, port, max(rtt_us_p99) AS slowest_us FROM probe GROUP BY 1, 2 ORDER BY slowest_us DESC LIMIT 10",
    ),
    row(
        "event",
        Kind::Window(Table::Event),
        "Link events as kernels and switches tell them.",
        "SELECT ts, device, event, text FROM event WHERE event = 'link_down' ORDER BY ts DESC LIMIT 20",
    ),
    row(
        "step",
        Kind::Window(Table::Step),
        "Step marks of training processes.",
        "SELECT job, rank, count(*) AS steps FROM step GROUP BY 1, 2 ORDER BY steps LIMIT 10",
    ),
    row(
        "extra",
        Kind::Window(Table::Extra),
        "Vendor counters that have no column, under the driver's own names.",
        "SELECT DISTINCT name FROM extra ORDER BY name",
    ),
    row(
        "device",
        Kind::Small(device::table),
        "Every device of the plan and every one that a collector speaks of.",
        "SELECT rack, count(*) AS devices FROM device GROUP BY 1 ORDER BY 1",
    ),
    row(
        "port",
        Kind::Small(port::table),
        "Every port, with what the plan says of it. Join it with the tables of counters on (device, port).",
        "SELECT p.rail, n.device, max(n.rx_bytes) - min(n.rx_bytes) AS received FROM nic n JOIN port p ON p.device = n.device AND p.port = n.port GROUP BY 1, 2",
    ),
    row(
        "cable",
        Kind::Small(cable::table),
        "The cables of the plan.",
        "SELECT * FROM cable WHERE a_device = 'leaf0' OR b_device = 'leaf0'",
    ),
    row(
        "job",
        Kind::Small(job::table),
        "Which devices work for which job, and when.",
        "SELECT job, count(*) AS ranks FROM job GROUP BY 1",
    ),
    row(
        "incident",
        Kind::Small(incident::table),
        "One row an incident, with its first culprit and the job it costs most; the rest is in body.",
        "SELECT opened, class, device, port, sentence FROM incident WHERE state = 'open' ORDER BY lost_step_time DESC",
    ),
    row(
        "transition",
        Kind::Small(transition::table),
        "How incidents came to stand as they do.",
        "SELECT ts, incident, state, reason FROM transition ORDER BY ts DESC LIMIT 20",
    ),
    row(
        "fact",
        Kind::Small(fact::table),
        "The latest observations of the detectors.",
        "SELECT ts, kind, device, port, value, unit, reference FROM fact ORDER BY ts DESC LIMIT 20",
    ),
    row(
        "ingest_gap",
        Kind::Small(ingest_gap::table),
        "Frames that were lost between a collector and the analyzer.",
        "SELECT collector, sum(frames) AS lost FROM ingest_gap GROUP BY 1 ORDER BY lost DESC",
    ),
    row(
        "collector",
        Kind::Small(collector::table),
        "How each collector does.",
        "SELECT collector, last_seen, lag_s FROM collector ORDER BY lag_s DESC LIMIT 10",
    ),
    row(
        "counter_catalog",
        Kind::Small(counter_catalog::table),
        "Every counter weft knows, a row a table it stands in.",
        "SELECT counter, unit, help FROM counter_catalog WHERE table_name = 'nic' AND help LIKE '%pause%'",
    ),
];

pub fn names() -> Vec<&'static str> {
    TABLES.iter().map(|table| table.name).collect()
}
