//! The text as it comes out of editors, wikis and chats: other blanks become plain ones, other marks are named.
//!
//! What stands in quotes and comments is left alone. Every letter keeps its line and column.

use super::query::SqlError;
use datafusion::sql::sqlparser::tokenizer::Location;

/// Marks that an editor puts in place of SQL's own, and what to write.
const MARKS: [(&str, &str); 8] = [
    ("‘’‚‛′´", "text goes into straight single quotes: 'open'"),
    ("“”„‟″«»", "text goes into straight single quotes: 'open'; names need none"),
    ("–—‒−‑", "write a plain minus sign: -"),
    ("≤≥≠", "write <=, >= or <>"),
    ("×÷", "write * or /"),
    ("…", "write the query out"),
    ("，；：", "write a plain comma, semicolon or colon"),
    ("（）＝＊", "write plain brackets, = or *"),
];

#[derive(Clone, Copy, PartialEq)]
enum Within {
    Sql,
    /// The closing mark, and whether a backslash takes the next letter with it.
    Quotes(char, bool),
    Line,
    /// Comments nest.
    Comment(usize),
}

/// Refuses typographic marks outside quotes.
pub fn clean(sql: &str) -> Result<String, SqlError> {
    let mut clean = String::with_capacity(sql.len());
    let (mut within, mut before) = (Within::Sql, ' ');
    let (mut place, mut letters) = (Location::new(1, 1), sql.chars().peekable());
    while let Some(letter) = letters.next() {
        let next = letters.peek().copied().unwrap_or(' ');
        let taken = if within == Within::Sql { plain(letter, place)? } else { letter };
        clean.push(taken);
        step(&mut place, letter);
        let goes_with = pair(within, letter, next);
        within = after(within, before, letter, next);
        before = letter;
        if goes_with && letters.next().is_some() {
            clean.push(next);
            step(&mut place, next);
            before = ' ';
        }
    }
    Ok(clean)
}

fn plain(letter: char, place: Location) -> Result<char, SqlError> {
    if letter.is_ascii() {
        return Ok(letter);
    }
    if letter.is_whitespace() || is_invisible(letter) {
        return Ok(' ');
    }
    match MARKS.iter().find(|(marks, _)| marks.contains(letter)) {
        Some((_, instead)) => {
            let code = u32::from(letter);
            Err(SqlError::invalid(format!("{letter} (U+{code:04X}) is no mark of SQL"), *instead).at(place))
        }
        None => Ok(letter),
    }
}

/// Byte order marks, blanks of no width, marks of the direction of writing.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{202a}'..='\u{202e}' | '\u{ad}' | '\u{180e}')
}

/// Whether `next` belongs to `letter`, so that it begins or ends nothing by itself.
fn pair(within: Within, letter: char, next: char) -> bool {
    match within {
        Within::Sql => matches!((letter, next), ('/', '*') | ('-', '-')),
        Within::Quotes(mark, escapes) => (letter == mark && next == mark) || (escapes && letter == '\\'),
        Within::Comment(_) => matches!((letter, next), ('/', '*') | ('*', '/')),
        Within::Line => false,
    }
}

fn after(within: Within, before: char, letter: char, next: char) -> Within {
    match (within, letter, next) {
        (Within::Sql, '\'', _) => Within::Quotes('\'', before.eq_ignore_ascii_case(&'e')),
        (Within::Sql, '"' | '`', _) => Within::Quotes(letter, false),
        (Within::Sql, '-', '-') => Within::Line,
        (Within::Sql, '/', '*') => Within::Comment(1),
        (Within::Quotes(mark, _), _, _) if letter == mark && next != mark => Within::Sql,
        (Within::Line, '\n', _) => Within::Sql,
        (Within::Comment(depth), '/', '*') => Within::Comment(depth + 1),
        (Within::Comment(1), '*', '/') => Within::Sql,
        (Within::Comment(depth), '*', '/') => Within::Comment(depth - 1),
        _ => within,
    }
}

fn step(place: &mut Location, letter: char) {
    match letter {
        '\n' => *place = Location::new(place.line + 1, 1),
        _ => place.column += 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_become_plain_outside_quotes_and_comments() {
        for (sql, expected) in [
            ("\u{feff}select\u{a0}1", " select 1"),
            ("select\u{3000}'a\u{a0}b'\u{200b}, \"c\u{a0}d\"", "select 'a\u{a0}b' , \"c\u{a0}d\""),
            ("select 'it''s\u{a0}'\u{a0}", "select 'it''s\u{a0}' "),
            (r"select E'\'’'", r"select E'\'’'"),
            ("select 1 -- it’s\n\u{a0}", "select 1 -- it’s\n "),
            ("/* ‘ /* “ */ ” */\u{a0}select 1", "/* ‘ /* “ */ ” */ select 1"),
            ("select 'größer ≥'", "select 'größer ≥'"),
        ] {
            assert_eq!(clean(sql).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn typographic_marks_are_named_with_their_place() {
        for (sql, line, column, mend) in [
            ("select *\nfrom incident where state = ‘open’", 2, 29, "'open'"),
            ("select “device” from nic", 1, 8, "'open'"),
            ("select 'a', 5 – 3", 1, 15, "-"),
            ("select 1 where 2 ≥ 1", 1, 18, ">="),
        ] {
            match clean(sql) {
                Err(SqlError::Invalid { hint: Some(hint), line: Some(l), column: Some(c), .. }) => {
                    assert_eq!((l, c), (line, column), "{sql}");
                    assert!(hint.contains(mend), "{sql}: {hint}");
                }
                other => panic!("{sql}: {other:?}"),
            }
        }
    }
}
