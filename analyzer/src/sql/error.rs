//! DataFusion's errors as people need them: what, where, and the name they may have meant.

use super::hints::hint;
use super::query::SqlError;
use datafusion::common::DataFusionError;
use datafusion::sql::sqlparser::tokenizer::Location;

impl SqlError {
    /// The same refusal with its place in the text; any other error as it is.
    pub(super) fn at(mut self, place: Location) -> SqlError {
        if let SqlError::Invalid { line, column, .. } = &mut self {
            (*line, *column) = (Some(place.line), Some(place.column));
        }
        self
    }
}

/// How DataFusion words what a function says of its arguments.
const UNUSABLE: &str = "Compute error: ";
/// Of a message that DataFusion words.
const MOST_LETTERS: usize = 500;

pub fn explain(error: &DataFusionError, sql: &str) -> SqlError {
    let root = error.find_root();
    match root {
        DataFusionError::ResourcesExhausted(what) => SqlError::Memory(what.lines().next().unwrap_or(what).to_owned()),
        DataFusionError::ExecutionJoin(error) if error.is_panic() => SqlError::Panicked(first_line(root)),
        // A value that a function cannot work with, such as a pattern that is no regular expression.
        DataFusionError::Internal(text) if text.contains(UNUSABLE) => of_text(error, root, sql),
        DataFusionError::Internal(_) | DataFusionError::IoError(_) => SqlError::Internal(first_line(root)),
        _ => of_text(error, root, sql),
    }
}

fn of_text(error: &DataFusionError, root: &DataFusionError, sql: &str) -> SqlError {
    let message = first_line(root);
    let span = error.diagnostic().and_then(|d| d.span).map(|s| (s.start.line, s.start.column));
    let place = span.filter(|(line, _)| *line > 0).or_else(|| stated(&message)).or_else(|| quoted(&message, sql));
    let hint = hint(root, &message, sql);
    SqlError::Invalid { message, hint, line: place.map(|p| p.0), column: place.map(|p| p.1) }
}

/// Without DataFusion's own prefix and backtrace.
pub fn first_line(error: &DataFusionError) -> String {
    let text = error.strip_backtrace();
    // A regular expression's error says in its last line what is wrong.
    let line = match (text.lines().next(), text.lines().last()) {
        (Some(first), Some(last)) if first.ends_with(':') => format!("{first} {last}"),
        (first, _) => first.unwrap_or_default().to_owned(),
    };
    let line = line.as_str();
    let prefixes =
        ["Error during planning: ", "Schema error: ", "SQL error: ", "Execution error: ", "External error: "];
    let line = prefixes.iter().find_map(|p| line.strip_prefix(p)).unwrap_or(line);
    let line = line.split_once(UNUSABLE).map_or(line, |(_, said)| said);
    let line = line.strip_prefix("ParserError(\"").and_then(|l| l.strip_suffix("\")")).unwrap_or(line);
    short(line)
}

/// A message may repeat the query's own words, which may be of any length.
fn short(text: &str) -> String {
    let Some((at, _)) = text.char_indices().nth(MOST_LETTERS) else { return text.to_owned() };
    format!("{}…", text.get(..at).unwrap_or(text))
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
