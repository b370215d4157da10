//! Which interfaces are read.

use crate::interface::Interface;
use serde::{Deserialize, Serialize};

/// `[collector] interfaces`: patterns of names, in which `*` stands for any letters and `?` for one.
///
/// Without it ports are the interfaces with a wire of their own ([`Interface::why_no_port`]). A fabric made of software, such
/// as one of network namespaces joined by veth pairs, is watched by naming its ports: `include = ["eth*", "swp*"]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InterfaceFilter {
    /// Read these whatever they are: also a bond, a veth, a bridge or a tunnel. Only the loopback is never read.
    pub include: Vec<String>,
    /// Never read these; stronger than `include`.
    pub exclude: Vec<String>,
}

impl InterfaceFilter {
    pub fn admits(&self, interface: &Interface<'_>) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|p| matches(p.as_bytes(), interface.name.as_bytes()));
        let is_wanted = || any(&self.include) || interface.why_no_port().is_none();
        !interface.is_loopback() && !any(&self.exclude) && is_wanted()
    }
}

/// `*` stands for any letters and `?` for one.
pub fn matches(pattern: &[u8], name: &[u8]) -> bool {
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
        let filter = InterfaceFilter { include: vec!["bond?".into(), "*".into()], exclude: vec!["mgmt*".into()] };
        let narrow = InterfaceFilter { include: vec!["bond?".into()], ..filter.clone() };
        let admits = |filter: &InterfaceFilter, name, kind, hardware| {
            filter.admits(&Interface { name, hardware: Some(hardware), kind, has_device: None })
        };
        for (name, kind, hardware, admitted) in [
            ("eth0", "", 1, true),
            ("veth1a", "veth", 1, false),
            ("br0", "bridge", 1, false),
            ("bond0", "bond", 1, true),
            ("bond", "bond", 1, false),
            ("mgmt0", "", 1, false),
            ("lo", "", 772, false),
        ] {
            assert_eq!(admits(&narrow, name, kind, hardware), admitted, "{name} {kind}");
        }
        assert!(admits(&filter, "veth1a", "veth", 1), "named by its owner");
        assert!(!admits(&filter, "mgmt1", "veth", 1), "what is excluded stays out");
        assert!(!admits(&filter, "lo", "", 772), "the loopback is never a port");
    }
}
