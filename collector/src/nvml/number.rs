//! Numbers that have a call of their own.

/// Named by the call, and what of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    SmClock,
    MemoryClock,
    MaxSmClock,
    Power,
    PowerLimit,
    Temperature,
    Utilization,
    MemoryUtilization,
    ClocksEventReasons,
    PcieWidth,
    PcieMaxWidth,
    PcieGeneration,
    PcieMaxGeneration,
    FabricState,
    FabricStatus,
    FabricHealth,
    FabricClique,
}
