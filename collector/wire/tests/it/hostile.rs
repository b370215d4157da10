//! Whatever the bytes, the answer is a frame or an error: no panic, and no memory out of proportion.

use crate::golden;
use crate::memory::peak;
use arrow_array::Array;
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;
use weft_wire::*;

const PRELUDE: usize = 12;

/// What decoding may hold at most: the limits of the wire format, beside the message itself and its batches.
fn allowed(message: &[u8]) -> usize {
    (256 << 10) + 128 * message.len()
}

fn seal(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![b'W', b'E', b'F', b'T', 1, kind, 0, 0];
    bytes.extend_from_slice(&crc32fast::hash(body).to_le_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// Decodes, reads every value if there is a frame, and holds the memory to its bound.
fn survive(bytes: &[u8]) -> Result<Frame, WireError> {
    let mut schemas = SchemaCache::default();
    let (result, most) = peak(|| Frame::decode(bytes, &mut schemas));
    assert!(most <= allowed(bytes), "{most} bytes held for a message of {}", bytes.len());
    if let Ok(frame) = &result {
        read_all(frame);
    }
    result
}

fn read_all(frame: &Frame) {
    for section in &frame.sections {
        match section.schema.table {
            Table::Event => drop(EventRow::read(&section.batch)),
            Table::Step => drop(StepRow::read(&section.batch)),
            Table::Extra => drop(ExtraRow::read(&section.batch)),
            _ => {}
        }
        for column in section.batch.columns() {
            column.to_data().validate_full().expect("what was decoded is sound Arrow data");
        }
        assert_eq!(section.batch.schema(), *section.schema.arrow());
    }
    frame.encode().expect("what was decoded can be sent on");
}

/// The frame's sections laid open; the other fields as they are.
#[derive(Clone, PartialEq, Message)]
struct OpenFrame {
    #[prost(bytes = "vec", tag = "8")]
    inventory: Vec<u8>,
    #[prost(message, repeated, tag = "9")]
    sections: Vec<OpenSection>,
}

#[derive(Clone, PartialEq, Message)]
struct OpenSection {
    #[prost(uint32, tag = "1")]
    table: u32,
    #[prost(fixed64, tag = "2")]
    fingerprint: u64,
    #[prost(bytes = "vec", tag = "3")]
    message: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    body: Vec<u8>,
}

fn open() -> OpenFrame {
    OpenFrame::decode(&golden::frame().encode().unwrap()[PRELUDE..]).unwrap()
}

/// Writes into bytes: where, and what.
#[derive(Clone, Debug)]
struct Wound(prop::sample::Index, Vec<u8>);

fn wound() -> impl Strategy<Value = Wound> {
    let number = prop_oneof![Just(-1i64), Just(i64::MAX), Just(i64::MIN), Just(1 << 40), -16..64i64, any::<i64>(),];
    let bytes = prop_oneof![
        vec(any::<u8>(), 1..3),
        number.clone().prop_map(|n| n.to_le_bytes().to_vec()),
        number.prop_map(|n| (n as i32).to_le_bytes().to_vec()),
    ];
    (any::<prop::sample::Index>(), bytes).prop_map(|(at, bytes)| Wound(at, bytes))
}

/// Numbers of flatbuffers and Arrow buffers are aligned: so are half of the wounds.
fn wounded(mut bytes: Vec<u8>, wounds: &[Wound]) -> Vec<u8> {
    let wounds = if bytes.is_empty() { &[] } else { wounds };
    for Wound(at, new) in wounds {
        let at = at.index(bytes.len());
        let at = if new.len() >= 4 { at / 4 * 4 } else { at };
        let end = bytes.len().min(at + new.len());
        bytes[at..end].copy_from_slice(&new[..end - at]);
    }
    bytes
}

#[test]
fn a_frame_laid_open_is_still_a_frame() {
    assert_eq!(survive(&seal(1, &open().encode_to_vec())).unwrap().sections, golden::frame().sections);
}

#[test]
fn every_cut_is_an_error() {
    let bytes = golden::frame().encode().unwrap();
    for len in 0..bytes.len() {
        assert!(survive(&bytes[..len]).is_err(), "cut at {len}");
        if len >= PRELUDE && len % 3 == 0 {
            // The same with a checksum that is right: fields may end there by chance, so only survival is asked.
            let _ = survive(&seal(1, &bytes[PRELUDE..len]));
        }
    }
}

#[test]
fn every_flipped_bit_beyond_the_reserved_bytes_is_an_error() {
    let bytes = golden::frame().encode().unwrap();
    for at in (0..bytes.len()).filter(|at| !(6..8).contains(at)) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        assert!(survive(&flipped).is_err(), "bit flipped in byte {at}");
    }
}

#[test]
fn every_byte_of_a_body_may_be_wrong() {
    let body = golden::frame().encode().unwrap()[PRELUDE..].to_vec();
    for at in 0..body.len() {
        let mut body = body.clone();
        body[at] = [0, 0x7f, 0xff, body[at] ^ 1][at % 4];
        let _ = survive(&seal(1, &body));
    }
}

#[test]
fn hollow_elements_are_refused_before_they_are_made() {
    for (what, element) in
        [("ports", [0x2a, 0]), ("devices", [0x22, 0]), ("profiles", [0x32, 0]), ("schemas", [0x3a, 0])]
    {
        let body = element.repeat(1 << 20);
        let (result, most) = peak(|| Inventory::decode(&seal(2, &body)));
        assert!(matches!(result, Err(WireError::Hollow { .. })), "{what}");
        assert!(most < 8 << 20, "{what}: {most} bytes");
    }
    let sections = [0x4a, 0].repeat(1 << 20);
    assert!(matches!(survive(&seal(1, &sections)), Err(WireError::Hollow { .. })));
}

#[test]
fn columns_that_share_their_bytes_are_refused() {
    let mut frame = open();
    // All buffers of the first section moved to the body's start: every offset in the flatbuffer that is a multiple of 8
    // and within the body, set to 0, one at a time.
    let section = frame.sections[0].clone();
    for at in (0..section.message.len() - 8).step_by(8) {
        let number = i64::from_le_bytes(section.message[at..at + 8].try_into().unwrap());
        if number > 0 && number < section.body.len() as i64 && number % 8 == 0 {
            frame.sections[0].message[at..at + 8].fill(0);
            let _ = survive(&seal(1, &frame.encode_to_vec()));
            frame.sections[0].message.copy_from_slice(&section.message);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn any_bytes(body in vec(any::<u8>(), 0..400), kind in 0..4u8) {
        let _ = survive(&body);
        let _ = survive(&seal(kind, &body));
        let _ = Inventory::decode(&seal(kind, &body));
    }

    #[test]
    fn a_wounded_protobuf(wounds in vec(wound(), 1..4)) {
        let bytes = golden::frame().encode().unwrap();
        let _ = survive(&seal(1, &wounded(bytes[PRELUDE..].to_vec(), &wounds)));
    }

    #[test]
    fn a_wounded_inventory(wounds in vec(wound(), 1..4)) {
        let bytes = wounded(golden::frame().inventory.unwrap().encode().unwrap()[PRELUDE..].to_vec(), &wounds);
        let sealed = seal(2, &bytes);
        let (_, most) = peak(|| Inventory::decode(&sealed));
        prop_assert!(most <= allowed(&sealed));
    }

    #[test]
    fn a_wounded_flatbuffer(section in any::<prop::sample::Index>(), wounds in vec(wound(), 1..4)) {
        let mut frame = open();
        let at = section.index(frame.sections.len());
        frame.sections[at].message = wounded(std::mem::take(&mut frame.sections[at].message), &wounds);
        let _ = survive(&seal(1, &frame.encode_to_vec()));
    }

    #[test]
    fn a_wounded_batch_body(section in any::<prop::sample::Index>(), wounds in vec(wound(), 1..4), cut in 0..32usize) {
        let mut frame = open();
        let at = section.index(frame.sections.len());
        let mut body = wounded(std::mem::take(&mut frame.sections[at].body), &wounds);
        body.truncate(body.len() - cut.min(body.len()));
        frame.sections[at].body = body;
        let _ = survive(&seal(1, &frame.encode_to_vec()));
    }

    #[test]
    fn sections_under_another_schema(from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
        let mut frame = open();
        let (from, to) = (from.index(frame.sections.len()), to.index(frame.sections.len()));
        let other = frame.sections[from].clone();
        frame.sections[to].message = other.message;
        frame.sections[to].body = other.body;
        let _ = survive(&seal(1, &frame.encode_to_vec()));
    }
}
