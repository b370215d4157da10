//! DataFusion's errors as people need them: what, where, and the name they may have meant.

use crate::http::view::QueryError;
use datafusion::common::{DataFusionError, SchemaError};

use super::{sized, tables};

/// At most this share of a name's letters may differ for it to be offered.
const CLOSE: f64 = 0.6;

pub fn explain(error: &DataFusionError, sql: &str) -> QueryError {
    let root = error.find_root();
    match root {
        DataFusionError::ResourcesExhausted(what) => QueryError::Memory(what.lines().next().unwrap_or(what).to_owned()),
        DataFusionError::Internal(_) | DataFusionError::IoError(_) => QueryError::Internal(first_line(root)),
        _ => invalid(error, root, sql),
    }
}

fn invalid(error: &DataFusionError, root: &DataFusionError, sql: &str) -> QueryError {
    let message = first_line(root);
    let span = error.diagnostic().and_then(|d| d.span).map(|s| (s.start.line, s.start.column));
    let place = span.filter(|(line, _)| *line > 0).or_else(|| stated(&message)).or_else(|| quoted(&message, sql));
    let hint = hint(root, &message);
    QueryError::Invalid { message, hint, line: place.map(|p| p.0), column: place.map(|p| p.1) }
}

/// Without DataFusion's own prefix and backtrace.
pub fn first_line(error: &DataFusionError) -> String {
    let text = error.strip_backtrace();
    let line = text.lines().next().unwrap_or_default();
    let prefixes = ["Error during planning: ", "Schema error: ", "SQL error: ", "Execution error: "];
    let line = prefixes.iter().find_map(|p| line.strip_prefix(p)).unwrap_or(line);
    match line.strip_prefix("ParserError(\"").and_then(|l| l.strip_suffix("\")")) {
        Some(inner) => inner.to_owned(),
        None => line.to_owned(),
    }
}

/// The parser says `… at Line: 1, Column: 8`.
fn stated(message: &str) -> Option<(u64, u64)> {
    let (_, place) = message.rsplit_once("Line: ")?;
    let (line, rest) = place.split_once(", Column: ")?;
    let column: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((line.parse().ok()?, column.parse().ok()?))
}

/// Where the first name in quotes stands in the text.
fn quoted(message: &str, sql: &str) -> Option<(u64, u64)> {
    let name = message.split('\'').nth(1)?;
    let name = name.rsplit('.').next().filter(|n| !n.is_empty())?;
    // Folded byte by byte, as DataFusion folds names: offsets in lower-cased text are not those of the text.
    let at = sql.as_bytes().windows(name.len()).position(|part| part.eq_ignore_ascii_case(name.as_bytes()))?;
    let before = sql.get(..at)?;
    let line = before.matches('\n').count() as u64 + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() as u64 + 1;
    Some((line, column))
}

fn hint(root: &DataFusionError, message: &str) -> Option<String> {
    if let DataFusionError::SchemaError(error, _) = root
        && let SchemaError::FieldNotFound { field, valid_fields } = error.as_ref()
    {
        let names = valid_fields.iter().map(|c| c.name.as_str());
        return nearest(&field.name, names).map(|name| format!("did you mean the column {name}?"));
    }
    if let Some(function) = message.strip_prefix("Invalid function '").and_then(|rest| rest.split('\'').next()) {
        return sized::hint(function);
    }
    let missing = message.strip_prefix("table '")?.split('\'').next()?.rsplit('.').next()?;
    let names = tables::names();
    nearest(missing, names.iter().copied())
        .map(|name| format!("did you mean the table {name}?"))
        .or_else(|| Some(format!("the tables are {}", names.join(", "))))
}

fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let score = |candidate: &str| strsim::jaro_winkler(&name.to_lowercase(), candidate);
    let scored = candidates.map(|c| (score(c), c)).filter(|(score, _)| *score > CLOSE);
    scored.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `İ` has two bytes, and three in lower case.
    #[test]
    fn a_place_is_found_beside_letters_that_grow_in_lower_case() {
        assert_eq!(quoted("no field named 'éx'", "select İéx from nic"), Some((1, 9)));
        assert_eq!(quoted("table 'weft.public.nicc' not found", "select 'İİİ'\nfrom NICC"), Some((2, 6)));
        assert_eq!(quoted("no field named 'y'", "select x"), None);
    }
}
