//! What a query's author may have meant, by what DataFusion did not find.

use super::{functions, large_values, tables};
use datafusion::common::{Column, DataFusionError, SchemaError};
use weft_settings::nearest;

/// More columns than this are not listed in a hint.
const FEW: usize = 30;

pub fn hint(root: &DataFusionError, message: &str, sql: &str) -> Option<String> {
    if let DataFusionError::SchemaError(error, _) = root {
        return match error.as_ref() {
            SchemaError::FieldNotFound { field, valid_fields } => Some(column(&field.name, valid_fields, sql)),
            SchemaError::AmbiguousReference { field } => Some(format!("say of which table: write t.{}", field.name)),
            _ => None,
        };
    }
    if let Some(name) = between_quotes(message, "Invalid function '") {
        return function(name);
    }
    between_quotes(message, "table '").map(table)
}

fn between_quotes<'a>(message: &'a str, before: &str) -> Option<&'a str> {
    message.strip_prefix(before)?.split('\'').next()
}

fn column(name: &str, valid: &[Column], sql: &str) -> String {
    let names = || valid.iter().map(|c| c.name.as_str());
    let quoted = sql.contains(&format!("\"{name}\""));
    match nearest(name, names()) {
        Some(near) if quoted => format!("did you mean the column {near}? A name in double quotes keeps its capitals"),
        Some(near) => format!("did you mean the column {near}?"),
        None if quoted => format!("text goes into single quotes: '{name}'"),
        None if valid.is_empty() => "no table is named: write SELECT … FROM …".to_owned(),
        None if valid.len() <= FEW => format!("the columns are {}", names().collect::<Vec<_>>().join(", ")),
        None => match valid.iter().find_map(|c| c.relation.as_ref()) {
            Some(table) => format!("SHOW COLUMNS FROM {} lists the columns", table.table()),
            None => "SHOW COLUMNS FROM a table lists its columns".to_owned(),
        },
    }
}

fn function(name: &str) -> Option<String> {
    let elsewhere = || functions::instead_of(name).map(|write| format!("write {write}"));
    let near = || {
        let names = functions::names();
        nearest(name, names.iter().map(String::as_str)).map(|near| format!("did you mean {near}()?"))
    };
    large_values::hint(name).or_else(elsewhere).or_else(near)
}

/// `path` is `weft.public.nicc`.
fn table(path: &str) -> String {
    let (names, listed) = (tables::names(), || format!("the tables are {}", tables::names().join(", ")));
    let local = path.strip_prefix("weft.").unwrap_or(path);
    let (schema, name) = local.split_once('.').unwrap_or(("", local));
    let other = schema.starts_with("pg_") || name.starts_with("pg_") || name.starts_with("sqlite_") || schema == "sys";
    match () {
        () if other => {
            "weft has no such catalogue: ask information_schema.tables and information_schema.columns".to_owned()
        }
        () if name.contains('/') || name.contains('\\') => format!("a file is no table here; {}", listed()),
        () if schema != "public" && names.contains(&name) => format!("write {name}: there is one schema, public"),
        () => {
            nearest(name, names.iter().copied()).map_or_else(listed, |near| format!("did you mean the table {near}?"))
        }
    }
}
