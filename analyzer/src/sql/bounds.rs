//! How long and how nested a query may be, looked at before anything reads it.
//!
//! Whoever reads, plans, prints or drops a nested query calls itself once a level, so the depth of a query is a use of
//! stack. These bounds, with those of `complexity` and `balance`, keep what the deepest accepted query uses well under
//! [`super::threads::STACK_BYTES`]; `tests/e2e/hostile_sql` measures it.

use super::query::SqlError;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

/// As many as an HTTP body brings by default.
pub const MOST_BYTES: usize = 1 << 20;
/// Words, operators and opening brackets: what can nest.
pub const MOST_WORDS: usize = 20_000;
/// Texts and numbers, as in a list of names. They do not nest, so that there may be more of them.
pub const MOST_VALUES: usize = 50_000;
/// Brackets open at once.
pub const MOST_BRACKETS: usize = 64;
/// Letters of one name.
pub const MOST_LETTERS: usize = 1_000;
/// Levels of types inside types and of subscripts: `array<array<int>>`, `int[][]`, `x[1][2]`.
const MOST_TYPE_LEVELS: usize = 32;
/// Nested expressions and queries for the parser, which counts some levels twice.
pub const PARSER_LEVELS: usize = 150;

pub fn check_length(sql: &str) -> Result<(), SqlError> {
    if sql.len() <= MOST_BYTES {
        return Ok(());
    }
    Err(SqlError::invalid(
        format!("the query has {} bytes; at most {MOST_BYTES} are read", sql.len()),
        "ask for a part of the names at a time, or for all and choose from the answer",
    ))
}

/// Refuses what nests or goes on too far, by looking at each token once.
pub fn check(tokens: &[TokenWithSpan]) -> Result<(), SqlError> {
    let mut seen = Seen::default();
    let mut before = &Token::EOF;
    for token in tokens.iter().filter(|t| !matches!(t.token, Token::Whitespace(_))) {
        seen.add(before, &token.token);
        if let Some((message, hint)) = seen.excess() {
            return Err(SqlError::invalid(message, hint).at(token.span.start));
        }
        before = &token.token;
    }
    Ok(())
}

#[derive(Default)]
struct Seen {
    words: usize,
    values: usize,
    longest: usize,
    open: usize,
    /// Of `array<` and the like; never taken back, since `>` may also compare.
    typed: usize,
    /// `][` and `[]` in a row.
    subscripts: usize,
    explains: usize,
    intervals: usize,
}

impl Seen {
    fn add(&mut self, before: &Token, token: &Token) {
        self.words += usize::from(!is_flat(token));
        self.values += usize::from(is_value(token));
        match token {
            Token::Word(word) => self.longest = self.longest.max(word.value.len()),
            Token::LParen | Token::LBracket | Token::LBrace => self.open += 1,
            Token::RParen | Token::RBracket | Token::RBrace => self.open = self.open.saturating_sub(1),
            Token::Lt if is_type_of_types(before) => self.typed += 1,
            _ => {}
        }
        match (before, token) {
            (Token::RBracket, Token::LBracket) => self.subscripts += 1,
            (Token::LBracket, _) | (_, Token::RBracket) => {}
            _ => self.subscripts = 0,
        }
        self.explains += usize::from(is_keyword(token, Keyword::EXPLAIN));
        self.intervals += usize::from(is_keyword(before, Keyword::INTERVAL) && is_keyword(token, Keyword::INTERVAL));
    }

    fn excess(&self) -> Option<(String, &'static str)> {
        if self.words > MOST_WORDS {
            let message = format!("the query has more than {MOST_WORDS} words and operators");
            return Some((
                message,
                "write name IN ('a', 'b', …) instead of name = 'a' OR name = 'b' …: values are free",
            ));
        }
        if self.values > MOST_VALUES {
            let message = format!("the query has more than {MOST_VALUES} values");
            return Some((message, "ask for a part of the names at a time, or for all and choose from the answer"));
        }
        if self.longest > MOST_LETTERS {
            let message = format!("a name has {} letters; at most {MOST_LETTERS} are read", self.longest);
            return Some((message, "text goes into single quotes: 'open'"));
        }
        if self.open > MOST_BRACKETS {
            let message = format!("brackets are open {} deep; at most {MOST_BRACKETS} may be", self.open);
            return Some((message, "name the inner queries: WITH a AS (SELECT …) SELECT … FROM a"));
        }
        if self.typed > MOST_TYPE_LEVELS || self.subscripts > MOST_TYPE_LEVELS {
            let message = format!("types or subscripts nest more than {MOST_TYPE_LEVELS} deep");
            return Some((message, "weft's own columns have one level: rx_pause_us_p[4]"));
        }
        if self.explains > 1 {
            return Some(("EXPLAIN stands twice".to_owned(), "write EXPLAIN once, before the query"));
        }
        let twice = ("INTERVAL INTERVAL is no length of time".to_owned(), "write INTERVAL '5 minutes'");
        (self.intervals > 0).then_some(twice)
    }
}

fn is_value(token: &Token) -> bool {
    matches!(token, Token::Number(..) | Token::SingleQuotedString(_))
}

/// Neither nests nor joins: a value, a comma, the end of a bracket.
fn is_flat(token: &Token) -> bool {
    let ends = matches!(token, Token::Comma | Token::RParen | Token::RBracket | Token::RBrace | Token::SemiColon);
    ends || is_value(token)
}

fn is_type_of_types(token: &Token) -> bool {
    let Token::Word(word) = token else { return false };
    matches!(word.keyword, Keyword::ARRAY | Keyword::STRUCT | Keyword::MAP | Keyword::NESTED | Keyword::TUPLE)
}

fn is_keyword(token: &Token, keyword: Keyword) -> bool {
    matches!(token, Token::Word(word) if word.keyword == keyword)
}
