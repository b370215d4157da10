//! The library and its calls. Every call returns NVML's own code when it fails; none of them panics.

use super::code::Code;
use super::field::Field;
use super::number::Number;
use nvml_wrapper_sys::bindings as sys;
use std::ffi::{CStr, c_char, c_uint};
use std::path::Path;

/// NVML, loaded and initialised; shut down when dropped.
pub struct Library {
    nvml: sys::NvmlLib,
    /// Where Xid errors are waited for; null when the driver offers none.
    xids: sys::nvmlEventSet_t,
}

/// A GPU's handle. Valid as long as the library is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device(sys::nvmlDevice_t);

/// What a GPU, and the board it sits on, are called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    pub uuid: String,
    pub name: String,
    pub serial: String,
    pub vbios: String,
    /// `00000000:1b:00.0`.
    pub bus: String,
}

/// An error that the driver logged of a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Xid {
    pub device: Device,
    pub code: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{0}")]
    NoLibrary(String),
    #[error("nvmlInit_v2: {0}")]
    Init(Code),
}

/// Longest text that NVML gives, NUL included (`NVML_DEVICE_NAME_V2_BUFFER_SIZE`, `NVML_DEVICE_UUID_V2_BUFFER_SIZE`).
const TEXT: usize = 96;
/// `NVML_CLOCK_SM`, `NVML_CLOCK_MEM`, `NVML_TEMPERATURE_GPU`, `nvmlEventTypeXidCriticalError`.
const CLOCK_SM: c_uint = 1;
const CLOCK_MEMORY: c_uint = 2;
const SENSOR_GPU: c_uint = 0;
const XID_CRITICAL_ERROR: u64 = 8;

/// Calls a function of the library, which may lack it: drivers differ in age.
macro_rules! call {
    ($library:ident, $function:ident, $($argument:expr),*) => {
        match &$library.nvml.$function {
            // SAFETY: the function has the type that NVML documents for this name. Device handles come from the library
            // itself, and every pointer is to a live local of the type and length that the call is told.
            #[expect(unsafe_code, reason = "NVML is a C library")]
            Ok(function) => Code::check(unsafe { function($($argument),*) }),
            Err(_) => Err(Code::FUNCTION_NOT_FOUND),
        }
    };
}

impl Library {
    /// `path` is a file, or a name that the dynamic linker looks up, such as `libnvidia-ml.so.1`.
    pub fn open(path: &Path) -> Result<Library, OpenError> {
        // SAFETY: loading runs the library's initialisers; whoever configures the path answers for the file, as with any
        // library that the linker finds.
        #[expect(unsafe_code, reason = "dlopen")]
        let nvml = unsafe { sys::NvmlLib::new(path) }.map_err(|e| OpenError::NoLibrary(e.to_string()))?;
        let mut library = Library { nvml, xids: std::ptr::null_mut() };
        call!(library, nvmlInit_v2,).map_err(OpenError::Init)?;
        let mut set = std::ptr::null_mut();
        if call!(library, nvmlEventSetCreate, &mut set).is_ok() {
            library.xids = set;
        }
        Ok(library)
    }

    pub fn driver_version(&self) -> String {
        text(|buffer, length| call!(self, nvmlSystemGetDriverVersion, buffer, length))
    }

    pub fn count(&self) -> Result<u32, Code> {
        let mut count = 0;
        call!(self, nvmlDeviceGetCount_v2, &mut count)?;
        Ok(count)
    }

    pub fn device(&self, index: u32) -> Result<Device, Code> {
        let mut device = std::ptr::null_mut();
        call!(self, nvmlDeviceGetHandleByIndex_v2, index, &mut device)?;
        Ok(Device(device))
    }

    /// Empty when the GPU does not answer.
    pub fn uuid(&self, device: Device) -> String {
        text(|buffer, length| call!(self, nvmlDeviceGetUUID, device.0, buffer, length))
    }

