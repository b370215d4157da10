//! Which schema a row is sent in.
//!
//! A collector knows what it reads; a trace only shows it. So rows that carry the same counters share a schema, and a row
//! that misses a few (a failed read, a slower counter's turn) goes in the schema of its fellows with nulls.

use crate::samples::counters_of;
use std::sync::Arc;
use weft_wire::{Table, TableSchema, WireError};

/// Words of 64 columns; the catalogue's widest table has fewer columns.
const WORDS: usize = 8;
/// Shapes a table may have before all rows go in one that has every column seen.
const MAX_SHAPES: usize = 24;

/// A set of columns of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mask([u64; WORDS]);

impl Mask {
    pub fn set(&mut self, column: u16) {
        if let Some(word) = self.0.get_mut(usize::from(column) / 64) {
            *word |= 1 << (column % 64);
        }
    }

    fn holds(&self, other: &Mask) -> bool {
        self.0.iter().zip(other.0).all(|(own, other)| other & !own == 0)
    }

    fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    fn join(&self, other: &Mask) -> Mask {
        let mut both = *self;
        both.0.iter_mut().zip(other.0).for_each(|(own, other)| *own |= other);
        both
    }

    fn columns(&self) -> impl Iterator<Item = u16> + '_ {
        (0..(WORDS * 64) as u16).filter(|c| self.0[usize::from(*c) / 64] >> (c % 64) & 1 == 1)
    }
}

#[derive(Debug)]
pub struct Shape {
    mask: Mask,
    pub schema: Arc<TableSchema>,
    /// Column of the table → column of the schema.
    pub place: Vec<Option<u16>>,
}

/// The shapes of one table, in the order in which the data showed them.
#[derive(Debug)]
pub struct Shapes {
    table: Table,
    pub shapes: Vec<Shape>,
}

impl Shapes {
    pub fn new(table: Table) -> Shapes {
        Shapes { table, shapes: Vec::new() }
    }

    /// Index of the narrowest shape that holds `mask` without being mostly nulls; a new one if there is none.
    pub fn find(&mut self, mask: &Mask) -> Result<usize, WireError> {
        let close = |shape: &Shape| shape.mask.holds(mask) && shape.mask.len() <= 2 * mask.len() + 4;
        let fitting = self.shapes.iter().enumerate().filter(|(_, shape)| close(shape));
        if let Some((index, _)) = fitting.min_by_key(|(_, shape)| shape.mask.len()) {
            return Ok(index);
        }
        if self.shapes.len() < MAX_SHAPES {
            return self.add(*mask);
        }
        match self.shapes.iter().position(|shape| shape.mask.holds(mask)) {
            Some(index) => Ok(index),
            None => self.add(self.shapes.iter().fold(*mask, |all, shape| all.join(&shape.mask))),
        }
    }

    fn add(&mut self, mask: Mask) -> Result<usize, WireError> {
        let counters = counters_of(self.table);
        let names: Vec<&str> =
            mask.columns().filter_map(|c| Some(counters.get(usize::from(c))?.name.as_str())).collect();
        let mut place = vec![None; counters.len()];
        for (at, column) in mask.columns().enumerate() {
            place[usize::from(column)] = Some(at as u16);
        }
        self.shapes.push(Shape { mask, schema: Arc::new(TableSchema::wide(self.table, &names)?), place });
        Ok(self.shapes.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_fits_a_mask() {
        assert!(Table::ALL.iter().all(|t| counters_of(*t).len() <= WORDS * 64));
    }

    #[test]
    fn rows_that_miss_a_few_counters_share_a_schema() {
        let mask = |columns: &[u16]| {
            let mut mask = Mask::default();
            columns.iter().for_each(|c| mask.set(*c));
            mask
        };
        let mut shapes = Shapes::new(Table::Nic);
        let wide: Vec<u16> = (0..20).collect();
        assert_eq!(shapes.find(&mask(&wide)).unwrap(), 0);
        assert_eq!(shapes.find(&mask(&wide[2..])).unwrap(), 0);
        assert_eq!(shapes.find(&mask(&[0, 1])).unwrap(), 1);
        assert_eq!(shapes.shapes[1].schema.counters.len(), 2);
    }
}
