//! Maintenance as an event tells it: `maintenance` rows of a trace's events.csv, and what the analyzer puts into a tick when
//! somebody announces maintenance to it. One row for each part.
//!
//! ```text
//! ts_ns,device,port,event,text
//! 1700000000000000000,n3,,maintenance,for_s=600 who=ops reason=new kernel       n3 is under maintenance for ten minutes
//! 1700000000000000000,n4,eth2,maintenance,until_ns=1700000900000000000          only this port
//! 1700000300000000000,n3,,maintenance,end                                       n3 is back five minutes early
//! ```
//! Keys of the text, in any order: `id`, `from_ns` (the event's own time where it is absent), `until_ns` or `for_s` (until an
//! `end` where both are absent), `who`, `reason`. Words that follow the value of `who` or `reason`
//! belong to it; all other words are the reason. A key counts where it stands first: said again, it is a word as any other. A word
//! with a backslash before a key is no key: `reason=firmware \until_ns=0` ends nothing, and its reason is `firmware until_ns=0`.
//! Rows that say the same of several parts are one announcement.

use super::{LinkEvent, PortRef, is_time};
use std::fmt::Write;

/// The event's name.
const EVENT: &str = "maintenance";
const KEYS: [&str; 6] = ["id", "from_ns", "until_ns", "for_s", "who", "reason"];
/// The keys whose values are several words.
const WHO: usize = 4;
const REASON: usize = 5;
/// Before a word of a text that would be read as a key.
const ESCAPE: char = '\\';
const SECOND_NS: i64 = 1_000_000_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announcement {
    pub id: String,
    pub at: PortRef,
    pub from_ns: i64,
    /// `None`: until it is said to be over.
    pub until_ns: Option<i64>,
    pub who: String,
    pub reason: String,
    /// It is over from `from_ns` on. Without an id all maintenance of the part is.
    pub is_end: bool,
}

impl Announcement {
    /// `None` of another event, and of one without a device or with a time that is none.
    pub fn read(event: &LinkEvent) -> Option<Announcement> {
        if event.event != EVENT || event.device.is_empty() {
            return None;
        }
        let (is_end, text) = match event.text.trim().split_once(char::is_whitespace) {
            Some(("end", rest)) => (true, rest),
            None if event.text.trim() == "end" => (true, ""),
            _ => (false, event.text.as_str()),
        };
        let values = values(text);
        let [id, from, until, length, who, reason] = &values;
        let number = |text: &String| text.parse::<i64>().ok();
        let from_ns = number(from).unwrap_or(event.ts_ns);
        let after = || Some(from_ns.saturating_add(number(length)?.saturating_mul(SECOND_NS)));
        let until_ns = number(until).or_else(after);
        let id = if id.is_empty() && !is_end { told_alike(&values) } else { id.clone() };
        let at = PortRef::new(&*event.device, &*event.port);
        let told = Announcement { id, at, from_ns, until_ns, who: who.clone(), reason: reason.clone(), is_end };
        (is_time(from_ns) && until_ns.is_none_or(is_time)).then_some(told)
    }

    /// The event that tells it, at a moment.
    pub fn event(&self, ts_ns: i64) -> LinkEvent {
        let mut text = if self.is_end { "end ".to_owned() } else { String::new() };
        let _ = write!(text, "id={} from_ns={}", self.id, self.from_ns);
        self.until_ns.iter().for_each(|until_ns| _ = write!(text, " until_ns={until_ns}"));
        for (key, value) in [("who", &self.who), ("reason", &self.reason)] {
            let _ = if value.is_empty() { Ok(()) } else { write!(text, " {key}={}", escaped(value)) };
        }
        let PortRef { device, port } = self.at.clone();
        LinkEvent { ts_ns, device, port, event: EVENT.to_owned(), text }
    }
}

/// The key and the value of a word such as `from_ns=10`.
fn keyed(word: &str) -> Option<(usize, &str)> {
    let (key, value) = word.split_once('=')?;
    Some((KEYS.iter().position(|known| *known == key)?, value))
}