    pub fn identity(&self, device: Device) -> Identity {
        let mut pci = empty_pci();
        let bus = call!(self, nvmlDeviceGetPciInfo_v3, device.0, &mut pci).map(|()| until_nul(&pci.busId));
        Identity {
            uuid: self.uuid(device),
            name: text(|buffer, length| call!(self, nvmlDeviceGetName, device.0, buffer, length)),
            serial: text(|buffer, length| call!(self, nvmlDeviceGetSerial, device.0, buffer, length)),
            vbios: text(|buffer, length| call!(self, nvmlDeviceGetVbiosVersion, device.0, buffer, length)),
            bus: bus.unwrap_or_default().to_ascii_lowercase(),
        }
    }

    /// Asks all fields at once. An error is of the call as a whole; each field has an answer of its own beside it.
    pub fn read(&self, device: Device, fields: &mut [Field]) -> Result<(), Code> {
        let count = i32::try_from(fields.len()).map_err(|_| Code::INVALID_ARGUMENT)?;
        // `Field` is the library's struct: `repr(transparent)`.
        call!(self, nvmlDeviceGetFieldValues, device.0, count, fields.as_mut_ptr().cast())
    }

    pub fn number(&self, device: Device, number: Number) -> Result<u64, Code> {
        let device = device.0;
        let mut uint: c_uint = 0;
        let mut long = 0;
        let mut rates = sys::nvmlUtilization_t { gpu: 0, memory: 0 };
        match number {
            Number::SmClock => call!(self, nvmlDeviceGetClockInfo, device, CLOCK_SM, &mut uint)?,
            Number::MemoryClock => call!(self, nvmlDeviceGetClockInfo, device, CLOCK_MEMORY, &mut uint)?,
            Number::MaxSmClock => call!(self, nvmlDeviceGetMaxClockInfo, device, CLOCK_SM, &mut uint)?,
            Number::Power => call!(self, nvmlDeviceGetPowerUsage, device, &mut uint)?,
            Number::PowerLimit => call!(self, nvmlDeviceGetEnforcedPowerLimit, device, &mut uint)?,
            Number::Temperature => call!(self, nvmlDeviceGetTemperature, device, SENSOR_GPU, &mut uint)?,
            Number::PcieWidth => call!(self, nvmlDeviceGetCurrPcieLinkWidth, device, &mut uint)?,
            Number::PcieMaxWidth => call!(self, nvmlDeviceGetMaxPcieLinkWidth, device, &mut uint)?,
            Number::PcieGeneration => call!(self, nvmlDeviceGetCurrPcieLinkGeneration, device, &mut uint)?,
            Number::PcieMaxGeneration => call!(self, nvmlDeviceGetGpuMaxPcieLinkGeneration, device, &mut uint)?,
            Number::ClocksEventReasons => {
                // Drivers before 535 know it by its old name alone.
                match call!(self, nvmlDeviceGetCurrentClocksEventReasons, device, &mut long) {
                    Err(Code::FUNCTION_NOT_FOUND) => {
                        call!(self, nvmlDeviceGetCurrentClocksThrottleReasons, device, &mut long)?;
                    }
                    called => called?,
                }
                return Ok(long);
            }
            Number::Utilization => {
                call!(self, nvmlDeviceGetUtilizationRates, device, &mut rates)?;
                uint = rates.gpu;
            }
            Number::MemoryUtilization => {
                call!(self, nvmlDeviceGetUtilizationRates, device, &mut rates)?;
                uint = rates.memory;
            }
            Number::FabricState => uint = c_uint::from(self.fabric(device)?.state),
            Number::FabricStatus => uint = self.fabric(device)?.status,
            Number::FabricHealth => uint = self.fabric(device)?.healthMask,
            Number::FabricClique => uint = self.fabric(device)?.cliqueId,
        }
        Ok(u64::from(uint))
    }

