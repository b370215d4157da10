//! docs/sql.md is the catalogue of SQL as a page: made here, and stale when it differs.

use super::tables::{self, Kind, SqlTable};
use super::tests::{query, store};
use super::wide::WideTable;
use super::{Sql, SqlEngine, SqlLimits, balance, bounds, complexity};
use arrow_schema::{DataType, Field, SchemaRef};
use datafusion::catalog::TableProvider;
use std::fmt::Write;
use std::path::PathBuf;
use weft_wire::{Table, catalogue};

const RENEW: &str = "UPDATE=1 cargo test --workspace --lib -- sql::docs";

const HEAD: &str = "\
# SQL

Made from the tables in force (`analyzer/src/sql/tables`) by `UPDATE=1 cargo test --workspace --lib -- sql::docs`: edit those,
not this.

`weft sql -c \"SELECT …\"` or `POST /api/v1/sql` with `{\"sql\": \"SELECT …\", \"params\": [], \"timeout_ms\": 10000, \"max_rows\": 10000}`
asks the running analyzer. Answers come as JSON, CSV (`Accept: text/csv`) or an Arrow stream
(`Accept: application/vnd.apache.arrow.stream`). The dialect is Apache DataFusion's, near to PostgreSQL's. It only reads.

- The tables of counters hold the hot window, an hour unless `[analyzer] window_s` says otherwise; bound `ts_ns` or `ts` in
  WHERE, and name `device`, where you can: then most of it is never touched.
- Counters are as the device says them, since its start: `max(x) - min(x)`, or `lag(x) OVER (PARTITION BY device, port ORDER BY
  ts_ns)` is what was counted between. A value that was not read is null, never 0; `quality` says why.
- `ts` is UTC in microseconds, `ts_ns` the same moment in nanoseconds since 1970.
- `information_schema.tables` and `.columns`, `SHOW TABLES` and `SHOW COLUMNS FROM nic` tell what stands here.
";

/// Columns that stand in several tables or whose name does not say what they hold.
const WHAT: [(&str, &str); 14] = [
    ("device", "node, switch or GPU host, by name"),
    ("port", "of the device; empty for the device itself"),
    ("ts", "when it was read, UTC"),
    ("ts_ns", "when it was read, since 1970"),
    ("source_ts_ns", "when the device itself refreshed it, where it says so"),
    ("epoch", "rises when the port's counters began anew"),
    ("quality", "which values are not sound and why: `rx_bytes: failed`; null when all are"),
    ("confidence", "0 to 1"),
    ("lost_step_time", "part of its step time that the job loses, 0 to 1"),
    ("body", "the whole incident as JSON"),
    ("strength", "how far the value is from what it is compared with, 0 to 1"),
    ("reference", "what the value is compared with"),
    ("reference_of", "whose value the reference is"),
    ("labels", "as JSON"),
];

fn schema(table: &SqlTable) -> SchemaRef {
    match table.kind {
        Kind::Window(wide) => WideTable::new(&store(), wide).schema(),
        Kind::Small(make) => make(&store()).unwrap().schema(),
    }
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    limits(&mut page);
    let _ = write!(page, "\n## Tables\n\n| table | what |\n|---|---|\n");
    for table in tables::tables() {
        let _ = writeln!(page, "| [`{0}`](#{0}) | {1} |", table.name, escape(table.about));
    }
    for table in tables::tables() {
        let _ = write!(page, "\n## {}\n\n{}\n\n```sql\n{}\n```\n\n", table.name, table.about, table.example);
        page.push_str("| column | type | unit | what |\n|---|---|---|---|\n");
        for field in schema(table).fields() {
            let unit = field.metadata().get("unit").map_or("", String::as_str);
            let what = escape(&what(table, field));
            let _ = writeln!(page, "| `{}` | {} | {unit} | {what} |", field.name(), kind(field.data_type()));
        }
    }
    page
}

fn limits(page: &mut String) {
    page.push_str("\n## Limits\n\nWhat is over one is refused with words that name it and what to write instead.\n\n");
    for (most, of) in [
        (bounds::MOST_BYTES, "bytes of text"),
        (bounds::MOST_WORDS, "words and operators"),
        (bounds::MOST_VALUES, "texts and numbers, as in `IN (…)`"),
        (bounds::MOST_LETTERS, "letters in one name"),
        (bounds::MOST_BRACKETS, "brackets open at once"),
        (complexity::MOST_LEVELS, "levels of expressions and queries inside each other; `1 + 1 + 1` has two"),
        (
            complexity::MOST_SUBQUERIES,
            "queries inside each other as values (`= (SELECT …)`, `IN (SELECT …)`, `EXISTS`)",
        ),
        (balance::MOST_JOINED, "conditions in one chain of AND or OR"),
        (balance::MOST_UNITED, "queries in one chain of UNION"),
        (complexity::MOST_JOINS, "tables in one FROM"),
        (complexity::MOST_TABLES, "tables and queries in all, those named by WITH counted wherever they are used"),
        (complexity::MOST_COLUMNS, "columns in one SELECT"),
        (complexity::MOST_KEYS, "keys of one ORDER BY, GROUP BY or PARTITION BY"),
        (complexity::MOST_GROUPINGS, "ways in which one GROUP BY groups, by CUBE, ROLLUP and GROUPING SETS"),
        (SqlLimits::default().memory_bytes, "bytes of memory for sorts, joins and groups, and again for the answer"),
        (SqlLimits::default().concurrent, "queries at once"),
    ] {
        let _ = writeln!(page, "- {most} {of}");
    }
}

fn what(table: &SqlTable, field: &Field) -> String {
    let counter = match table.kind {
        Kind::Window(wide) if wide.is_wide() => catalogue().counter(wide, field.name()),
        _ => None,
    };
    let common = || WHAT.iter().find(|(name, _)| name == field.name()).map(|(_, what)| (*what).to_owned());
    counter.map(|c| c.help.clone()).or_else(common).unwrap_or_default()
}

/// As SQL names it.
fn kind(of: &DataType) -> String {
    match of {
        DataType::Int64 => "BIGINT".into(),
        DataType::Int32 => "INT".into(),
        DataType::Float64 => "DOUBLE".into(),
        DataType::Boolean => "BOOLEAN".into(),
        DataType::Timestamp(..) => "TIMESTAMP".into(),
        DataType::Utf8 => "VARCHAR".into(),
        DataType::Dictionary(_, values) => kind(values),
        DataType::FixedSizeList(of, length) => format!("{}[{length}]", kind(of.data_type())),
        other => other.to_string(),
    }
}

fn escape(text: &str) -> String {
    text.replace('|', "\\|")
}

#[test]
fn docs_sql_md_tells_what_the_catalogue_does() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/sql.md");
    let page = page();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = || page.lines().zip(found.lines()).find(|(made, found)| made != found);
    assert!(found == page, "docs/sql.md is stale: {RENEW}; first difference: {:?}", differs());
}

#[tokio::test]
async fn every_example_is_answered() {
    let engine = SqlEngine::new(store(), SqlLimits::default()).unwrap();
    for table in tables::tables() {
        assert!(table.example.contains(table.name), "the example of {} asks another table", table.name);
        engine.query(query(table.example)).await.unwrap_or_else(|e| panic!("{}: {e:?}", table.name));
    }
}

#[test]
fn every_table_of_the_wire_is_a_table_here() {
    for table in Table::ALL {
        assert!(tables::names().contains(&table.name()), "{} has no row in WINDOWS", table.name());
    }
}
