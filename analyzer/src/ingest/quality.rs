//! How much of a section is blind.

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, RecordBatch};
use weft_wire::{Quality, QualityFlag, Section, TableSchema, catalogue};

/// Arrow index of the `quality` column of a wide table.
const QUALITY: usize = 4;

/// Blind values named; the rest are only counted.
const MAX_NAMED: usize = 64;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blindness {
    pub saturated: usize,
    pub failed: usize,
    pub too_large: usize,
    /// The first of them: local port index, counter, what is wrong.
    pub named: Vec<(i32, String, &'static str)>,
}

impl Blindness {
    pub fn of(section: &Section) -> Blindness {
        let mut blindness = Blindness::default();
        let Some(quality) = section.batch.column(QUALITY).as_binary_opt::<i32>() else { return blindness };
        if quality.null_count() == quality.len() {
            return blindness;
        }
        let ports = section.batch.column(0).as_primitive::<Int32Type>().values();
        for (row, bytes) in quality.iter().enumerate() {
            for flag in bytes.and_then(QualityFlag::parse_row).unwrap_or_default() {
                blindness.add(&section.schema, ports[row], flag);
            }
        }
        blindness
    }

    fn add(&mut self, schema: &TableSchema, port: i32, flag: QualityFlag) {
        let (count, reason) = match flag.quality {
            Quality::Saturated => (&mut self.saturated, "saturated"),
            Quality::Failed => (&mut self.failed, "read failed"),
            Quality::TooLarge => (&mut self.too_large, "too large"),
            Quality::Read | Quality::NotSampled | Quality::Unsupported => return,
        };
        *count += 1;
        if self.named.len() < MAX_NAMED {
            let counter = schema.counters.get(usize::from(flag.column)).map_or("?", String::as_str);
            let known = catalogue().counter(schema.table, counter);
            let name = known.map_or_else(|| counter.to_owned(), |c| c.element_name(flag.element));
            self.named.push((port, name, reason));
        }
    }

    pub fn total(&self) -> usize {
        self.saturated + self.failed + self.too_large
    }
}

/// Values that are there, in the counter columns of a wide batch.
pub fn samples(batch: &RecordBatch) -> u64 {
    let values = |column: &dyn Array| match column.as_fixed_size_list_opt() {
        Some(list) => list.values().len() - list.values().null_count(),
        None => column.len() - column.null_count(),
    };
    batch.columns().iter().skip(TableSchema::KEYS).map(|c| values(c) as u64).sum()
}
