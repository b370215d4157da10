//! How much of a section is blind.

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use weft_wire::{Quality, QualityFlag, Section, TableSchema};

/// Arrow index of the `quality` column of a wide table.
const QUALITY: usize = 4;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blindness {
    pub saturated: usize,
    pub failed: usize,
    pub too_large: usize,
}

impl Blindness {
    pub fn of(section: &Section) -> Blindness {
        let mut blindness = Blindness::default();
        let Some(quality) = section.batch.column(QUALITY).as_binary_opt::<i32>() else { return blindness };
        if quality.null_count() == quality.len() {
            return blindness;
        }
        for flag in quality.iter().flatten().filter_map(QualityFlag::parse_row).flatten() {
            match flag.quality {
                Quality::Saturated => blindness.saturated += 1,
                Quality::Failed => blindness.failed += 1,
                Quality::TooLarge => blindness.too_large += 1,
                Quality::Read | Quality::NotSampled | Quality::Unsupported => {}
            }
        }
        blindness
    }

    pub fn total(self) -> usize {
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
