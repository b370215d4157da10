//! The counter catalogue: one data file says of every counter what it is and where it is read.
//!
//! Schemas, the mapping from a driver's own names, the docs and the SQL table `counter_catalog` all come from it.
//! To add a counter, add one `[[counter]]` to `catalogue.toml`.

use crate::Table;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::OnceLock;

const CATALOGUE_TOML: &str = include_str!("../catalogue.toml");

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CounterKind {
    /// Cumulative; only differences mean something.
    Counter,
    Gauge,
    State,
}

/// What a counter does at its width's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overflow {
    #[default]
    Wrap,
    Saturate,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    Fast,
    #[default]
    Normal,
    Slow,
}

/// How the number is written in what the source returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    #[default]
    Plain,
    /// NVML's bit error rates: mantissa in bits 8–11, negative decimal exponent in bits 0–7 (`mantissa × 10^-exponent`).
    PackedBer,
}

/// How a counter lies in an Arrow batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    Int,
    Float,
    /// Fixed-size list of Int64, one element per priority, FEC bin, …
    List(u8),
}

/// Where a counter is read on one driver.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Driver or interface: `netdev`, `infiniband`, `mlx5.hw`, `mlx5.ethtool`, `sonic`, `openconfig`, `nvml`, …
    pub driver: String,
    /// The driver's own name; `{i}` stands for the element of a list.
    pub raw: String,
    /// Canonical value = raw value × scale.
    #[serde(default = "one")]
    pub scale: f64,
    #[serde(default = "sixty_four")]
    pub bits: u8,
    #[serde(default)]
    pub overflow: Overflow,
    /// How often the source refreshes it by itself, ms; 0 when fresh at every read.
    #[serde(default)]
    pub period_ms: u32,
    #[serde(default)]
    pub encoding: Encoding,
}

/// What the same counter is called elsewhere; several names are separated by a space.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Foreign {
    pub prometheus: String,
    pub opentelemetry: String,
    pub openconfig: String,
    pub dcgm: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counter {
    pub name: String,
    pub tables: Vec<String>,
    pub kind: CounterKind,
    pub unit: String,
    pub help: String,
    #[serde(default)]
    pub tier: Tier,
    /// Length of the list; absent for a scalar.
    #[serde(default)]
    pub list: Option<u8>,
    /// Name of one element, `{i}` its index; only with `list`.
    #[serde(default)]
    pub element: Option<String>,
    /// In order of precedence: the first that a port has is used, the next when it saturates.
    #[serde(default)]
    pub sources: Vec<Source>,
    #[serde(default)]
    pub foreign: Foreign,
}

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

fn one() -> f64 {
    1.0
}

fn sixty_four() -> u8 {
    64
}

/// The catalogue built into this binary.
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE
        .get_or_init(|| Catalogue::parse(CATALOGUE_TOML).expect("the built-in catalogue parses: a unit test says so"))
}

impl Source {
    fn is_sound(&self) -> bool {
        let named = !self.driver.is_empty() && !self.raw.is_empty();
        named && (1..=64).contains(&self.bits) && self.scale.is_finite() && self.scale > 0.0
    }
}

impl Counter {
    pub fn column_kind(&self) -> ColumnKind {
        match (self.list, self.kind) {
            (Some(len), _) => ColumnKind::List(len),
            (None, CounterKind::Gauge) => ColumnKind::Float,
            (None, _) => ColumnKind::Int,
        }
    }

    /// What the types cannot say of a row.
    fn check(&self) -> Result<(), String> {
        match (self.list, &self.element) {
            (None, None) => {}
            (Some(2..), Some(element)) if element.contains("{i}") => {}
            (Some(2..), Some(element)) => return Err(format!("element {element} lacks {{i}}")),
            (Some(_), Some(_)) => return Err("a list has two elements or more".to_owned()),
            _ => return Err("list and element go together".to_owned()),
        }
        if self.unit.is_empty() || !self.help.ends_with('.') {
            return Err("unit and help must be there, help as a sentence".to_owned());
        }
        match self.sources.iter().find(|s| !s.is_sound()) {
            Some(source) => Err(format!("source {} {:?}: see the keys of a source", source.driver, source.raw)),
            None => Ok(()),
        }
    }

    pub fn tables(&self) -> impl Iterator<Item = Table> + '_ {
        self.tables.iter().filter_map(|t| Table::from_name(t))
    }

    /// Name of one element of a list counter, the counter's own name for a scalar.
    pub fn element_name(&self, index: u8) -> String {
        match &self.element {
            Some(template) => template.replace("{i}", &index.to_string()),
            None => self.name.clone(),
        }
    }
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
