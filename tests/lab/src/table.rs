//! The table that a person reads.

use crate::verdict::{Named, Row};
use comfy_table::{ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};

pub fn of(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["pass", "fault", "at", "named", "seconds", "lost: said", "measured", "also accused", ""]);
    for row in rows {
        let others: Vec<String> = row.false_alerts.iter().map(named).collect();
        table.add_row([
            row.pass.clone(),
            row.expected.class.clone(),
            part(&row.expected.device, &row.expected.port),
            row.named.as_ref().map_or_else(|| "—".into(), named),
            row.seconds.map_or_else(|| "—".into(), |s| format!("{s:.1}")),
            percent(row.lost_said),
            percent(row.lost_measured),
            others.join("\n"),
            if row.ok { "ok" } else { "WRONG" }.into(),
        ]);
    }
    table
}

/// A row as one line, told as soon as it is known.
pub fn line(row: &Row) -> String {
    let mark = if row.ok { "ok   " } else { "WRONG" };
    let named = row.named.as_ref().map_or_else(|| "nothing".into(), named);
    let seconds = row.seconds.map(|s| format!(" after {s:.1} s")).unwrap_or_default();
    let place = part(&row.expected.device, &row.expected.port);
    let (said, measured) = (percent(row.lost_said), percent(row.lost_measured));
    format!(
        "{mark} {} {} at {place}: named {named}{seconds}; lost {said}, measured {measured}",
        row.pass, row.expected.class
    )
}

fn named(named: &Named) -> String {
    let confidence = named.confidence.map(|c| format!(" ({c:.2})")).unwrap_or_default();
    format!("{} {}{confidence}", named.class, part(&named.device, &named.port))
}

fn part(device: &str, port: &str) -> String {
    if port.is_empty() { device.to_owned() } else { format!("{device}/{port}") }
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "—".into(), |v| format!("{:.1} %", v * 100.0))
}
