//! counters.csv: what feeds each counter of a port, where it is known.

use crate::error::Result;
use crate::table::Table;
use std::collections::HashMap;
use std::path::Path;
use weft_wire::{CounterSource, Overflow};

/// Sources by (device, port); an empty device means every device, an empty port every port of it (and a host's own).
#[derive(Clone, Debug, Default)]
pub struct CounterSources {
    by_port: HashMap<(String, String), Vec<CounterSource>>,
}

impl CounterSources {
    pub fn load(dir: &Path) -> Result<CounterSources> {
        let mut sources = CounterSources::default();
        let Some(mut table) = Table::open(dir, "counters.csv")? else { return Ok(sources) };
        let [device, port, counter] = [table.column("device")?, table.column("port")?, table.column("counter")?];
        let [source, bits, overflow] = ["source", "bits", "overflow"].map(|c| table.optional_column(c));
        while table.next_row()? {
            let width = table.optional_int(bits, "bits")?.unwrap_or(64);
            if !(1..=64).contains(&width) {
                return Err(table.error(format!("bits is {width}"), "write the counter's width, 1 to 64"));
            }
            let overflow = match table.text(overflow)? {
                "" | "wrap" => Overflow::Wrap,
                "saturate" => Overflow::Saturate,
                other => return Err(table.error(format!("overflow is {other:?}"), "write wrap or saturate")),
            };
            let row = CounterSource {
                counter: table.name(counter, "counter")?.to_owned(),
                source: table.text(source)?.to_owned(),
                raw_name: String::new(),
                bits: width as u8,
                overflow,
                period_ms: 0,
            };
            let key = (table.text(device)?.to_owned(), table.text(port)?.to_owned());
            sources.by_port.entry(key).or_default().push(row);
        }
        Ok(sources)
    }

    /// Gives every port another name; rows for every device or every port of one stay so.
    pub fn rename(&mut self, name: impl Fn(&str, &str) -> (String, String)) {
        let renamed = |((device, port), rows): ((String, String), Vec<CounterSource>)| match device.as_str() {
            "" => ((device, port), rows),
            _ => (name(&device, &port), rows),
        };
        self.by_port = std::mem::take(&mut self.by_port).into_iter().map(renamed).collect();
    }

    /// What is known of a counter of a port; the most particular row wins.
    pub fn find(&self, device: &str, port: &str, counter: &str) -> Option<&CounterSource> {
        [(device, port), (device, ""), ("", "")]
            .iter()
            .filter_map(|(d, p)| self.by_port.get(&((*d).to_owned(), (*p).to_owned())))
            .find_map(|rows| rows.iter().find(|r| r.counter == counter))
    }
}
