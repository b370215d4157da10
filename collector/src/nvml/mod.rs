//! NVIDIA's management library (NVML), loaded when the collector runs, so that one binary serves nodes with and without it.
//!
//! Only this folder speaks C to the library; what it hands out is plain data. The `-sys` bindings are used directly because
//! the safe wrapper leaves `scopeId` at 0, which makes every NVLink read as link 0.

mod code;
mod field;
mod library;
mod number;

pub use code::{Code, Fate};
pub use field::{Field, Value};
pub use library::{Device, Identity, Library, OpenError};
pub use number::Number;
