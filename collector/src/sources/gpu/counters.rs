//! What is asked of a GPU and of each of its NVLinks. Units, widths and columns stand in the catalogue under these names.

use crate::nvml::Number;
use weft_wire::{Encoding, Table, Tier, catalogue};

/// The catalogue's name of this source.
pub const NAME: &str = "nvml";

/// How a counter is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A field of `nvmlDeviceGetFieldValues`, by its number in NVIDIA's header of version 13: the bindings are made from an older
    /// one, which numbers those above 250 otherwise.
    Field(u32),
    Number(Number),
    /// Xid errors heard since the source began.
    XidCount,
    LastXid,
    /// 1 when the link is active, or asleep.
    LinkUp,
}

#[derive(Clone, Debug)]
pub struct Counter {
    pub raw: String,
    pub ask: Ask,
    pub tier: Tier,
    pub encoding: Encoding,
}

/// In the order of their places in a reading.
pub fn counters(table: Table) -> Vec<Counter> {
    let own = match table {
        Table::GpuLink => LINK.to_vec(),
        _ => GPU.to_vec(),
    };
    let bins = (0..FEC_BINS)
        .filter(|_| table == Table::GpuLink)
        .map(|bin| (format!("NVML_FI_DEV_NVLINK_COUNT_FEC_HISTORY_{bin}"), Ask::Field(FIRST_FEC_BIN + bin)));
    let own = own.into_iter().map(|(raw, ask)| (raw.to_owned(), ask));
    own.chain(bins).map(|(raw, ask)| Counter::new(table, raw, ask)).collect()
}

impl Counter {
    fn new(table: Table, raw: String, ask: Ask) -> Counter {
        let mapping = catalogue().mapping(table, NAME, &raw);
        let tier = mapping.map_or(Tier::Slow, |mapping| catalogue().counters()[mapping.counter].tier);
        let encoding = mapping.map_or(Encoding::Plain, |mapping| mapping.encoding);
        Counter { raw, ask, tier, encoding }
    }
}

/// Codewords by number of symbol errors: fields 235 to 250.
const FIRST_FEC_BIN: u32 = 235;
const FEC_BINS: u32 = 16;

