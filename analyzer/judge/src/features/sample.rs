//! What one reading of a port tells of its traffic. A tick of a large fabric has millions of readings, so that these few
//! counters go a way of their own: one row a counter in [`Columns::of`], and fields of fixed places behind it.

use super::health::read;
use super::packed;
use crate::fabric::{PortId, TickBatch};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, Float64Array, Int64Array};
use nonmax::NonMaxI64;
use serde::{Deserialize, Serialize};
use weft_wire::TableSchema;

/// A cumulative count, if there is one, in 8 bytes: a fabric has millions of them.
pub type Count = Option<NonMaxI64>;

/// How much a count rose between two readings; below 0 where it fell. A reading may be any 64 bits that a device says.
pub fn rise(before: Count, now: Count) -> Option<i64> {
    Some(now?.get().saturating_sub(before?.get()))
}

/// One reading of a port. `None`: the row did not tell it.
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

/// The columns of a batch that tell of traffic.
pub struct Columns<'a> {
    ts_ns: &'a Int64Array,
    tx_bytes: Option<&'a Int64Array>,
    rx_bytes: Option<&'a Int64Array>,
    tx_packets: Option<&'a Int64Array>,
    rx_packets: Option<&'a Int64Array>,
    queue_bytes: Option<&'a Float64Array>,
}

impl<'a> Columns<'a> {
    pub fn of(tick: &'a TickBatch) -> Columns<'a> {
        let column = |name: &str| Some(tick.batch.column(tick.schema.column(name)? + TableSchema::KEYS));
        let count = |name: &str| column(name)?.as_primitive_opt::<Int64Type>();
        Columns {
            ts_ns: tick.batch.column(1).as_primitive::<Int64Type>(),
            tx_bytes: count("tx_bytes"),
            rx_bytes: count("rx_bytes"),
            tx_packets: count("tx_packets"),
            rx_packets: count("rx_packets"),
            queue_bytes: column("queue_bytes").and_then(|c| c.as_primitive_opt::<Float64Type>()),
        }
    }

    pub fn sample(&self, row: usize) -> Sample {
        let count = |column: Option<&Int64Array>| column.and_then(|column| read(column, row));
        Sample {
            ts_ns: self.ts_ns.value(row),
            tx_bytes: count(self.tx_bytes),
            rx_bytes: count(self.rx_bytes),
            tx_packets: count(self.tx_packets),
            rx_packets: count(self.rx_packets),
            queue_bytes: self.queue_bytes.filter(|c| c.is_valid(row)).map(|c| c.value(row) as f32),
        }
    }
}

/// Sorts by port and time. Rows that were read at the same instant, one of them at 1 Hz and one at 10 Hz, become one.
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
