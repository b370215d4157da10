//! Somebody works at some parts, and said so. What is seen there meanwhile is told by this alone: it accuses nobody and pages
//! nobody.

use super::class::SECOND;
use super::{Class, Evidence, Family, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::{Kind, Severity};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Parts, and troubles seen at them, that a sentence names.
const NAMED: usize = 3;
/// Troubles that are kept by name; a rack of 8 nodes with 8 ports each has some 80.
const MOST_SEEN: usize = 100;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Maintenance {
    pub id: String,
    /// The first parts, by name.
    pub parts: Vec<String>,
    /// How many parts there are.
    pub of: u32,
    /// The announced end, Unix ns.
    pub until_ns: Option<i64>,
    pub who: String,
    pub reason: String,
    /// What was seen meanwhile: `device_down of leaf3`.
    pub seen: Vec<String>,
}

impl Maintenance {
    /// Parts that a fact names.
    pub const NAMED: usize = NAMED;

    fn until(&self) -> String {
        let time = self.until_ns.and_then(|ns| Timestamp::from_nanosecond(i128::from(ns)).ok());
        let text = time.map(|time| time.strftime("until %Y-%m-%d %H:%M:%S UTC").to_string());
        text.unwrap_or_else(|| "until it is said to be over".to_owned())
    }

    fn announced_by(&self) -> String {
        let words: Vec<&str> = [&*self.who, &*self.reason].into_iter().filter(|word| !word.is_empty()).collect();
        if words.is_empty() { String::new() } else { format!(" ({})", words.join(": ")) }
    }
}

fn named(names: &[String], of: usize) -> String {
    let named = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match of.saturating_sub(NAMED.min(names.len())) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

impl KindOfFact for Maintenance {
    const CLASS: Class = Class {
        name: "maintenance",
        family: Family::Benign,
        subject: "maintenance",
        kind: Kind::Benign,
        severity: Severity::Info,
        resolves_after_ns: SECOND,
        confidence: 0.98,
        action: "nothing to do: somebody announced this work; what is still wrong at its end is told then",
        delays_jobs: false,
        ..Class::LINK
    };

    fn evidence(&self) -> Evidence {
        Evidence::new("maintenance", (self.seen.len() as f64, "troubles seen there"), (0.0, "none announced"))
    }

    fn claim(&self, is_over: bool) -> String {
        let is = match (is_over, self.of) {
            (false, 0..=1) => "is",
            (false, _) => "are",
            (true, 0..=1) => "was",
            (true, _) => "were",
        };
        format!("{} {is} under maintenance {}{}", named(&self.parts, self.of as usize), self.until(), self.announced_by())
    }

    fn verdict(&self, _: Option<&PortRef>, is_over: bool) -> String {
        let seen = named(&self.seen, self.seen.len());
        let told = if seen.is_empty() { String::new() } else { format!("; seen there meanwhile: {seen}") };
        self.claim(is_over) + &told
    }

    fn query(&self, _: &Shown<'_>) -> Query {
        Query {
            table: "maintenance".to_owned(),
            columns: Vec::new(),
            only: vec![("id".to_owned(), self.id.clone())],
            order_by: None,
        }
    }

    fn amount(&self) -> f64 {
        f64::from(self.of)
    }

    fn at_most(&self) -> f64 {
        0.0
    }

    fn seen(&self) -> &[String] {
        &self.seen
    }

    fn see(&mut self, seen: &[String]) {
        for told in seen {
            if let Err(place) = self.seen.binary_search(told)
                && self.seen.len() < MOST_SEEN
            {
                self.seen.insert(place, told.clone());
            }
        }
    }

    #[cfg(test)]
    fn sample() -> Maintenance {
        Maintenance {
            id: "m1".into(),
            parts: vec!["n0".into(), "n1".into(), "n2".into()],
            of: 8,
            until_ns: Some(1_700_000_000_000_000_000),
            who: "ops".into(),
            reason: "new kernel".into(),
            seen: vec!["device_down of n0".into()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_says_what_is_at_work_until_when_and_what_was_seen() {
        let whole = Maintenance::sample();
        let said = "n0, n1, n2 and 5 more are under maintenance until 2023-11-14 22:13:20 UTC (ops: new kernel)";
        assert_eq!(whole.verdict(None, false), format!("{said}; seen there meanwhile: device_down of n0"));
        let mut bare = Maintenance { parts: vec!["n0 eth1".into()], of: 1, ..Maintenance::default() };
        assert_eq!(bare.verdict(None, true), "n0 eth1 was under maintenance until it is said to be over");
        let many: Vec<String> = (0..2 * MOST_SEEN).map(|n| format!("link_down of n{n}")).collect();
        (0..2).for_each(|_| bare.see(&many));
        assert_eq!(bare.seen().len(), MOST_SEEN);
    }
}
