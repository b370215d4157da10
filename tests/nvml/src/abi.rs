//! The functions that the collector calls, with the types of NVIDIA's header. A handle is the GPU's index, one up.

#![expect(unsafe_code, reason = "the C ABI of NVML: exported names, and pointers that the caller answers for")]

use crate::script::{NOT_SUPPORTED, script};
use std::ffi::{c_char, c_int, c_uint, c_ulonglong, c_void};
use std::time::Duration;

const SUCCESS: u32 = 0;
const INVALID_ARGUMENT: u32 = 2;
const INSUFFICIENT_SIZE: u32 = 7;
const TIMEOUT: u32 = 10;
const VERSION_MISMATCH: u32 = 25;
const UNKNOWN: u32 = 999;
const XID_CRITICAL_ERROR: u64 = 8;

type Device = *mut c_void;

/// nvmlFieldValue_t
#[repr(C)]
pub struct FieldValue {
    field: c_uint,
    scope: c_uint,
    timestamp: i64,
    latency_us: i64,
    value_type: c_uint,
    returned: c_uint,
    value: u64,
}

/// nvmlPciInfo_t
#[repr(C)]
pub struct PciInfo {
    bus_id_legacy: [c_char; 16],
    domain: c_uint,
    bus: c_uint,
    device: c_uint,
    pci_device_id: c_uint,
    pci_sub_system_id: c_uint,
    bus_id: [c_char; 32],
}

/// nvmlUtilization_t
#[repr(C)]
pub struct Utilization {
    gpu: c_uint,
    memory: c_uint,
}

/// nvmlEventData_t
#[repr(C)]
pub struct EventData {
    device: Device,
    event_type: c_ulonglong,
    event_data: c_ulonglong,
    gpu_instance: c_uint,
    compute_instance: c_uint,
}

/// nvmlGpuFabricInfo_v2_t: this library is of an age that knows no version 3.
#[repr(C)]
pub struct FabricInfo {
    version: c_uint,
    cluster_uuid: [u8; 16],
    status: c_uint,
    clique_id: c_uint,
    state: u8,
    health_mask: c_uint,
}

const _: () = assert!(size_of::<FieldValue>() == 40 && size_of::<PciInfo>() == 68 && size_of::<EventData>() == 32);

fn gpu(device: Device) -> String {
    format!("gpu{}", (device as usize).wrapping_sub(1))
}

fn answer<T>(asked: Result<T, u32>, into: *mut T) -> u32 {
    match asked {
        Ok(_) if into.is_null() => INVALID_ARGUMENT,
        Ok(value) => {
            // SAFETY: the caller hands a pointer to a `T` of its own, as the header demands.
            unsafe { into.write(value) };
            SUCCESS
        }
        Err(code) => code,
    }
}

fn uint(device: Device, name: &str, into: *mut c_uint) -> u32 {
    answer(script().number(&gpu(device), name).map(|answer| answer.value as c_uint), into)
}

fn text(said: Result<String, u32>, into: *mut c_char, length: c_uint) -> u32 {
    let said = match said {
        Ok(said) => said,
        Err(code) => return code,
    };
    if said.len() >= length as usize || into.is_null() {
        return INSUFFICIENT_SIZE;
    }
    for (at, byte) in said.bytes().chain([0]).enumerate() {
        // SAFETY: `at` is below the length that the caller gave for the buffer.
        unsafe { into.add(at).write(byte as c_char) };
    }
    SUCCESS
}

