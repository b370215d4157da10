//! How much memory a message may ask for, told from its bytes before any of it is decoded.
//!
//! An empty element of a repeated field is two bytes on the wire and hundreds in memory, so a message of the allowed size
//! could ask for gigabytes. An honest inventory needs some 10 to 40 bytes of memory a byte of wire.

use crate::WireError;

/// Bytes of memory a byte of message may ask for …
const MEMORY_PER_BYTE: usize = 96;
/// … beside what any message may …
const MEMORY_FREE: usize = 64 << 10;
/// … and the most that one message may, whatever its size: an inventory of ~180,000 ports.
const MEMORY_MAX: usize = 256 << 20;

/// A nested message: what one costs in memory, decoded and converted, vectors half empty; and the fields within that nest.
struct Shape {
    cost: usize,
    nested: &'static [(u64, Shape)],
}

const fn leaf(cost: usize) -> Shape {
    Shape { cost, nested: &[] }
}

const LABEL: u64 = 4;
const PORT_LABEL: u64 = 11;

/// Field numbers are those of `proto.rs`.
const INVENTORY: Shape = Shape {
    cost: 1024,
    nested: &[
        (4, Shape { cost: 500, nested: &[(LABEL, leaf(150))] }),
        (5, Shape { cost: 1400, nested: &[(PORT_LABEL, leaf(150))] }),
        (6, Shape { cost: 250, nested: &[(1, leaf(450))] }),
        (7, Shape { cost: 500, nested: &[(2, leaf(400))] }),
        (9, leaf(1000)),
    ],
};

const FRAME: Shape = Shape { cost: 1024, nested: &[(8, INVENTORY), (9, leaf(400))] };

/// Errors when the message nests more than its size allows, or is no protobuf at all.
pub fn check_frame(body: &[u8]) -> Result<(), WireError> {
    check(body, &FRAME)
}

pub fn check_inventory(body: &[u8]) -> Result<(), WireError> {
    check(body, &INVENTORY)
}

fn check(body: &[u8], shape: &Shape) -> Result<(), WireError> {
    let asked = cost(body, shape).ok_or(WireError::NoProtobuf)?;
    let allowed = (MEMORY_FREE + MEMORY_PER_BYTE * body.len()).min(MEMORY_MAX);
    match asked <= allowed {
        true => Ok(()),
        false => Err(WireError::Hollow { asked, allowed }),
    }
}

/// `None` when the bytes are cut short or use what this format does not (groups).
fn cost(mut body: &[u8], shape: &Shape) -> Option<usize> {
    let mut sum = shape.cost;
    while !body.is_empty() {
        let key = varint(&mut body)?;
        let length = match key & 7 {
            0 => {
                varint(&mut body)?;
                0
            }
            1 => 8,
            2 => usize::try_from(varint(&mut body)?).ok()?,
            5 => 4,
            _ => return None,
        };
        let (field, rest) = body.split_at_checked(length)?;
        body = rest;
        if let Some((_, nested)) = shape.nested.iter().find(|(number, _)| key == number << 3 | 2) {
            sum += if nested.nested.is_empty() { nested.cost } else { cost(field, nested)? };
        }
    }
    Some(sum)
}

fn varint(body: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = body.split_first()?;
        *body = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}
