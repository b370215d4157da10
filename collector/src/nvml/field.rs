//! Field values: many numbers of one GPU in one call, each with a return code of its own.

use super::code::Code;
use nvml_wrapper_sys::bindings::{nvmlFieldValue_t, nvmlValue_t};
use std::fmt;

/// A question and, after [`Library::read`](super::Library::read), its answer. Lies in memory as the library's own struct.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Field(pub(super) nvmlFieldValue_t);

/// A number as NVML says it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    Uint(u64),
    Float(f64),
}

impl Field {
    /// `scope` is the link for what is counted by link, else 0.
    pub fn new(id: u32, scope: u32) -> Field {
        let value = nvmlValue_t { ullVal: 0 };
        // Not answered yet: what the library leaves untouched must not read as 0.
        let (timestamp, latency, kind, unanswered) = (0, 0, 0, Code::UNKNOWN.0);
        Field(nvmlFieldValue_t {
            fieldId: id,
            scopeId: scope,
            timestamp,
            latencyUsec: latency,
            valueType: kind,
            nvmlReturn: unanswered,
            value,
        })
    }

    #[expect(unsafe_code, reason = "the value is a C union; its type stands beside it")]
    pub fn answer(&self) -> Result<Value, Code> {
        Code::check(self.0.nvmlReturn)?;
        let value = &self.0.value;
        // SAFETY: every member is a plain number of at most 8 bytes, for which any bits are valid, and all 8 bytes were
        // initialised in `new`; the library writes the member that `valueType` names.
        let (double, int, long, short, signed, signed_int) =
            unsafe { (value.dVal, value.uiVal, value.ullVal, value.usVal, value.sllVal, value.siVal) };
        match self.0.valueType {
            0 if double.is_finite() => Ok(Value::Float(double)),
            1 => Ok(Value::Uint(u64::from(int))),
            // `unsigned long` has 64 bits wherever NVML runs on Linux.
            2 | 3 => Ok(Value::Uint(long)),
            // Nothing that is read here counts below zero.
            4 => u64::try_from(signed).map(Value::Uint).map_err(|_| Code::UNKNOWN),
            5 => u64::try_from(signed_int).map(Value::Uint).map_err(|_| Code::UNKNOWN),
            6 => Ok(Value::Uint(u64::from(short))),
            _ => Err(Code::UNKNOWN),
        }
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "field {} of {}: {:?}", self.0.fieldId, self.0.scopeId, self.answer())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(kind: u32, value: nvmlValue_t) -> Result<Value, Code> {
        let mut field = Field::new(94, 0);
        (field.0.valueType, field.0.nvmlReturn, field.0.value) = (kind, 0, value);
        field.answer()
    }

    #[test]
    fn a_value_is_read_by_its_type() {
        assert_eq!(answered(0, nvmlValue_t { dVal: 0.5 }), Ok(Value::Float(0.5)));
        assert_eq!(answered(1, nvmlValue_t { uiVal: u32::MAX }), Ok(Value::Uint(4_294_967_295)));
        assert_eq!(answered(3, nvmlValue_t { ullVal: u64::MAX }), Ok(Value::Uint(u64::MAX)));
        assert_eq!(answered(4, nvmlValue_t { sllVal: 3 }), Ok(Value::Uint(3)));
        assert_eq!(answered(5, nvmlValue_t { ullVal: 7 }), Ok(Value::Uint(7)));
        assert_eq!(answered(6, nvmlValue_t { ullVal: 0xABCD_0009 }), Ok(Value::Uint(9)), "16 bits count");
    }

    #[test]
    fn what_cannot_be_told_is_no_number() {
        assert_eq!(Field::new(94, 0).answer(), Err(Code::UNKNOWN), "left untouched by the library");
        assert_eq!(answered(4, nvmlValue_t { sllVal: -3 }), Err(Code::UNKNOWN));
        assert_eq!(answered(9, nvmlValue_t { ullVal: 1 }), Err(Code::UNKNOWN));
        assert_eq!(answered(0, nvmlValue_t { dVal: f64::NAN }), Err(Code::UNKNOWN));
    }
}