fn device_text(device: Device, what: &str, into: *mut c_char, length: c_uint) -> u32 {
    text(script().text(&gpu(device), what).map(str::to_owned), into, length)
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlInit_v2() -> u32 {
    match script().text("nvml", "init") {
        Err(code) if code != NOT_SUPPORTED => code,
        _ => SUCCESS,
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlShutdown() -> u32 {
    SUCCESS
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlSystemGetDriverVersion(into: *mut c_char, length: c_uint) -> u32 {
    text(script().text("nvml", "driver").map(str::to_owned), into, length)
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetCount_v2(into: *mut c_uint) -> u32 {
    answer(Ok(script().gpus), into)
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetHandleByIndex_v2(index: c_uint, into: *mut Device) -> u32 {
    let script = script();
    match script.text(&format!("gpu{index}"), "handle") {
        _ if index >= script.gpus => INVALID_ARGUMENT,
        Err(code) if code != NOT_SUPPORTED => code,
        _ => answer(Ok((index as usize + 1) as Device), into),
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetUUID(device: Device, into: *mut c_char, length: c_uint) -> u32 {
    device_text(device, "uuid", into, length)
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetName(device: Device, into: *mut c_char, length: c_uint) -> u32 {
    device_text(device, "name", into, length)
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetSerial(device: Device, into: *mut c_char, length: c_uint) -> u32 {
    device_text(device, "serial", into, length)
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetVbiosVersion(device: Device, into: *mut c_char, length: c_uint) -> u32 {
    device_text(device, "vbios", into, length)
}

fn pci(who: &str, into: *mut PciInfo) -> u32 {
    let mut info = PciInfo {
        bus_id_legacy: [0; 16],
        domain: 0,
        bus: 0,
        device: 0,
        pci_device_id: 0,
        pci_sub_system_id: 0,
        bus_id: [0; 32],
    };
    let named = text(script().text(who, "bus").map(str::to_owned), info.bus_id.as_mut_ptr(), 32);
    if named != SUCCESS { named } else { answer(Ok(info), into) }
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetPciInfo_v3(device: Device, into: *mut PciInfo) -> u32 {
    pci(&gpu(device), into)
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetNvLinkRemotePciInfo_v2(device: Device, link: c_uint, into: *mut PciInfo) -> u32 {
    pci(&format!("{}/link{link}", gpu(device)), into)
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetNvLinkState(device: Device, link: c_uint, into: *mut c_uint) -> u32 {
    let said = script().number(&format!("{}/link{link}", gpu(device)), "nvmlDeviceGetNvLinkState");
    answer(said.map(|answer| answer.value as c_uint), into)
}

/// # Safety
/// `values` points to `count` structs, as in the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetFieldValues(device: Device, count: c_int, values: *mut FieldValue) -> u32 {
    let script = script();
    if let Ok(hang) = script.number("nvml", "hang_ms") {
        std::thread::sleep(Duration::from_millis(hang.value));
    }
    if let Err(code) = script.text(&gpu(device), "fields")
        && code != NOT_SUPPORTED
        && count > 1
    {
        return code;
    }
    for at in 0..usize::try_from(count).unwrap_or(0) {
        // SAFETY: as the caller of this function promises.
        let value = unsafe { &mut *values.add(at) };
        let link = format!("{}/link{}", gpu(device), value.scope);
        let field = format!("field.{}", value.field);
        // As in NVML, a field that does not count by link takes any scope.
        let said = script.number(&link, &field).or_else(|_| script.number(&gpu(device), &field));
        match said {
            Ok(answer) => (value.value, value.value_type, value.returned) = (answer.value, answer.kind, SUCCESS),
            Err(code) => value.returned = code,
        }
    }
    SUCCESS
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetClockInfo(device: Device, kind: c_uint, into: *mut c_uint) -> u32 {
    let name = match kind {
        1 => "nvmlDeviceGetClockInfo.sm",
        2 => "nvmlDeviceGetClockInfo.mem",
        _ => return INVALID_ARGUMENT,
    };
    uint(device, name, into)
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetMaxClockInfo(device: Device, kind: c_uint, into: *mut c_uint) -> u32 {
    if kind == 1 { uint(device, "nvmlDeviceGetMaxClockInfo.sm", into) } else { INVALID_ARGUMENT }
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetTemperature(device: Device, sensor: c_uint, into: *mut c_uint) -> u32 {
    if sensor == 0 { uint(device, "nvmlDeviceGetTemperature.gpu", into) } else { INVALID_ARGUMENT }
}

/// Functions that fill one `unsigned int`, under their own names.
macro_rules! uints {
    ($($name:ident)*) => {
        $(#[unsafe(no_mangle)]
        pub extern "C" fn $name(device: Device, into: *mut c_uint) -> u32 {
            uint(device, stringify!($name), into)
        })*
    };
}

uints! {
    nvmlDeviceGetPowerUsage
    nvmlDeviceGetEnforcedPowerLimit
    nvmlDeviceGetCurrPcieLinkWidth
    nvmlDeviceGetMaxPcieLinkWidth
    nvmlDeviceGetCurrPcieLinkGeneration
    nvmlDeviceGetGpuMaxPcieLinkGeneration
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetUtilizationRates(device: Device, into: *mut Utilization) -> u32 {
    let (script, gpu) = (script(), gpu(device));
    let rate = |what: &str| script.number(&gpu, &format!("nvmlDeviceGetUtilizationRates.{what}"));
    let rates = rate("gpu").and_then(|gpu| Ok((gpu, rate("memory")?)));
    answer(rates.map(|(gpu, memory)| Utilization { gpu: gpu.value as _, memory: memory.value as _ }), into)
}

/// The name that drivers before 535 have: without `nvmlDeviceGetCurrentClocksEventReasons`, this library is one of them.
#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceGetCurrentClocksThrottleReasons(device: Device, into: *mut c_ulonglong) -> u32 {
    let said = script().number(&gpu(device), "nvmlDeviceGetCurrentClocksEventReasons");
    answer(said.map(|answer| answer.value), into)
}

/// # Safety
/// `into` points to a struct of the version that its first member says, as in the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nvmlDeviceGetGpuFabricInfoV(device: Device, into: *mut FabricInfo) -> u32 {
    // SAFETY: every version begins with its number.
    let version = unsafe { (*into).version };
    if version != size_of::<FabricInfo>() as c_uint | 2 << 24 {
        return VERSION_MISMATCH;
    }
    let (script, gpu) = (script(), gpu(device));
    let member = |what: &str| script.number(&gpu, &format!("nvmlDeviceGetGpuFabricInfoV.{what}"));
    let info = (|| {
        Ok(FabricInfo {
            version,
            cluster_uuid: [0; 16],
            status: member("status")?.value as _,
            clique_id: member("cliqueId")?.value as _,
            state: member("state")?.value as _,
            health_mask: member("healthMask")?.value as _,
        })
    })();
    answer(info, into)
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlEventSetCreate(into: *mut *mut c_void) -> u32 {
    answer(Ok(std::ptr::dangling_mut()), into)
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlEventSetFree(_set: *mut c_void) -> u32 {
    SUCCESS
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlDeviceRegisterEvents(device: Device, kinds: c_ulonglong, _set: *mut c_void) -> u32 {
    match script().text(&gpu(device), "events") {
        _ if kinds != XID_CRITICAL_ERROR => INVALID_ARGUMENT,
        Err(code) if code != NOT_SUPPORTED => code,
        _ => SUCCESS,
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn nvmlEventSetWait_v2(_set: *mut c_void, into: *mut EventData, timeout_ms: c_uint) -> u32 {
    if timeout_ms != 0 {
        return UNKNOWN; // the collector never waits
    }
    let Some((index, code)) = script().next_xid() else { return TIMEOUT };
    let (device, none) = ((index as usize + 1) as Device, u32::MAX);
    let event = EventData {
        device,
        event_type: XID_CRITICAL_ERROR,
        event_data: code,
        gpu_instance: none,
        compute_instance: none,
    };
    answer(Ok(event), into)
}
