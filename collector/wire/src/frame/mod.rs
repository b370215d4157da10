//! A frame: what one collector says at one flush.
//!
//! ```text
//! "WEFT" | version u8 | kind u8 | 0u16 | crc32 of the body, u32 LE | body: a protobuf message
//! frame body: header fields, perhaps the inventory, then per section a bare Arrow IPC record batch
//! ```
//! Batches are not compressed here: Kafka compresses whole message sets, which is smaller and faster, and a decoder that
//! never inflates cannot be made to allocate more than it was sent. Fields are only ever added; numbers are not reused.

mod batch;
mod convert;
mod limits;
mod prelude;
mod proto;
#[cfg(test)]
mod tests;

use crate::{Fingerprint, Inventory, SchemaCache, TableSchema, WireError};
use arrow_array::RecordBatch;
use prost::Message;
use std::sync::Arc;

pub use prelude::VERSION;
use prelude::{Kind, PRELUDE, open, seal};

/// The largest message either side accepts, bytes. A node's flush is ~10 KB, a switch's ~200 KB.
pub const MAX_FRAME_BYTES: usize = 16 << 20;

/// What one collector says at one flush.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    pub collector: String,
    /// Incarnation of the collector process.
    pub boot: u64,
    /// Rises by one with every frame of this incarnation, from 0.
    pub sequence: u64,
    /// When it was flushed, ns since the epoch by the node's clock.
    pub flush_ts_ns: i64,
    /// The node's own estimate of its clock's error; `None` = unsynchronised.
    pub clock_error_us: Option<i64>,
    /// Version of the inventory its port indices mean.
    pub inventory_version: u64,
    /// Frames this incarnation gave up on so far (its queue was full).
    pub dropped_frames: u64,
    /// Embedded now and then, and always when it changed.
    pub inventory: Option<Inventory>,
    pub sections: Vec<Section>,
}

/// Rows of one schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    pub schema: Arc<TableSchema>,
    pub batch: RecordBatch,
}

impl Frame {
    pub fn encode(&self) -> Result<Vec<u8>, WireError> {
        let sections = self.sections.iter().map(encode_section).collect::<Result<_, _>>()?;
        let body = proto::Frame {
            collector: self.collector.clone(),
            boot: self.boot,
            sequence: self.sequence,
            flush_ts_ns: self.flush_ts_ns,
            clock_error_us: self.clock_error_us,
            inventory_version: self.inventory_version,
            dropped_frames: self.dropped_frames,
            inventory: self.inventory.as_ref().map(convert::inventory_to_proto),
            sections,
        };
        let bytes = seal(Kind::Frame, &body)?;
        if self.inventory.is_some() {
            limits::check_frame(&bytes[PRELUDE..])?; // what no reader would take is not sent
        }
        Ok(bytes)
    }

    /// Decodes a frame; an embedded inventory teaches `schemas` first. A section whose schema is unknown is an error:
    /// the caller may keep the bytes until the inventory has come ([`WireError::UnknownSchema`]).
    pub fn decode(bytes: &[u8], schemas: &mut SchemaCache) -> Result<Frame, WireError> {
        let body = open(Kind::Frame, bytes)?;
        limits::check_frame(body)?;
        let body = proto::Frame::decode(body)?;
        let inventory = body.inventory.map(convert::inventory_from_proto).transpose()?;
        for schema in inventory.iter().flat_map(|i| &i.schemas) {
            schemas.learn(schema);
        }
        let sections = body.sections.into_iter().map(|s| decode_section(s, schemas)).collect::<Result<_, _>>()?;
        Ok(Frame {
            collector: body.collector,
            boot: body.boot,
            sequence: body.sequence,
            flush_ts_ns: body.flush_ts_ns,
            clock_error_us: body.clock_error_us,
            inventory_version: body.inventory_version,
            dropped_frames: body.dropped_frames,
            inventory,
            sections,
        })
    }
}

impl Inventory {
    /// As a message of its own, for the compacted inventory topic.
    pub fn encode(&self) -> Result<Vec<u8>, WireError> {
        let bytes = seal(Kind::Inventory, &convert::inventory_to_proto(self))?;
        limits::check_inventory(&bytes[PRELUDE..])?;
        Ok(bytes)
    }

    pub fn decode(bytes: &[u8]) -> Result<Inventory, WireError> {
        let body = open(Kind::Inventory, bytes)?;
        limits::check_inventory(body)?;
        convert::inventory_from_proto(proto::Inventory::decode(body)?)
    }
}

fn encode_section(section: &Section) -> Result<proto::Section, WireError> {
    let (message, body) = batch::encode(&section.batch)?;
    Ok(proto::Section {
        table: section.schema.table as u32,
        fingerprint: section.schema.fingerprint().0,
        message,
        body: body.into(),
    })
}

fn decode_section(section: proto::Section, schemas: &SchemaCache) -> Result<Section, WireError> {
    let schema =
        schemas.get(Fingerprint(section.fingerprint)).ok_or(WireError::UnknownSchema(section.fingerprint))?.clone();
    if section.table != schema.table as u32 {
        return Err(WireError::Schema(format!(
            "a section of table {} has a schema of {:?}",
            section.table, schema.table
        )));
    }
    let batch = batch::decode(&section.message, section.body, &schema)?;
    Ok(Section { schema, batch })
}
