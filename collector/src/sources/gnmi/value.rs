//! A target's value, whatever its encoding, as the number that a counter wants.

use super::proto::gnmi::typed_value::Value as Typed;
use serde_json::Value as Json;
use weft_wire::{Counter, CounterKind};

/// What was sent, before it is known what it is to mean.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Uint(u64),
    Float(f64),
    Text(String),
    /// An object or a list: members of it are values of their own.
    Tree(Json),
}

/// What a counter takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Number {
    Uint(u64),
    Float(f64),
    /// The target says that it does not know, in its own words.
    Absent(String),
}

/// Why a value is no number, with the value's beginning.
pub type Wrong = String;

#[expect(deprecated, reason = "old targets send the deprecated kinds of value")]
pub fn value(typed: Typed) -> Result<Value, Wrong> {
    match typed {
        Typed::UintVal(value) => Ok(Value::Uint(value)),
        Typed::IntVal(value) => Ok(int(value)),
        Typed::DoubleVal(value) => Ok(Value::Float(value)),
        Typed::FloatVal(value) => Ok(Value::Float(f64::from(value))),
        Typed::DecimalVal(value) => Ok(Value::Float(value.digits as f64 / 10f64.powi(value.precision.min(18) as i32))),
        Typed::BoolVal(value) => Ok(Value::Uint(u64::from(value))),
        Typed::StringVal(text) | Typed::AsciiVal(text) => Ok(Value::Text(text)),
        Typed::JsonVal(bytes) | Typed::JsonIetfVal(bytes) => {
            let json = serde_json::from_slice(&bytes).map_err(|error| format!("no JSON: {error}"))?;
            of_json(json).ok_or_else(|| "null says nothing".to_owned())
        }
        // OpenConfig's ieeefloat32: four bytes, the most significant first.
        Typed::BytesVal(bytes) => match <[u8; 4]>::try_from(bytes.as_slice()) {
            Ok(bytes) => Ok(Value::Float(f64::from(f32::from_be_bytes(bytes)))),
            Err(_) => Err(format!("{} bytes are no number", bytes.len())),
        },
        Typed::LeaflistVal(_) | Typed::AnyVal(_) | Typed::ProtoBytes(_) => {
            Err("an encoding that weft does not read: choose json_ietf, json or proto".into())
        }
    }
}

/// `None` for null.
pub fn of_json(json: Json) -> Option<Value> {
    match json {
        Json::Null => None,
        Json::Bool(value) => Some(Value::Uint(u64::from(value))),
        Json::String(text) => Some(Value::Text(text)),
        Json::Number(number) => number.as_u64().map(Value::Uint).or_else(|| number.as_f64().map(Value::Float)),
        tree @ (Json::Array(_) | Json::Object(_)) => Some(Value::Tree(tree)),
    }
}

fn int(value: i64) -> Value {
    u64::try_from(value).map_or(Value::Float(value as f64), Value::Uint)
}

/// The value as `counter` wants it: 64-bit counters are texts in RFC 7951, states and speeds are words.
pub fn number(counter: &Counter, value: &Value) -> Result<Number, Wrong> {
    let number = match value {
        Value::Uint(value) => Number::Uint(*value),
        Value::Float(value) => float(*value),
        Value::Text(text) => word(text.trim()).ok_or_else(|| format!("{} is no number", shortened(text)))?,
        Value::Tree(_) => return Err("an object or list where a number belongs".into()),
    };
    match number {
        Number::Float(value) if !value.is_finite() => Ok(Number::Absent(format!("the target says {value}"))),
        Number::Float(value) if counter.kind == CounterKind::Counter => {
            Err(format!("{value} is no count: counts are whole and not below 0"))
        }
        number => Ok(number),
    }
}

/// A float that is a whole number exactly is one: some targets write counts as 1000.0.
fn float(value: f64) -> Number {
    let is_whole = value.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(&value);
    if is_whole { Number::Uint(value as u64) } else { Number::Float(value) }
}

fn word(text: &str) -> Option<Number> {
    if let Ok(value) = text.parse::<u64>() {
        return Some(Number::Uint(value));
    }
    // Identities carry the name of their module: openconfig-if-ethernet:SPEED_400GB.
    let name = text.rsplit(':').next().unwrap_or(text);
    match name.to_ascii_uppercase().as_str() {
        "UP" | "TRUE" | "STORMED" => Some(Number::Uint(1)),
        "DOWN" | "FALSE" | "OPERATIONAL" | "LOWER_LAYER_DOWN" | "NOT_PRESENT" | "DORMANT" | "TESTING" => {
            Some(Number::Uint(0))
        }
        "" | "N/A" | "UNKNOWN" | "SPEED_UNKNOWN" => {
            Some(Number::Absent(format!("the target says {}", shortened(text))))
        }
        upper => match upper.strip_prefix("SPEED_") {
            Some(speed) => speed_bps(speed).map(Number::Uint),
            None => text.parse::<f64>().ok().map(float),
        },
    }
}

/// `400GB` is 400e9 bits per second: OpenConfig writes B for bits.
fn speed_bps(text: &str) -> Option<u64> {
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let unit = match unit {
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

/// For a message: quoted, and no longer than a line.
pub fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    let short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() { format!("{short:?}…") } else { format!("{short:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_wire::{Table, catalogue};

    fn counter(name: &str) -> &'static Counter {
        catalogue().counter(Table::SwitchPort, name).unwrap()
    }

    fn said(name: &str, text: &str) -> Result<Number, Wrong> {
        number(counter(name), &Value::Text(text.into()))
    }

    #[test]
    fn words_are_numbers_where_the_models_say_so() {
        assert_eq!(said("rx_bytes", "18446744073709551615"), Ok(Number::Uint(u64::MAX)), "exact beyond 2^53");
        assert_eq!((said("link_up", "UP"), said("link_up", "down")), (Ok(Number::Uint(1)), Ok(Number::Uint(0))));
        assert_eq!(said("speed_bps", "openconfig-if-ethernet:SPEED_400GB"), Ok(Number::Uint(400_000_000_000)));
        assert_eq!(said("rx_power_dbm", "-2.5"), Ok(Number::Float(-2.5)));
        assert!(matches!(said("speed_bps", "SPEED_UNKNOWN"), Ok(Number::Absent(_))), "not 0");
        assert!(matches!(said("rx_power_dbm", "N/A"), Ok(Number::Absent(_))));
        for (name, text) in [("rx_bytes", "-1"), ("rx_bytes", "1.5"), ("rx_bytes", "many"), ("speed_bps", "SPEED_9XB")]
        {
            assert!(said(name, text).is_err(), "{name} {text}");
        }
    }

    #[test]
    fn every_encoding_of_a_scalar_is_read() {
        assert_eq!(value(Typed::JsonIetfVal(b"\"12\"".to_vec())), Ok(Value::Text("12".into())));
        assert_eq!(value(Typed::JsonVal(b"12".to_vec())), Ok(Value::Uint(12)));
        assert_eq!(value(Typed::IntVal(-3)), Ok(Value::Float(-3.0)));
        assert_eq!(value(Typed::BytesVal(vec![0xc0, 0x20, 0, 0])), Ok(Value::Float(-2.5)));
        for bad in [Typed::JsonVal(b"{".to_vec()), Typed::JsonVal(b"null".to_vec()), Typed::BytesVal(vec![1])] {
            assert!(value(bad.clone()).is_err(), "{bad:?}");
        }
    }
}
