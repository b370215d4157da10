//! One table, for a terminal or for a page of Markdown.

use comfy_table::{ContentArrangement, Table, presets};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Terminal,
    Markdown,
}

/// The first row is the header.
pub fn table(rows: Vec<Vec<String>>, look: Look) -> Table {
    let mut table = Table::new();
    let preset = if look == Look::Terminal { presets::UTF8_FULL_CONDENSED } else { presets::ASCII_MARKDOWN };
    table.load_style(preset).set_content_arrangement(ContentArrangement::Disabled);
    let mut rows = rows.into_iter();
    table.set_header(rows.next().unwrap_or_default());
    table.add_rows(rows);
    table
}

pub fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}
