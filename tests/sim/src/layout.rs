//! Which counters a simulated device has, under their catalogue names, tier by tier.

use weft_wire::Table;

/// Cumulative counters the simulator keeps a port; [`C::name`] is the catalogue's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum C {
    TxBytes,
    RxBytes,
    TxPackets,
    RxPackets,
    RxErrors,
    RxDiscards,
    TxDiscards,
    RxCrcErrors,
    SymbolErrors,
    LinkDownEvents,
    RxPauseFrames,
    TxPauseFrames,
    RxPauseUs,
    TxPauseUs,
    RxEcnMarked,
    TxEcnMarked,
    CnpSent,
    CnpHandled,
    OutOfSequence,
    NakReceived,
    AckTimeouts,
    Retransmits,
    RnrRetries,
    OutOfBuffer,
    FecUncorrectable,
    LinkRetryEvents,
    LinkRetryBlocks,
}

pub const COUNTERS: usize = C::LinkRetryBlocks as usize + 1;

impl C {
    pub fn name(self) -> &'static str {
        match self {
            C::TxBytes => "tx_bytes",
            C::RxBytes => "rx_bytes",
            C::TxPackets => "tx_packets",
            C::RxPackets => "rx_packets",
            C::RxErrors => "rx_errors",
            C::RxDiscards => "rx_discards",
            C::TxDiscards => "tx_discards",
            C::RxCrcErrors => "rx_crc_errors",
            C::SymbolErrors => "symbol_errors",
            C::LinkDownEvents => "link_down_events",
            C::RxPauseFrames => "rx_pause_frames",
            C::TxPauseFrames => "tx_pause_frames",
            C::RxPauseUs => "rx_pause_us",
            C::TxPauseUs => "tx_pause_us",
            C::RxEcnMarked => "rx_ecn_marked_packets",
            C::TxEcnMarked => "tx_ecn_marked_packets",
            C::CnpSent => "cnp_sent",
            C::CnpHandled => "cnp_handled",
            C::OutOfSequence => "out_of_sequence",
            C::NakReceived => "nak_received",
            C::AckTimeouts => "ack_timeouts",
            C::Retransmits => "retransmits",
            C::RnrRetries => "rnr_retries",
            C::OutOfBuffer => "out_of_buffer",
            C::FecUncorrectable => "fec_uncorrectable_blocks",
            C::LinkRetryEvents => "link_retry_events",
            C::LinkRetryBlocks => "link_retry_blocks",
        }
    }
}

/// Where one column's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Counter(C),
    QueueBytes,
    LinkUp,
    SpeedBps,
    Gpu(&'static str),
    Host(&'static str),
}

impl Column {
    pub fn name(self) -> &'static str {
        match self {
            Column::Counter(counter) => counter.name(),
            Column::QueueBytes => "queue_bytes",
            Column::LinkUp => "link_up",
            Column::SpeedBps => "speed_bps",
            Column::Gpu(name) | Column::Host(name) => name,
        }
    }
}

/// Rows of one table and tier. Index in [`LAYOUTS`].
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    pub table: Table,
    pub columns: &'static [Column],
}

const FAST: &[Column] = &[
    Column::Counter(C::TxBytes),
    Column::Counter(C::RxBytes),
    Column::Counter(C::TxPackets),
    Column::Counter(C::RxPackets),
    Column::QueueBytes,
    Column::Counter(C::RxPauseUs),
    Column::Counter(C::TxPauseUs),
];

macro_rules! port_columns {
    ($($more:ident),*) => {
        &[
            Column::Counter(C::TxBytes),
            Column::Counter(C::RxBytes),
            Column::QueueBytes,
            Column::Counter(C::RxPauseUs),
            Column::Counter(C::TxPauseUs),
            Column::Counter(C::TxPackets),
            Column::Counter(C::RxPackets),
            Column::LinkUp,
            Column::SpeedBps,
            Column::Counter(C::LinkDownEvents),
            Column::Counter(C::RxErrors),
            Column::Counter(C::RxDiscards),
            Column::Counter(C::TxDiscards),
            Column::Counter(C::RxCrcErrors),
            Column::Counter(C::SymbolErrors),
            Column::Counter(C::RxPauseFrames),
            Column::Counter(C::TxPauseFrames),
            $(Column::Counter(C::$more)),*
        ]
    };
}

const NIC: &[Column] = port_columns!(
    RxEcnMarked,
    CnpSent,
    CnpHandled,
    OutOfSequence,
    NakReceived,
    AckTimeouts,
    Retransmits,
    RnrRetries,
    OutOfBuffer,
    FecUncorrectable,
    LinkRetryEvents,
    LinkRetryBlocks
);
const SWITCH_PORT: &[Column] = port_columns!(TxEcnMarked, FecUncorrectable, LinkRetryEvents, LinkRetryBlocks);
const GPU: &[Column] = &[
    Column::Gpu("utilization_percent"),
    Column::Gpu("sm_clock_mhz"),
    Column::Gpu("max_sm_clock_mhz"),
    Column::Gpu("power_w"),
    Column::Gpu("temperature_c"),
    Column::Gpu("throttle_reasons"),
];
const HOST: &[Column] = &[
    Column::Host("cpu_busy_percent"),
    Column::Host("cpu_pressure_us"),
    Column::Host("memory_pressure_us"),
    Column::Host("io_pressure_us"),
    Column::Host("tcp_retransmits"),
    Column::Host("softnet_drops"),
    Column::Host("clock_error_us"),
];

pub const NIC_FAST: usize = 0;
pub const SWITCH_FAST: usize = 1;
pub const NIC_NORMAL: usize = 2;
pub const SWITCH_NORMAL: usize = 3;
pub const GPU_NORMAL: usize = 4;
pub const HOST_NORMAL: usize = 5;

pub const LAYOUTS: [Layout; 6] = [
    Layout { table: Table::Nic, columns: FAST },
    Layout { table: Table::SwitchPort, columns: FAST },
    Layout { table: Table::Nic, columns: NIC },
    Layout { table: Table::SwitchPort, columns: SWITCH_PORT },
    Layout { table: Table::Gpu, columns: GPU },
    Layout { table: Table::Host, columns: HOST },
];

/// A value as a driver gives it; `Absent` is not zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    Absent,
    Int(i64),
    Float(f64),
}
