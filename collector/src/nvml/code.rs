//! What a call to NVML came to.

use std::fmt;

/// `nvmlReturn_t` other than success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub u32);

/// What a failed call says of the thing that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// This board, driver or library does not offer it: absent, neither zero nor a failure.
    Unsupported,
    /// It is offered, and there is nothing to tell yet: absent too.
    Nothing,
    /// The GPU has fallen off the bus, or must be reset before it answers again.
    Lost,
    Failed,
}

impl Code {
    pub const INVALID_ARGUMENT: Code = Code(2);
    pub const FUNCTION_NOT_FOUND: Code = Code(13);
    pub const ARGUMENT_VERSION_MISMATCH: Code = Code(25);
    pub const NO_DATA: Code = Code(21);
    /// Also: an answer of a type that is not among NVML's, so that it cannot be told.
    pub const UNKNOWN: Code = Code(999);

    pub fn check(returned: u32) -> Result<(), Code> {
        if returned == 0 { Ok(()) } else { Err(Code(returned)) }
    }

    pub fn fate(self) -> Fate {
        match self.0 {
            // An argument is invalid when the driver is older than the field; a version, when it is older than the struct.
            2 | 3 | 13 | 25 | 26 => Fate::Unsupported,
            21 => Fate::Nothing,
            15 | 16 => Fate::Lost,
            _ => Fate::Failed,
        }
    }

    /// Nothing of NVIDIA is at work here, as in a container without a GPU.
    pub fn means_no_driver(self) -> bool {
        matches!(self.0, 9 | 12 | 28)
    }

    /// NVML's own name of it, and what it means.
    fn words(self) -> &'static str {
        match self.0 {
            1 => "NVML_ERROR_UNINITIALIZED",
            2 => "NVML_ERROR_INVALID_ARGUMENT: this driver does not know it",
            3 => "NVML_ERROR_NOT_SUPPORTED: this board does not offer it",
            4 => "NVML_ERROR_NO_PERMISSION",
            6 => "NVML_ERROR_NOT_FOUND",
            9 => "NVML_ERROR_DRIVER_NOT_LOADED: no nvidia kernel module is loaded",
            10 => "NVML_ERROR_TIMEOUT",
            12 => "NVML_ERROR_LIBRARY_NOT_FOUND",
            13 => "NVML_ERROR_FUNCTION_NOT_FOUND: this library does not offer it",
            15 => "NVML_ERROR_GPU_IS_LOST: the GPU has fallen off the bus",
            16 => "NVML_ERROR_RESET_REQUIRED: the GPU must be reset",
            17 => "NVML_ERROR_OPERATING_SYSTEM: the device file is kept from us by a cgroup",
            18 => "NVML_ERROR_LIB_RM_VERSION_MISMATCH: library and kernel module are of different versions",
            21 => "NVML_ERROR_NO_DATA: none so far",
            25 => "NVML_ERROR_ARGUMENT_VERSION_MISMATCH: this driver does not know it",
            26 => "NVML_ERROR_DEPRECATED: this driver no longer offers it",
            28 => "NVML_ERROR_GPU_NOT_FOUND",
            999 => "NVML_ERROR_UNKNOWN",
            _ => "",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.words() {
            "" => write!(f, "NVML error {}", self.0),
            words => f.write_str(words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_tell_what_is_not_offered_from_what_failed() {
        assert_eq!(Code::check(0), Ok(()));
        for (code, fate) in [
            (2, Fate::Unsupported),
            (3, Fate::Unsupported),
            (13, Fate::Unsupported),
            (4, Fate::Failed),
            (21, Fate::Nothing),
            (15, Fate::Lost),
            (16, Fate::Lost),
            (999, Fate::Failed),
            (12_345, Fate::Failed),
        ] {
            assert_eq!(Code::check(code).map_err(Code::fate), Err(fate), "{code}");
        }
        assert_eq!(Code(12_345).to_string(), "NVML error 12345");
    }
}
