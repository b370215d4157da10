//! Prometheus' text format, as exporters write it: one sample a line.
//!
//! ```text
//! # HELP DCGM_FI_DEV_GPU_TEMP GPU temperature (in C).
//! # TYPE DCGM_FI_DEV_GPU_TEMP gauge
//! DCGM_FI_DEV_GPU_TEMP{gpu="0",UUID="GPU-6f1ee8a5",pci_bus_id="00000000:1B:00.0",modelName="NVIDIA H100"} 41
//! ```
//! A line that is none is passed over and counted: an exporter that is new must not take the others' samples away.

use std::borrow::Cow;

#[derive(Clone, Debug, PartialEq)]
pub struct Sample<'a> {
    pub name: &'a str,
    labels: Vec<(&'a str, Cow<'a, str>)>,
    pub value: f64,
}

impl Sample<'_> {
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| *label == name).map(|(_, value)| value.as_ref())
    }
}

/// The samples of a text, and how many lines are none.
pub fn read(text: &str) -> (Vec<Sample<'_>>, usize) {
    let (mut samples, mut bad) = (Vec::new(), 0);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match sample(line) {
            Some(sample) => samples.push(sample),
            None => bad += 1,
        }
    }
    (samples, bad)
}

fn sample(line: &str) -> Option<Sample<'_>> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let end = line.find(|c| !is_of_name(c))?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(within) = rest.strip_prefix('{') {
        rest = self::labels(within, &mut labels)?;
    }
    // A time of its own may follow.
    let value = rest.split_ascii_whitespace().next()?.parse().ok()?;
    (!name.is_empty()).then_some(Sample { name, labels, value })
}

/// Reads `gpu="0",UUID="…"}` and returns what follows.
fn labels<'a>(mut rest: &'a str, into: &mut Vec<(&'a str, Cow<'a, str>)>) -> Option<&'a str> {
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        if let Some(rest) = rest.strip_prefix('}') {
            return Some(rest);
        }
        let (name, after) = rest.split_once('=')?;
        let quoted = after.trim_start().strip_prefix('"')?;
        let end = end_of_quote(quoted)?;
        into.push((name.trim(), unescaped(&quoted[..end])));
        rest = &quoted[end + 1..];
    }
}

fn end_of_quote(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })
}

fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let (mut plain, mut chars) = (String::with_capacity(text.len()), text.chars());
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => plain.push('\n'),
            ('\\', Some(escaped)) => plain.push(escaped),
            (c, _) => plain.push(c),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn samples_with_and_without_labels() {
        let text = "# TYPE a gauge\na{gpu=\"0\",name=\"an \\\"H100\\\", 80\\\\GB\"} 41\n\nb_total 1.5e3 1767000000000\nc{} NaN\n";
        let (samples, bad) = read(text);
        let said: Vec<_> = samples.iter().map(|s| (s.name, s.label("gpu"), s.label("name"))).collect();
        assert_eq!(said, [("a", Some("0"), Some("an \"H100\", 80\\GB")), ("b_total", None, None), ("c", None, None)]);
        assert_eq!((samples[0].value, samples[1].value, samples[2].value.is_nan(), bad), (41.0, 1500.0, true, 0));
    }

    #[test]
    fn lines_that_are_no_samples_are_counted() {
        for line in ["a", "a{gpu=\"0\" 1", "a{gpu=0} 1", "{} 1", "a one", "a{gpu=\"0\"}", "<html>"] {
            assert_eq!((read(line).0.len(), read(line).1), (0, 1), "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_text_ends_it(text in "\\PC{0,200}") {
            let (samples, bad) = read(&text);
            prop_assert!(samples.len() + bad <= text.lines().count());
        }
    }
}
