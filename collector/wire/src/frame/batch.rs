//! One record batch to and from a bare Arrow IPC message.
//!
//! The reader of the arrow crate asserts some of what a message says of its buffers instead of answering with an error, so
//! all of it is checked here first: whatever the bytes, the answer is a batch or an error, nothing larger than the body is
//! allocated, and no two columns share a byte of it. What is in the buffers (offsets of texts, UTF-8, null counts) arrow
//! validates itself.

use crate::{TableSchema, WireError};
use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteOptions};
use arrow_ipc::{MessageHeader, MetadataVersion, reader::read_record_batch, root_as_message};
use arrow_schema::{DataType, Field};
use prost::bytes::Bytes;
use std::collections::HashMap;

/// Every buffer begins at a multiple of this, bytes.
const ALIGNMENT: usize = 8;

/// The message (flatbuffer) and its body.
pub fn encode(batch: &RecordBatch) -> Result<(Vec<u8>, Vec<u8>), WireError> {
    let options = IpcWriteOptions::try_new(ALIGNMENT, false, MetadataVersion::V5)?;
    let (_, encoded) = IpcDataGenerator::default().encode(
        batch,
        &mut DictionaryTracker::new(true),
        &options,
        &mut Default::default(),
    )?;
    Ok((encoded.ipc_message, encoded.arrow_data))
}

/// The columns share the body's memory.
pub fn decode(message: &[u8], body: Bytes, schema: &TableSchema) -> Result<RecordBatch, WireError> {
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
    let nodes = batch.nodes().ok_or("no field nodes")?;
    let buffers = batch.buffers().ok_or("no buffers")?;
    let mut layout = Layout { nodes: nodes.iter(), buffers: buffers.iter(), end: 0, body };
    for field in schema.arrow().fields() {
        layout.column(field, rows).map_err(|what| format!("column {}: {what}", field.name()))?;
    }
    match (layout.nodes.next(), layout.buffers.next()) {
        (None, None) => Ok(()),
        _ => Err("more columns than the schema has".to_owned()),
    }
}

/// Walks a message's nodes and buffers in the order of the schema.
struct Layout<N, B> {
    nodes: N,
    buffers: B,
    /// Where the buffer before ended.
    end: usize,
    body: usize,
}

impl<'a, N, B> Layout<N, B>
where
    N: Iterator<Item = &'a arrow_ipc::FieldNode>,
    B: Iterator<Item = &'a arrow_ipc::Buffer>,
{
    fn column(&mut self, field: &Field, rows: usize) -> Result<(), String> {
        let nulls = self.node(rows)?;
        self.buffer(if nulls > 0 { rows.div_ceil(8) } else { 0 }, 1)?;
        match field.data_type() {
            DataType::Int32 => self.buffer(rows, 4),
            DataType::Int64 | DataType::Float64 => self.buffer(rows, 8),
            DataType::Utf8 | DataType::Binary => {
                self.buffer(if rows == 0 { 0 } else { rows.saturating_add(1) }, 4)?;
                self.buffer(0, 1)
            }
            DataType::FixedSizeList(item, len) => {
                self.column(item, rows.saturating_mul(usize::try_from(*len).map_err(|e| e.to_string())?))
            }
            other => Err(format!("{other} is not part of this format")),
        }
    }

    /// Returns the number of nulls.
    fn node(&mut self, rows: usize) -> Result<usize, String> {
        let node = self.nodes.next().ok_or("is missing")?;
        match (usize::try_from(node.length()), usize::try_from(node.null_count())) {
            (Ok(length), Ok(nulls)) if length == rows && nulls <= rows => Ok(nulls),
            _ => Err(format!("claims {} rows and {} nulls of {rows}", node.length(), node.null_count())),
        }
    }

    /// Buffers lie in the body one after the other, each a whole number of items of `width` bytes.
    fn buffer(&mut self, items: usize, width: usize) -> Result<(), String> {
        let buffer = self.buffers.next().ok_or("a buffer is missing")?;
        let (Ok(offset), Ok(length)) = (usize::try_from(buffer.offset()), usize::try_from(buffer.length())) else {
            return Err("a buffer has a negative place".to_owned());
        };
        if !offset.is_multiple_of(ALIGNMENT) || offset < self.end {
            return Err(format!("a buffer begins at {offset}, within another or not at a multiple of {ALIGNMENT}"));
        }
        self.end =
            offset.checked_add(length).filter(|&end| end <= self.body).ok_or("a buffer reaches beyond the body")?;
        match length.is_multiple_of(width) && length / width >= items {
            true => Ok(()),
            false => Err(format!("a buffer has {length} bytes, {items} items of {width} are needed")),
        }
    }
}
