//! Which interfaces are read.

use serde::Deserialize;

/// `[collector] interfaces`. Patterns know `*` and `?`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InterfaceFilter {
    /// Read these also when they are of a kind that is left out (bridges, tunnels, bonds, …).
    pub include: Vec<String>,
    /// Never read these; stronger than `include`.
    pub exclude: Vec<String>,
}

/// Kinds of virtual links that stand for a cable. A bond, a bridge or a tunnel would count its members' bytes again.
const CABLES: [&str; 3] = ["", "veth", "ipoib"];

impl InterfaceFilter {
    /// `kind` as rtnetlink says: empty for a physical device.
    pub fn admits(&self, name: &str, kind: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|p| matches(p.as_bytes(), name.as_bytes()));
        !any(&self.exclude) && (CABLES.contains(&kind) || any(&self.include))
    }
}

fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => matches(rest, name) || name.split_first().is_some_and(|(_, n)| matches(pattern, n)),
        (Some((b'?', rest)), Some((_, name))) => matches(rest, name),
        (Some((p, rest)), Some((n, name))) if p == n => matches(rest, name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_patterns() {
        let filter = InterfaceFilter { include: vec!["bond?".into()], exclude: vec!["mgmt*".into()] };
        for (name, kind, admitted) in [
            ("eth0", "", true),
            ("veth1a", "veth", true),
            ("br0", "bridge", false),
            ("bond0", "bond", true),
            ("bond", "bond", false),
            ("mgmt0", "", false),
        ] {
            assert_eq!(filter.admits(name, kind), admitted, "{name} {kind}");
        }
    }
}