const GPU: [(&str, Ask); 52] = [
    ("nvmlDeviceGetClockInfo.sm", Ask::Number(Number::SmClock)),
    ("nvmlDeviceGetMaxClockInfo.sm", Ask::Number(Number::MaxSmClock)),
    ("nvmlDeviceGetClockInfo.mem", Ask::Number(Number::MemoryClock)),
    ("nvmlDeviceGetPowerUsage", Ask::Number(Number::Power)),
    ("nvmlDeviceGetEnforcedPowerLimit", Ask::Number(Number::PowerLimit)),
    ("nvmlDeviceGetTemperature.gpu", Ask::Number(Number::Temperature)),
    ("NVML_FI_DEV_MEMORY_TEMP", Ask::Field(82)),
    ("nvmlDeviceGetUtilizationRates.gpu", Ask::Number(Number::Utilization)),
    ("nvmlDeviceGetUtilizationRates.memory", Ask::Number(Number::MemoryUtilization)),
    ("nvmlDeviceGetCurrentClocksEventReasons", Ask::Number(Number::ClocksEventReasons)),
    ("NVML_FI_DEV_PERF_POLICY_POWER", Ask::Field(74)),
    ("NVML_FI_DEV_PERF_POLICY_THERMAL", Ask::Field(75)),
    ("NVML_FI_DEV_ECC_SBE_VOL_TOTAL", Ask::Field(3)),
    ("NVML_FI_DEV_ECC_DBE_VOL_TOTAL", Ask::Field(4)),
    ("NVML_FI_DEV_REMAPPED_COR", Ask::Field(142)),
    ("NVML_FI_DEV_REMAPPED_UNC", Ask::Field(143)),
    ("NVML_FI_DEV_REMAPPED_PENDING", Ask::Field(144)),
    ("NVML_FI_DEV_REMAPPED_FAILURE", Ask::Field(145)),
    ("nvmlEventSetWait.xid.count", Ask::XidCount),
    ("nvmlEventSetWait.xid", Ask::LastXid),
    ("NVML_FI_DEV_GET_GPU_RECOVERY_ACTION", Ask::Field(230)),
    ("NVML_FI_DEV_PCIE_REPLAY_COUNTER", Ask::Field(94)),
    ("NVML_FI_DEV_PCIE_REPLAY_ROLLOVER_COUNTER", Ask::Field(95)),
    ("NVML_FI_DEV_PCIE_L0_TO_RECOVERY_COUNTER", Ask::Field(169)),
    ("NVML_FI_DEV_PCIE_COUNT_CORRECTABLE_ERRORS", Ask::Field(173)),
    ("NVML_FI_DEV_PCIE_COUNT_NAKS_RECEIVED", Ask::Field(174)),
    ("NVML_FI_DEV_PCIE_COUNT_RECEIVER_ERROR", Ask::Field(175)),
    ("NVML_FI_DEV_PCIE_COUNT_BAD_TLP", Ask::Field(176)),
    ("NVML_FI_DEV_PCIE_COUNT_NAKS_SENT", Ask::Field(177)),
    ("NVML_FI_DEV_PCIE_COUNT_BAD_DLLP", Ask::Field(178)),
    ("NVML_FI_DEV_PCIE_COUNT_NON_FATAL_ERROR", Ask::Field(179)),
    ("NVML_FI_DEV_PCIE_COUNT_FATAL_ERROR", Ask::Field(180)),
    ("NVML_FI_DEV_PCIE_COUNT_UNSUPPORTED_REQ", Ask::Field(181)),
    ("NVML_FI_DEV_PCIE_COUNT_LCRC_ERROR", Ask::Field(182)),
    ("NVML_FI_DEV_PCIE_COUNT_LANE_ERROR", Ask::Field(183)),
    ("NVML_FI_DEV_PCIE_COUNT_TX_BYTES", Ask::Field(197)),
    ("NVML_FI_DEV_PCIE_COUNT_RX_BYTES", Ask::Field(198)),
    ("nvmlDeviceGetCurrPcieLinkGeneration", Ask::Number(Number::PcieGeneration)),
    ("nvmlDeviceGetGpuMaxPcieLinkGeneration", Ask::Number(Number::PcieMaxGeneration)),
    ("nvmlDeviceGetCurrPcieLinkWidth", Ask::Number(Number::PcieWidth)),
    ("nvmlDeviceGetMaxPcieLinkWidth", Ask::Number(Number::PcieMaxWidth)),
    ("nvmlDeviceGetGpuFabricInfoV.state", Ask::Number(Number::FabricState)),
    ("nvmlDeviceGetGpuFabricInfoV.status", Ask::Number(Number::FabricStatus)),
    ("nvmlDeviceGetGpuFabricInfoV.healthMask", Ask::Number(Number::FabricHealth)),
    ("nvmlDeviceGetGpuFabricInfoV.cliqueId", Ask::Number(Number::FabricClique)),
    ("NVML_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL", Ask::Field(38)),
    ("NVML_FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL", Ask::Field(45)),
    ("NVML_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL", Ask::Field(52)),
    ("NVML_FI_DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL", Ask::Field(59)),
    ("NVML_FI_DEV_C2C_LINK_ERROR_INTR", Ask::Field(231)),
    ("NVML_FI_DEV_C2C_LINK_ERROR_REPLAY", Ask::Field(232)),
    ("NVML_FI_DEV_C2C_LINK_ERROR_REPLAY_B2B", Ask::Field(233)),
];

