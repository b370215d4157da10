//! Traffic samples of fabric ports, taken out of a tick's batches: sorted, one a reading.

use super::packed;
use crate::fabric::PortId;
use crate::fabric::TickBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, Float64Array, Int64Array};
use nonmax::NonMaxI64;
use serde::{Deserialize, Serialize};
use weft_wire::TableSchema;

/// A cumulative count, if there is one, in 8 bytes: a fabric keeps millions.
pub type Count = Option<NonMaxI64>;

/// How much a count rose between two readings; below 0 where it fell. Readings are the data's word: any 64 bits.
pub fn rise(before: Count, now: Count) -> Option<i64> {
    Some(now?.get().saturating_sub(before?.get()))
}

/// What one reading of a port told; `None` = this row did not carry it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    pub ts_ns: i64,
    #[serde(with = "packed::count")]
    pub tx_bytes: Count,
    #[serde(with = "packed::count")]
    pub rx_bytes: Count,
    #[serde(with = "packed::count")]
    pub tx_packets: Count,
    #[serde(with = "packed::count")]
    pub rx_packets: Count,
    pub queue_bytes: Option<f32>,
}

/// The slower counters, of which the last value of a tick is enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Health {
    pub link_up: Option<bool>,
    #[serde(with = "packed::count")]
    pub link_down_events: Count,
    /// Packets that arrived damaged.
    #[serde(with = "packed::count")]
    pub rx_damaged: Count,
    /// Packets that arrived well, and the receiver dropped.
    #[serde(with = "packed::count")]
    pub rx_discards: Count,
    #[serde(with = "packed::count")]
    pub rx_pause_us: Count,
}

/// The columns a batch has of those above.
pub struct Columns<'a> {
    ts_ns: &'a Int64Array,
    tx_bytes: Option<&'a Int64Array>,
    rx_bytes: Option<&'a Int64Array>,
    tx_packets: Option<&'a Int64Array>,
    rx_packets: Option<&'a Int64Array>,
    queue_bytes: Option<&'a Float64Array>,
    link_up: Option<&'a Int64Array>,
    link_down_events: Option<&'a Int64Array>,
    rx_errors: Option<&'a Int64Array>,
    rx_discards: Option<&'a Int64Array>,
    rx_crc_errors: Option<&'a Int64Array>,
    rx_pause_us: Option<&'a Int64Array>,
}

impl<'a> Columns<'a> {
    pub fn of(tick: &'a TickBatch) -> Columns<'a> {
        let column = |name: &str| Some(tick.batch.column(tick.schema.column(name)? + TableSchema::KEYS));
        let int = |name: &str| column(name)?.as_primitive_opt::<Int64Type>();
        Columns {
            ts_ns: tick.batch.column(1).as_primitive::<Int64Type>(),
            tx_bytes: int("tx_bytes"),
            rx_bytes: int("rx_bytes"),
            tx_packets: int("tx_packets"),
            rx_packets: int("rx_packets"),
            queue_bytes: column("queue_bytes").and_then(|c| c.as_primitive_opt::<Float64Type>()),
            link_up: int("link_up"),
            link_down_events: int("link_down_events"),
            rx_errors: int("rx_errors"),
            rx_discards: int("rx_discards"),
            rx_crc_errors: int("rx_crc_errors"),
            rx_pause_us: int("rx_pause_us"),
        }
    }

    pub fn sample(&self, row: usize) -> Sample {
        Sample {
            ts_ns: self.ts_ns.value(row),
            tx_bytes: read(self.tx_bytes, row),
            rx_bytes: read(self.rx_bytes, row),
            tx_packets: read(self.tx_packets, row),
            rx_packets: read(self.rx_packets, row),
            queue_bytes: self.queue_bytes.filter(|c| c.is_valid(row)).map(|c| c.value(row) as f32),
        }
    }

    /// `None` when this batch carries none of the slower counters.
    pub fn health(&self, row: usize) -> Option<Health> {
        let health = Health {
            link_up: read(self.link_up, row).map(|v| v.get() != 0),
            link_down_events: read(self.link_down_events, row),
            rx_damaged: read(self.rx_errors, row).or_else(|| read(self.rx_crc_errors, row)),
            rx_discards: read(self.rx_discards, row),
            rx_pause_us: read(self.rx_pause_us, row),
        };
        (health != Health::default()).then_some(health)
    }
}

fn read(column: Option<&Int64Array>, row: usize) -> Count {
    column.filter(|c| c.is_valid(row)).and_then(|c| NonMaxI64::new(c.value(row)))
}

/// Sorts by port and time and merges rows of one reading (a 1 Hz and a 10 Hz row taken at the same instant).
pub fn sort(samples: &mut Vec<(PortId, Sample)>) {
    samples.sort_by_key(|(port, s)| (*port, s.ts_ns));
    samples.dedup_by(|later, first| {
        let same = later.0 == first.0 && later.1.ts_ns == first.1.ts_ns;
        if same {
            let (a, b) = (&mut first.1, later.1);
            a.tx_bytes = a.tx_bytes.or(b.tx_bytes);
            a.rx_bytes = a.rx_bytes.or(b.rx_bytes);
            a.tx_packets = a.tx_packets.or(b.tx_packets);
            a.rx_packets = a.rx_packets.or(b.rx_packets);
            a.queue_bytes = a.queue_bytes.or(b.queue_bytes);
        }
        same
    });
}
