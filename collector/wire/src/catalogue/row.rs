//! One row of the catalogue: a counter and where it is read.

use crate::Table;
use serde::Deserialize;

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
    /// A generation of PCIe, 1 to 7, for its transfers a second.
    PcieGeneration,
}

impl Encoding {
    /// The number that `raw` stands for; `None` for what stands for none.
    pub fn decode(self, raw: u64) -> Option<f64> {
        match self {
            Encoding::Plain => Some(raw as f64),
            Encoding::PackedBer => {
                let (mantissa, exponent) = ((raw >> 8) & 0xF, (raw & 0xFF) as i32);
                Some(mantissa as f64 / 10f64.powi(exponent))
            }
            // PCI Express Base Specification: gigatransfers a second of a lane, by generation.
            Encoding::PcieGeneration => {
                let at = usize::try_from(raw).ok()?.checked_sub(1)?;
                [2.5, 5.0, 8.0, 16.0, 32.0, 64.0, 128.0].get(at).copied()
            }
        }
    }
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

fn one() -> f64 {
    1.0
}

fn sixty_four() -> u8 {
    64
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
    pub(super) fn check(&self) -> Result<(), String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_numbers_are_read() {
        assert_eq!(Encoding::PackedBer.decode(0x30F), Some(3e-15));
        assert_eq!(Encoding::PackedBer.decode(0), Some(0.0));
        assert_eq!(Encoding::PcieGeneration.decode(5), Some(32.0));
        assert_eq!([0, 8, u64::MAX].map(|raw| Encoding::PcieGeneration.decode(raw)), [None; 3]);
    }
}
