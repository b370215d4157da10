//! One record batch to and from a bare Arrow IPC message.
//!
//! The reader of the arrow crate trusts offsets and lengths inside the message, so they are checked here first: whatever
//! the bytes, the answer is a batch or an error, and nothing larger than the message is allocated.

use crate::{TableSchema, WireError};
use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteOptions};
use arrow_ipc::{MessageHeader, MetadataVersion, reader::read_record_batch, root_as_message};
use arrow_schema::DataType;
use std::collections::HashMap;

/// The message (flatbuffer) and its body.
pub fn encode(batch: &RecordBatch) -> Result<(Vec<u8>, Vec<u8>), WireError> {
    let options = IpcWriteOptions::try_new(8, false, MetadataVersion::V5)?;
    let (_, encoded) = IpcDataGenerator::default().encode(
        batch,
        &mut DictionaryTracker::new(true),
        &options,
        &mut Default::default(),
    )?;
    Ok((encoded.ipc_message, encoded.arrow_data))
}

pub fn decode(message: &[u8], body: &[u8], schema: &TableSchema) -> Result<RecordBatch, WireError> {
    let bad = |what: String| WireError::Batch { table: schema.table.name(), what };
    let message = root_as_message(message).map_err(|e| bad(format!("no Arrow IPC message: {e}")))?;
    if message.header_type() != MessageHeader::RecordBatch || message.version() != MetadataVersion::V5 {
        return Err(bad("not an Arrow IPC record batch of version 5".to_owned()));
    }
    let batch = message.header_as_record_batch().ok_or_else(|| bad("no record batch in the message".to_owned()))?;
    check(&batch, body.len(), schema).map_err(bad)?;
    let body = Buffer::from(body);
    Ok(read_record_batch(&body, batch, schema.arrow().clone(), &HashMap::new(), None, &MetadataVersion::V5)?)
}

/// Everything the arrow reader takes on trust.
fn check(batch: &arrow_ipc::RecordBatch<'_>, body: usize, schema: &TableSchema) -> Result<(), String> {
    if batch.compression().is_some() {
        return Err("compressed buffers are not part of this format".to_owned());
    }
    // A row has at least one 4-byte key, so an honest body is larger than its row count.
    let rows = usize::try_from(batch.length()).ok().filter(|&r| r <= body).ok_or("row count exceeds the body")?;
    let nodes: Vec<_> = batch.nodes().ok_or("no field nodes")?.iter().map(|n| (n.length(), n.null_count())).collect();
    let buffers: Vec<_> = batch.buffers().ok_or("no buffers")?.iter().map(|b| (b.offset(), b.length())).collect();
    let (mut node, mut buffer) = (0, 0);
    for field in schema.arrow().fields() {
        let (own, items) = match field.data_type() {
            DataType::FixedSizeList(_, len) => (1, Some(*len as usize)),
            DataType::Utf8 | DataType::Binary => (3, None),
            _ => (2, None),
        };
        expect_rows(&nodes, node, rows, field.name())?;
        node += 1;
        for _ in 0..own {
            expect_inside(&buffers, buffer, body, field.name())?;
            buffer += 1;
        }
        if let Some(len) = items {
            expect_rows(&nodes, node, rows.saturating_mul(len), field.name())?;
            node += 1;
            for _ in 0..2 {
                expect_inside(&buffers, buffer, body, field.name())?;
                buffer += 1;
            }
        }
    }
    match (node == nodes.len(), buffer == buffers.len()) {
        (true, true) => Ok(()),
        _ => Err(format!("{} columns and {} buffers, the schema has {node} and {buffer}", nodes.len(), buffers.len())),
    }
}

/// `nodes` holds (rows, nulls) a column.
fn expect_rows(nodes: &[(i64, i64)], index: usize, rows: usize, field: &str) -> Result<(), String> {
    let &(length, nulls) = nodes.get(index).ok_or_else(|| format!("column {field} is missing"))?;
    match usize::try_from(length) == Ok(rows) && usize::try_from(nulls).is_ok_and(|n| n <= rows) {
        true => Ok(()),
        false => Err(format!("column {field} claims {length} rows and {nulls} nulls of {rows}")),
    }
}

/// `buffers` holds (offset, length) a buffer.
fn expect_inside(buffers: &[(i64, i64)], index: usize, body: usize, field: &str) -> Result<(), String> {
    let &(offset, length) = buffers.get(index).ok_or_else(|| format!("a buffer of column {field} is missing"))?;
    let end = usize::try_from(offset).ok().zip(usize::try_from(length).ok());
    match end.and_then(|(offset, length)| offset.checked_add(length)).is_some_and(|end| end <= body) {
        true => Ok(()),
        false => Err(format!("a buffer of column {field} reaches beyond the body")),
    }
}
