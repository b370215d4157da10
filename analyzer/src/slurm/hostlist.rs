//! Slurm's lists of nodes: `gpu[001-004,007],login1,r[1-2]n[01-16]` is 4 + 1 + 1 + 2 · 16 nodes. Numbers keep the zeros before
//! them; a suffix may follow a bracket.

/// Nodes of one list: the largest clusters have some 20,000.
pub const MOST: usize = 65_536;
/// Of one name, bytes: as many as a name of the domain name system may have (RFC 1035), and Slurm reaches nodes by such names.
const MOST_NAME: usize = 255;
/// Of one number, digits: those of the largest that is read, 18,446,744,073,709,551,615.
const MOST_DIGITS: usize = 20;
/// Of what is wrong, characters that an error shows.
const SHOWN: usize = 80;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostlistError {
    #[error("{0:?}: a bracket is not closed, or closed twice")]
    Bracket(String),
    #[error("{0:?} is no number or range of numbers as in 001-004")]
    Range(String),
    #[error("{0:?} stands for names of more than {MOST_NAME} bytes")]
    Name(String),
    #[error("the list names more than {MOST} nodes")]
    TooMany,
}

/// The nodes in the order of the list.
pub fn expand(list: &str) -> Result<Vec<String>, HostlistError> {
    let mut nodes = Vec::new();
    for item in split(list, list)?.into_iter().map(str::trim).filter(|item| !item.is_empty()) {
        let room = MOST - nodes.len();
        nodes.extend(expand_item(item, list, room)?);
    }
    Ok(nodes)
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

/// At the commas outside brackets.
fn split<'a>(text: &'a str, whole: &str) -> Result<Vec<&'a str>, HostlistError> {
    let (mut items, mut start, mut is_inside) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        match c {
            '[' | ']' if is_inside == (c == '[') => return Err(HostlistError::Bracket(shown(whole))),
            '[' | ']' => is_inside = c == '[',
            ',' if !is_inside => {
                if items.len() >= MOST {
                    return Err(HostlistError::TooMany);
                }
                items.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if is_inside {
        return Err(HostlistError::Bracket(shown(whole)));
    }
    items.push(&text[start..]);
    Ok(items)
}

fn expand_item(item: &str, whole: &str, room: usize) -> Result<Vec<String>, HostlistError> {
    let mut names = vec![String::new()];
    let mut rest = item;
    while let Some((before, after)) = rest.split_once('[') {
        let (ranges, after) = after.split_once(']').ok_or_else(|| HostlistError::Bracket(shown(whole)))?;
        let numbers = numbers(ranges, room)?;
        if names.len().saturating_mul(numbers.len()) > room {
            return Err(HostlistError::TooMany);
        }
        check_length(&names, before.len() + numbers.iter().map(String::len).max().unwrap_or(0), item)?;
        let longer = names.iter().flat_map(|name| numbers.iter().map(move |number| format!("{name}{before}{number}")));
        names = longer.collect();
        rest = after;
    }
    check_length(&names, rest.len(), item)?;
    names.iter_mut().for_each(|name| name.push_str(rest));
    if names.len() > room { Err(HostlistError::TooMany) } else { Ok(names) }
}

/// That no name is too long once so many bytes are written behind it: 65,536 names are 16 MB at most.
fn check_length(names: &[String], more: usize, item: &str) -> Result<(), HostlistError> {
    let longest = names.iter().map(String::len).max().unwrap_or(0);
    if longest.saturating_add(more) > MOST_NAME { Err(HostlistError::Name(shown(item))) } else { Ok(()) }
}

fn numbers(ranges: &str, room: usize) -> Result<Vec<String>, HostlistError> {
    let mut numbers = Vec::new();
    for range in ranges.split(',').map(str::trim) {
        let wrong = || HostlistError::Range(shown(range));
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let number = |text: &str| {
            let is_number = (1..=MOST_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.parse::<u64>().ok()).flatten().ok_or_else(wrong)
        };
        let (from, to) = (number(first)?, number(last)?);
        if from > to {
            return Err(wrong());
        }
        if to - from >= (room - numbers.len().min(room)) as u64 {
            return Err(HostlistError::TooMany);
        }
        let width = first.len();
        numbers.extend((from..=to).map(|number| format!("{number:0width$}")));
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_are_expanded_as_slurm_does() {
        for (list, expected) in [
            ("", &[][..]),
            ("n1", &["n1"]),
            ("gpu[001-003,007]", &["gpu001", "gpu002", "gpu003", "gpu007"]),
            ("gpu[9-11]", &["gpu9", "gpu10", "gpu11"]),
            ("gpu[09-11],login1", &["gpu09", "gpu10", "gpu11", "login1"]),
            ("r[1-2]n[01-02]-ib", &["r1n01-ib", "r1n02-ib", "r2n01-ib", "r2n02-ib"]),
            ("data-center-ia830", &["data-center-ia830"]),
            ("a, b", &["a", "b"]),
        ] {
            assert_eq!(expand(list).unwrap(), expected, "{list}");
        }
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let bracket = |list: &str| assert!(matches!(expand(list), Err(HostlistError::Bracket(_))), "{list}");
        ["n[1", "n]1[", "n[[1]]", "n[1-2]]"].into_iter().for_each(bracket);
        let range = |list: &str| assert!(matches!(expand(list), Err(HostlistError::Range(_))), "{list}");
        ["n[]", "n[a]", "n[2-1]", "n[1-]", "n[-1]", "n[1,,2]", "n[99999999999999999999]"].into_iter().for_each(range);
        let zeros = format!("n[{}1-60000]", "0".repeat(1 << 20));
        range(&zeros);
        for long in [
            "n".repeat(256),
            format!("{}[1-9]", "n".repeat(255)),
            format!("n[1]{}", "x".repeat(1 << 20)),
            "[1]".repeat(256),
        ] {
            let error = expand(&long).unwrap_err();
            assert!(matches!(error, HostlistError::Name(_)) && error.to_string().len() < 200, "{error}");
        }
        assert_eq!(expand(&",".repeat(1 << 20)), Err(HostlistError::TooMany));
        assert_eq!(expand(&format!("{}[1-2]", "n".repeat(254))).unwrap().len(), 2);
        let many = |list: &str| assert_eq!(expand(list), Err(HostlistError::TooMany), "{list}");
        ["n[1-70000]", "n[1-300]m[1-300]", "n[0-18446744073709551615]", "a[1-40000],b[1-40000]"]
            .into_iter()
            .for_each(many);
    }

    proptest! {
        /// A list of runs of numbers, written as Slurm does, is the nodes that it was made of.
        #[test]
        fn what_was_written_is_read(runs in prop::collection::vec((0_u64..5_000, 0_u64..20), 1..6), width in 1_usize..6) {
            let ranges: Vec<String> = runs.iter().map(|(from, more)| match more {
                0 => format!("{from:0width$}"),
                more => format!("{from:0width$}-{:0width$}", from + more),
            }).collect();
            let nodes: Vec<String> =
                runs.iter().flat_map(|(from, more)| (*from..=from + more).map(|n| format!("gpu{n:0width$}"))).collect();
            prop_assert_eq!(expand(&format!("gpu[{}]", ranges.join(","))).unwrap(), nodes);
        }

        #[test]
        fn no_text_is_too_much(text in "[a-c0-9,\\[\\]-]{0,40}") {
            prop_assert!(expand(&text).map_or(0, |nodes| nodes.len()) <= MOST);
        }
    }
}