/// Asked with the link as scope. Fields 161 to 163 are unsupported from Blackwell on, 201 to 295 before it.
const LINK: [(&str, Ask); 30] = [
    ("nvmlDeviceGetNvLinkState", Ask::LinkUp),
    ("NVML_FI_DEV_NVLINK_GET_STATE", Ask::Field(165)),
    ("NVML_FI_DEV_NVLINK_GET_SPEED", Ask::Field(164)),
    ("NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX", Ask::Field(138)),
    ("NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_RX", Ask::Field(139)),
    ("NVML_FI_DEV_NVLINK_THROUGHPUT_RAW_TX", Ask::Field(140)),
    ("NVML_FI_DEV_NVLINK_THROUGHPUT_RAW_RX", Ask::Field(141)),
    ("NVML_FI_DEV_NVLINK_ERROR_DL_REPLAY", Ask::Field(161)),
    ("NVML_FI_DEV_NVLINK_ERROR_DL_RECOVERY", Ask::Field(162)),
    ("NVML_FI_DEV_NVLINK_ERROR_DL_CRC", Ask::Field(163)),
    ("NVML_FI_DEV_NVLINK_COUNT_XMIT_PACKETS", Ask::Field(201)),
    ("NVML_FI_DEV_NVLINK_COUNT_XMIT_BYTES", Ask::Field(202)),
    ("NVML_FI_DEV_NVLINK_COUNT_RCV_PACKETS", Ask::Field(203)),
    ("NVML_FI_DEV_NVLINK_COUNT_RCV_BYTES", Ask::Field(204)),
    ("NVML_FI_DEV_NVLINK_COUNT_MALFORMED_PACKET_ERRORS", Ask::Field(206)),
    ("NVML_FI_DEV_NVLINK_COUNT_BUFFER_OVERRUN_ERRORS", Ask::Field(207)),
    ("NVML_FI_DEV_NVLINK_COUNT_RCV_ERRORS", Ask::Field(208)),
    ("NVML_FI_DEV_NVLINK_COUNT_RCV_REMOTE_ERRORS", Ask::Field(209)),
    ("NVML_FI_DEV_NVLINK_COUNT_RCV_GENERAL_ERRORS", Ask::Field(210)),
    ("NVML_FI_DEV_NVLINK_COUNT_LOCAL_LINK_INTEGRITY_ERRORS", Ask::Field(211)),
    ("NVML_FI_DEV_NVLINK_COUNT_XMIT_DISCARDS", Ask::Field(212)),
    ("NVML_FI_DEV_NVLINK_COUNT_LINK_RECOVERY_SUCCESSFUL_EVENTS", Ask::Field(213)),
    ("NVML_FI_DEV_NVLINK_COUNT_LINK_RECOVERY_FAILED_EVENTS", Ask::Field(214)),
    ("NVML_FI_DEV_NVLINK_COUNT_LINK_RECOVERY_EVENTS", Ask::Field(215)),
    ("NVML_FI_DEV_NVLINK_COUNT_EFFECTIVE_ERRORS", Ask::Field(219)),
    ("NVML_FI_DEV_NVLINK_COUNT_EFFECTIVE_BER", Ask::Field(220)),
    ("NVML_FI_DEV_NVLINK_COUNT_SYMBOL_ERRORS", Ask::Field(221)),
    ("NVML_FI_DEV_NVLINK_COUNT_SYMBOL_BER", Ask::Field(222)),
    ("field.293", Ask::Field(293)),
    ("field.295", Ask::Field(295)),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Rows of the catalogue that a link's lanes will need, which nothing reads yet.
    const UNREAD: [&str; 1] = ["NVML_FI_DEV_NVLINK_RAW_ERRORS_LANE"];

    #[test]
    fn what_the_catalogue_has_of_nvml_is_asked_for_and_nothing_else() {
        for table in [Table::Gpu, Table::GpuLink] {
            let asked: BTreeSet<String> = counters(table).into_iter().map(|counter| counter.raw).collect();
            let unknown: Vec<_> = asked.iter().filter(|raw| catalogue().mapping(table, NAME, raw).is_none()).collect();
            assert_eq!(unknown, Vec::<&String>::new(), "no row of the catalogue speaks of these");
            let sources = catalogue().of_table(table).flat_map(|counter| &counter.sources);
            let rows = sources.filter(|source| source.driver == NAME && !UNREAD.contains(&source.raw.as_str()));
            let unasked: Vec<_> =
                rows.map(|source| source.raw.replace("{i}", "0")).filter(|raw| !asked.contains(raw)).collect();
            assert_eq!(unasked, Vec::<String>::new(), "{}: read by nobody", table.name());
        }
    }

    #[test]
    fn no_field_is_asked_twice() {
        for table in [Table::Gpu, Table::GpuLink] {
            let all = counters(table);
            let distinct: BTreeSet<String> = all.iter().map(|counter| format!("{:?}", counter.ask)).collect();
            assert_eq!(distinct.len(), all.len());
        }
    }
}
