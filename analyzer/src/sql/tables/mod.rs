//! The tables of SQL: those of the hot window, and those that are made when a query names them.

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

const fn window(name: &'static str, table: Table, about: &'static str, example: &'static str) -> SqlTable {
    SqlTable { name, kind: Kind::Window(table), about, example }
}

/// The rows of the hot window.
const WINDOWS: &[SqlTable] = &[
    window(
        "nic",
        Table::Nic,
        "Counters of the nodes' network ports, a row a reading.",
        "SELECT device, port, max(rx_bytes) - min(rx_bytes) AS received FROM nic GROUP BY 1, 2 ORDER BY received DESC LIMIT 10",
    ),
    window(
        "switch_port",
        Table::SwitchPort,
        "Counters of switch ports, a row a reading.",
        "SELECT device, port, max(rx_crc_errors) - min(rx_crc_errors) AS errors FROM switch_port GROUP BY 1, 2 HAVING max(rx_crc_errors) > min(rx_crc_errors)",
    ),
    window(
        "queue",
        Table::Queue,
        "Counters of the queues of switch ports.",
        "SELECT device, port, max(watermark_bytes) AS longest FROM queue GROUP BY 1, 2 ORDER BY longest DESC LIMIT 10",
    ),
    window(
        "lane",
        Table::Lane,
        "Optics and errors of each lane of a port.",
        "SELECT device, port, min(rx_power_dbm) AS weakest FROM lane GROUP BY 1, 2 ORDER BY weakest LIMIT 10",
    ),
    window(
        "gpu",
        Table::Gpu,
        "Clocks, power, temperature and errors of GPUs.",
        "SELECT device, port, avg(utilization_percent) AS busy FROM gpu GROUP BY 1, 2 ORDER BY busy LIMIT 10",
    ),
    window(
        "gpu_link",
        Table::GpuLink,
        "Counters of the links between GPUs.",
        "SELECT device, port, max(replays) - min(replays) AS replays FROM gpu_link GROUP BY 1, 2 ORDER BY replays DESC LIMIT 10",
    ),
    window(
        "host",
        Table::Host,
        "What a node says of itself: CPU, pressure, clock.",
        "SELECT device, max(cpu_pressure_us) - min(cpu_pressure_us) AS waited_us FROM host GROUP BY 1 ORDER BY waited_us DESC LIMIT 10",
    ),
    window(
        "probe",
        Table::Probe,
        "Probes between nodes: sent, lost, how long they took.",
        "SELECT device, port, max(rtt_us_p99) AS slowest_us FROM probe GROUP BY 1, 2 ORDER BY slowest_us DESC LIMIT 10",
    ),
    window(
        "event",
        Table::Event,
        "Link events as kernels and switches tell them.",
        "SELECT ts, device, event, text FROM event WHERE event = 'link_down' ORDER BY ts DESC LIMIT 20",
    ),
    window(
        "step",
        Table::Step,
        "Step marks of training processes.",
        "SELECT job, rank, count(*) AS steps FROM step GROUP BY 1, 2 ORDER BY steps LIMIT 10",
    ),
    window(
        "extra",
        Table::Extra,
        "Vendor counters that have no column, under the driver's own names.",
        "SELECT DISTINCT name FROM extra ORDER BY name",
    ),
];

macro_rules! small_tables {
    ($($module:ident),+ $(,)?) => {
        $(mod $module;)+

        const SMALL: &[SqlTable] = &[$($module::TABLE),+];
    };
}

// The tables that are made when a query names them: one file each, which says all of it, and one row here.
small_tables! {
    device,
    port,
    cable,
    job,
    job_step,
    job_loss,
    incident,
    transition,
    fact,
    ingest_gap,
    collector,
    neighbor,
    neighbor_mismatch,
    maintenance,
    armed,
    counter_catalog,
}

/// All tables, in the order in which `SHOW TABLES` and docs/sql.md list them.
pub fn tables() -> impl Iterator<Item = &'static SqlTable> {
    WINDOWS.iter().chain(SMALL)
}

pub fn names() -> Vec<&'static str> {
    tables().map(|table| table.name).collect()
}
