//! A library with the ABI of NVML whose GPUs say what a text file says, so that the collector's own way to GPUs is tested
//! on machines without one: `dlopen`, C calls, structs as NVIDIA's `nvml.h` (version 13) lays them out.
//!
//! The text lies beside the library as `nvml.txt`, and is read anew when it has changed. One line an answer:
//! ```text
//! gpu0 nvmlDeviceGetPowerUsage 412345      a number that has a call of its own
//! gpu0 field.94 12                         a field; `12:1` gives it as value type 1 (3 when none is said: 64 bits)
//! gpu0/link3 field.138 771                 a field with scope 3
//! gpu0 field.82 !3                         return code 3; so does whatever no line speaks of
//! gpu1 all !15                             every call for that GPU
//! gpu0 name NVIDIA H100 80GB HBM3          texts: name, uuid, serial, vbios, bus
//! xid gpu0 79                              told once, in the order of these lines
//! gpu0 fields !999                         reading several fields in one call
//! nvml driver 570.86.15                    of the library: driver, init (what nvmlInit_v2 returns), hang_ms (how long
//!                                          each reading of fields takes)
//! ```

mod abi;
mod install;
mod script;

pub use install::Double;
