//! The counter catalogue: one data file says of every counter what it is and where it is read.
//!
//! Schemas, the mapping from a driver's own names, the docs and the SQL table `counter_catalog` all come from it.
//! To add a counter, add one `[[counter]]` to `catalogue.toml`.

mod extra;
mod row;

use crate::Table;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::OnceLock;

pub use extra::{Unmapped, UnmappedGoes, unmapped, unmapped_list};
pub use row::{ColumnKind, Counter, CounterKind, Encoding, Foreign, Overflow, Source, Tier};

const CATALOGUE_TOML: &str = include_str!("../../catalogue.toml");

/// A driver's raw name, resolved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mapping {
    /// Index into [`Catalogue::counters`].
    pub counter: usize,
    /// Element of a list counter; 0 for a scalar.
    pub element: u8,
    pub scale: f64,
    pub bits: u8,
    pub overflow: Overflow,
    pub period_ms: u32,
    pub encoding: Encoding,
    /// Rank among the counter's sources; lower is preferred.
    pub precedence: u8,
}

#[derive(Debug)]
pub struct Catalogue {
    counters: Vec<Counter>,
    by_name: HashMap<(Table, String), usize>,
    by_element: HashMap<(Table, String), (usize, u8)>,
    by_raw: HashMap<(Table, String), HashMap<String, Mapping>>,
}

/// The catalogue built into this binary.
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE
        .get_or_init(|| Catalogue::parse(CATALOGUE_TOML).expect("the built-in catalogue parses: a unit test says so"))
}

impl Catalogue {
    /// Errors name the counter and what is wrong with its row.
    pub fn parse(text: &str) -> Result<Catalogue, String> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            counter: Vec<Counter>,
        }
        let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
        let mut catalogue = Catalogue {
            counters: Vec::new(),
            by_name: HashMap::new(),
            by_element: HashMap::new(),
            by_raw: HashMap::new(),
        };
        for counter in file.counter {
            catalogue.add(counter)?;
        }
        Ok(catalogue)
    }

    fn add(&mut self, counter: Counter) -> Result<(), String> {
        let index = self.counters.len();
        let name = &counter.name;
        counter.check().map_err(|why| format!("counter {name}: {why}"))?;
        for text in &counter.tables {
            let table = Table::from_name(text)
                .filter(|t| t.is_wide())
                .ok_or_else(|| format!("counter {name}: no wide table {text}"))?;
            if self.by_name.insert((table, name.clone()), index).is_some() {
                return Err(format!("counter {name} twice in table {text}"));
            }
            for element in 0..counter.list.unwrap_or(1) {
                let element_name = counter.element_name(element);
                if self.by_element.insert((table, element_name.clone()), (index, element)).is_some() {
                    return Err(format!("counter {name}: {element_name} is another counter of table {text}"));
                }
                for (precedence, source) in counter.sources.iter().enumerate() {
                    self.add_source(table, index, element, precedence as u8, source)
                        .map_err(|why| format!("counter {name}: {why}"))?;
                }
            }
        }
        self.counters.push(counter);
        Ok(())
    }

    fn add_source(
        &mut self,
        table: Table,
        counter: usize,
        element: u8,
        precedence: u8,
        source: &Source,
    ) -> Result<(), String> {
        let raw = source.raw.replace("{i}", &element.to_string());
        if element > 0 && raw == source.raw {
            return Ok(()); // the source speaks of element 0 alone
        }
        let mapping = Mapping {
            counter,
            element,
            scale: source.scale,
            bits: source.bits,
            overflow: source.overflow,
            period_ms: source.period_ms,
            encoding: source.encoding,
            precedence,
        };
        let names = self.by_raw.entry((table, source.driver.clone())).or_default();
        match names.insert(raw, mapping) {
            Some(_) => Err(format!("{} {} is mapped twice in {}", source.driver, source.raw, table.name())),
            None => Ok(()),
        }
    }

    pub fn counters(&self) -> &[Counter] {
        &self.counters
    }

    /// Counters of a table, in catalogue order.
    pub fn of_table(&self, table: Table) -> impl Iterator<Item = &Counter> {
        self.counters.iter().filter(move |c| c.tables().any(|t| t == table))
    }

    pub fn counter(&self, table: Table, name: &str) -> Option<&Counter> {
        self.by_name.get(&(table, name.to_owned())).map(|&i| &self.counters[i])
    }

    /// The counter and element that a canonical name such as `rx_pause_us_p3` stands for; element 0 for scalars.
    pub fn element(&self, table: Table, name: &str) -> Option<(&Counter, u8)> {
        self.by_element.get(&(table, name.to_owned())).map(|&(i, e)| (&self.counters[i], e))
    }

    /// What a driver's raw name means in a table.
    pub fn mapping(&self, table: Table, driver: &str, raw: &str) -> Option<&Mapping> {
        self.by_raw.get(&(table, driver.to_owned()))?.get(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalogue_parses() {
        Catalogue::parse(CATALOGUE_TOML).unwrap();
    }
}
