//! A query's answer for people and for line-eating programs.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Debug, Deserialize)]
pub struct Answer {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Value>>,
}

#[derive(Debug, Deserialize)]
pub struct Column {
    name: String,
    r#type: String,
    #[serde(default)]
    unit: String,
}

/// Numbers stand to the right, units in the head; a null is shown as nothing, unlike an empty text.
pub fn render(answer: &Answer) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(answer.columns.iter().map(|column| match column.unit.as_str() {
        "" | "1" => column.name.clone(),
        unit => format!("{} [{unit}]", column.name),
    }));
    for row in &answer.rows {
        table.add_row(row.iter().map(cell));
    }
    for (n, column) in answer.columns.iter().enumerate() {
        if let Some(shown) = table.column_mut(n)
            && is_number(&column.r#type)
        {
            shown.set_cell_alignment(CellAlignment::Right);
        }
    }
    let rows = answer.rows.len();
    format!("{table}\n{rows} row{}\n", if rows == 1 { "" } else { "s" })
}

fn is_number(arrow: &str) -> bool {
    ["Int", "UInt", "Float", "Decimal"].iter().any(|prefix| arrow.starts_with(prefix))
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// NDJSON: an object a row.
pub fn lines(answer: &Answer) -> String {
    let object = |row: &Vec<Value>| -> Map<String, Value> {
        answer.columns.iter().map(|column| column.name.clone()).zip(row.iter().cloned()).collect()
    };
    answer.rows.iter().map(|row| Value::Object(object(row)).to_string() + "\n").collect()
}