/// A text whose words are read as they stand, none of them as a key.
fn escaped(text: &str) -> String {
    let is_like_a_key = |word: &str| keyed(word.trim_start_matches(ESCAPE)).is_some();
    let word = |word: &str| if is_like_a_key(word) { format!("{ESCAPE}{word}") } else { word.to_owned() };
    text.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

fn unescaped(word: &str) -> &str {
    let bare = word.strip_prefix(ESCAPE).filter(|_| keyed(word.trim_start_matches(ESCAPE)).is_some());
    bare.unwrap_or(word)
}

/// The values of the keys, in their order; empty where a key is absent.
fn values(text: &str) -> [String; KEYS.len()] {
    let mut values: [String; KEYS.len()] = Default::default();
    let mut is_said = [false; KEYS.len()];
    let mut of = REASON;
    for word in text.split_whitespace() {
        let first = keyed(word).filter(|(key, _)| !std::mem::replace(&mut is_said[*key], true));
        let (key, word) = first.map_or_else(|| (None, unescaped(word)), |(key, value)| (Some(key), unescaped(value)));
        of = key.unwrap_or(if of < WHO { REASON } else { of });
        if !values[of].is_empty() && !word.is_empty() {
            values[of].push(' ');
        }
        values[of].push_str(word);
    }
    values
}

/// An id for rows that have none and say the same.
fn told_alike(values: &[String]) -> String {
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(values.join("|").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Announcement> {
        let (device, event) = ("n3".to_owned(), EVENT.to_owned());
        Announcement::read(&LinkEvent { ts_ns: 7, device, port: String::new(), event, text: text.to_owned() })
    }

    #[test]
    fn an_announcement_is_read_from_its_text() {
        for (text, from_ns, until_ns, who, reason, is_end) in [
            ("", 7, None, "", "", false),
            ("new kernel", 7, None, "", "new kernel", false),
            (
                "for_s=2 who=ops team reason=new kernel, 6.12",
                7,
                Some(2_000_000_007),
                "ops team",
                "new kernel, 6.12",
                false,
            ),
            ("reboot until_ns=90 from_ns=10", 10, Some(90), "", "reboot", false),
            ("a=b who=c", 7, None, "c", "a=b", false),
            ("until_ns=90 swap until_ns=0 from_ns=10", 10, Some(90), "", "swap until_ns=0", false),
            ("who=a reason=b who=c reason=d", 7, None, "a", "b who=c reason=d", false),
            (r"reason=swap \until_ns=0 \x", 7, None, "", r"swap until_ns=0 \x", false),
            ("end", 7, None, "", "", true),
            ("end id=x", 7, None, "", "", true),
            ("ending soon", 7, None, "", "ending soon", false),
        ] {
            let told = read(text).unwrap();
            let found = (told.from_ns, told.until_ns, &*told.who, &*told.reason, told.is_end);
            assert_eq!(found, (from_ns, until_ns, who, reason, is_end), "{text}");
        }
        assert_eq!(read(&format!("until_ns={}", i64::MAX)), None, "no time");
        assert_eq!(read("a for_s=1").unwrap().id, read("for_s=1 a").unwrap().id, "rows that say the same");
        assert_ne!(read("a").unwrap().id, read("b").unwrap().id);
    }

    #[test]
    fn an_event_tells_what_was_announced() {
        let reasons =
            ["new kernel", "swap until_ns=0", "id=7 for_s=5 who=x reason=y", r"a \until_ns=0 \who=b \c", "until_ns=0"];
        for (is_end, reason) in [false, true].into_iter().flat_map(|is_end| reasons.map(|reason| (is_end, reason))) {
            for until_ns in [None, Some(90)] {
                let told = Announcement {
                    id: "m1".into(),
                    at: PortRef::new("n3", "eth2"),
                    from_ns: 10,
                    until_ns,
                    who: "ops from_ns=3".into(),
                    reason: reason.into(),
                    is_end,
                };
                assert_eq!(Announcement::read(&told.event(99)), Some(told));
            }
        }
    }
}