    fn fabric(&self, device: sys::nvmlDevice_t) -> Result<sys::nvmlGpuFabricInfoV_t, Code> {
        // NVML_STRUCT_VERSION: the size, and the number of the version above it. Version 2 is version 3 without its end.
        let v3 = (size_of::<sys::nvmlGpuFabricInfo_v3_t>() as c_uint) | (3 << 24);
        let v2 = (size_of::<sys::nvmlGpuFabricInfo_v2_t>() as c_uint) | (2 << 24);
        let ask = |version| {
            let mut info = sys::nvmlGpuFabricInfoV_t {
                version,
                clusterUuid: [0; 16],
                status: 0,
                cliqueId: 0,
                state: 0,
                healthMask: 0,
                healthSummary: 0,
            };
            call!(self, nvmlDeviceGetGpuFabricInfoV, device, &mut info).map(|()| info)
        };
        match ask(v3) {
            Err(Code::ARGUMENT_VERSION_MISMATCH | Code::INVALID_ARGUMENT) => ask(v2),
            answered => answered,
        }
    }

    /// Whether the link is trained and awake.
    pub fn link_is_active(&self, device: Device, link: u32) -> Result<bool, Code> {
        let mut active = 0;
        call!(self, nvmlDeviceGetNvLinkState, device.0, link, &mut active)?;
        Ok(active != 0)
    }

    /// Bus address of what is at the far end: another GPU, or an NVSwitch.
    pub fn link_far_end(&self, device: Device, link: u32) -> Option<String> {
        let mut pci = empty_pci();
        call!(self, nvmlDeviceGetNvLinkRemotePciInfo_v2, device.0, link, &mut pci).ok()?;
        Some(until_nul(&pci.busId).to_ascii_lowercase()).filter(|bus| !bus.is_empty())
    }

    /// From now on, Xid errors of this GPU are told by [`Library::next_xid`].
    pub fn watch_xids(&self, device: Device) -> Result<(), Code> {
        if self.xids.is_null() {
            return Err(Code::FUNCTION_NOT_FOUND);
        }
        call!(self, nvmlDeviceRegisterEvents, device.0, XID_CRITICAL_ERROR, self.xids)
    }

    /// The next Xid error since the last call, without waiting for one.
    pub fn next_xid(&self) -> Option<Xid> {
        if self.xids.is_null() {
            return None;
        }
        let mut event = sys::nvmlEventData_t {
            device: std::ptr::null_mut(),
            eventType: 0,
            eventData: 0,
            gpuInstanceId: 0,
            computeInstanceId: 0,
        };
        call!(self, nvmlEventSetWait_v2, self.xids, &mut event, 0).ok()?;
        Some(Xid { device: Device(event.device), code: event.eventData })
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        if !self.xids.is_null() {
            let _freed = call!(self, nvmlEventSetFree, self.xids);
        }
        let _ended = call!(self, nvmlShutdown,);
    }
}

fn empty_pci() -> sys::nvmlPciInfo_t {
    sys::nvmlPciInfo_t {
        busIdLegacy: [0; 16],
        domain: 0,
        bus: 0,
        device: 0,
        pciDeviceId: 0,
        pciSubSystemId: 0,
        busId: [0; 32],
    }
}

/// Empty when the board does not say it.
fn text(ask: impl FnOnce(*mut c_char, c_uint) -> Result<(), Code>) -> String {
    let mut buffer = [0; TEXT];
    match ask(buffer.as_mut_ptr(), TEXT as c_uint) {
        Ok(()) => until_nul(&buffer),
        Err(_) => String::new(),
    }
}

/// The text before the first NUL; the whole buffer when there is none.
fn until_nul(buffer: &[c_char]) -> String {
    let bytes: Vec<u8> = buffer.iter().map(|byte| byte.to_ne_bytes()[0]).collect();
    let text = CStr::from_bytes_until_nul(&bytes).map_or(bytes.as_slice(), CStr::to_bytes);
    String::from_utf8_lossy(text).trim().to_owned()
}
