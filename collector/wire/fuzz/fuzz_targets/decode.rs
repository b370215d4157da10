//! Bytes from anywhere, made to look like a message so that the fuzzer reaches what is behind the checksum.

#![no_main]

use libfuzzer_sys::fuzz_target;
use weft_wire::{EventRow, ExtraRow, Frame, Inventory, SchemaCache, StepRow, Table};

fuzz_target!(|bytes: &[u8]| {
    let _ = Inventory::decode(&sealed(2, bytes));
    if let Ok(frame) = Frame::decode(&sealed(1, bytes), &mut SchemaCache::default()) {
        for section in &frame.sections {
            match section.schema.table {
                Table::Event => drop(EventRow::read(&section.batch)),
                Table::Step => drop(StepRow::read(&section.batch)),
                Table::Extra => drop(ExtraRow::read(&section.batch)),
                _ => {}
            }
        }
        frame.encode().expect("what was decoded can be sent on");
    }
});

/// A corpus file may be a whole message (the golden ones are) or its body.
fn sealed(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let body = if bytes.starts_with(b"WEFT") { bytes.get(12..).unwrap_or_default() } else { bytes };
    let mut message = vec![b'W', b'E', b'F', b'T', 1, kind, 0, 0];
    message.extend_from_slice(&crc32fast::hash(body).to_le_bytes());
    message.extend_from_slice(body);
    message
}
