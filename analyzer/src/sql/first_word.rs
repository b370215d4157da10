//! What a text begins with decides whether weft reads on: one query is let through, a SHOW as other databases write it is
//! replaced by the query that answers it here, and any other beginning is refused with a hint what to write instead.

use super::query::SqlError;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};
use weft_settings::nearest;

const READS: [&str; 7] = ["SELECT", "WITH", "VALUES", "FROM", "SHOW", "EXPLAIN", "DESCRIBE"];

/// These change something elsewhere.
#[rustfmt::skip]
const WRITES: [&str; 38] = [
    "ALTER", "ANALYZE", "ATTACH", "BEGIN", "CALL", "CHECKPOINT", "CLUSTER", "COMMENT", "COMMIT", "COPY", "CREATE", "DEALLOCATE",
    "DELETE", "DETACH", "DISCARD", "DO", "DROP", "EXEC", "EXECUTE", "GRANT", "IMPORT", "INSERT", "INSTALL", "LISTEN", "LOAD",
    "LOCK", "MERGE", "PREPARE", "REFRESH", "REPLACE", "RESET", "REVOKE", "ROLLBACK", "SET", "START", "TRUNCATE", "UPDATE",
    "VACUUM",
];

/// What SHOW is asked by other clients, and the query that answers it here.
const SHOWS: [(&str, &str); 14] = [
    ("DATABASES", "SELECT DISTINCT catalog_name AS database_name FROM information_schema.schemata"),
    ("CATALOGS", "SELECT DISTINCT catalog_name FROM information_schema.schemata"),
    ("SCHEMAS", "SELECT schema_name FROM information_schema.schemata"),
    ("FULL TABLES", "SHOW TABLES"),
    ("SERVER_VERSION", "SELECT version() AS server_version"),
    ("SERVER_ENCODING", "SELECT 'UTF8' AS server_encoding"),
    ("CLIENT_ENCODING", "SELECT 'UTF8' AS client_encoding"),
    ("SEARCH_PATH", "SELECT current_schema() AS search_path"),
    ("TIMEZONE", "SELECT 'UTC' AS timezone"),
    ("TIME ZONE", "SELECT 'UTC' AS timezone"),
    ("DATESTYLE", "SELECT 'ISO' AS datestyle"),
    ("STANDARD_CONFORMING_STRINGS", "SELECT 'on' AS standard_conforming_strings"),
    ("TRANSACTION_READ_ONLY", "SELECT 'on' AS transaction_read_only"),
    ("DEFAULT_TRANSACTION_READ_ONLY", "SELECT 'on' AS default_transaction_read_only"),
];

const NO_QUERY: &str = "write SELECT … FROM …; SHOW TABLES lists what there is";

/// The query to ask instead, where weft words it otherwise. Refuses what is no single query.
pub fn check(tokens: &[TokenWithSpan]) -> Result<Option<&'static str>, SqlError> {
    let mut words = tokens.iter().filter(|t| !matches!(t.token, Token::Whitespace(_) | Token::EOF));
    let Some(first) = words.by_ref().find(|t| t.token != Token::SemiColon) else {
        return Err(SqlError::invalid("there is no query", NO_QUERY));
    };
    let rest: Vec<&TokenWithSpan> = words.collect();
    let end = rest.iter().position(|t| t.token == Token::SemiColon).unwrap_or(rest.len());
    let (rest, beyond) = rest.split_at(end);
    begins_well(first, rest)?;
    if let Some(second) = beyond.iter().find(|t| t.token != Token::SemiColon) {
        let error = SqlError::invalid("there are two statements; weft answers one at a time", "send them one by one");
        return Err(error.at(second.span.start));
    }
    Ok(if word(&first.token) == "SHOW" { shown(rest) } else { None })
}

/// In capitals; empty for what is no bare word.
fn word(token: &Token) -> String {
    match token {
        Token::Word(word) if word.quote_style.is_none() => word.value.to_uppercase(),
        _ => String::new(),
    }
}

fn shown(rest: &[&TokenWithSpan]) -> Option<&'static str> {
    let asked = rest.iter().map(|t| word(&t.token)).collect::<Vec<_>>().join(" ");
    SHOWS.iter().find(|(what, _)| *what == asked).map(|(_, query)| *query)
}

fn begins_well(first: &TokenWithSpan, rest: &[&TokenWithSpan]) -> Result<(), SqlError> {
    let name = word(&first.token);
    let said = rest.iter().map(|t| t.token.to_string()).take(3).collect::<Vec<_>>();
    let refused = |what: String, instead: String| Err(SqlError::invalid(what, instead).at(first.span.start));
    match name.as_str() {
        read if READS.contains(&read) || read == "DESC" => Ok(()),
        "" if first.token == Token::LParen => Ok(()),
        write if WRITES.contains(&write) => Err(SqlError::NotReadOnly(write.to_owned())),
        "TABLE" => refused("TABLE alone is no query".into(), format!("write SELECT * FROM {}", or(&said, "nic"))),
        "USE" => {
            refused("there is one database, weft, with one schema, public".into(), "leave USE out, and ask".into())
        }
        _ if matches!(first.token, Token::Backslash | Token::Period) => refused(
            format!("{}{} is a command of another client's, not SQL", first.token, or(&said, "")),
            client_command(&said),
        ),
        other => {
            let instead = nearest(other, READS).map(|name| format!("did you mean {name}?"));
            let begin = || format!("a query begins with one of {}", READS.join(", "));
            refused(format!("no query begins with {}", short(&first.token)), instead.unwrap_or_else(begin))
        }
    }
}

fn or<'a>(said: &'a [String], else_: &'a str) -> &'a str {
    said.first().map_or(else_, String::as_str)
}

fn short(token: &Token) -> String {
    token.to_string().chars().take(60).collect()
}

/// Of psql's `\d incident`, `\dt`, `\l` and of SQLite's `.tables`, `.schema incident`.
fn client_command(said: &[String]) -> String {
    match said {
        [command, table, ..] if matches!(command.as_str(), "d" | "schema") => {
            format!("write SHOW COLUMNS FROM {table}")
        }
        [command, ..] if command == "l" => "write SHOW DATABASES".to_owned(),
        [command, ..] if command == "timing" || command == "x" || command == "q" => "leave it out".to_owned(),
        _ => "write SHOW TABLES".to_owned(),
    }
}
