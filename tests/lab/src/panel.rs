//! The patch panel: a namespace in which the two halves of each cable meet, joined by nftables at ingress.
//!
//! A pull sets both jacks down, loss is a random drop before the forward, a swap forwards elsewhere. No fabric device knows.

use crate::command;
use crate::topology::{Cable, End, Topology};
use anyhow::Result;
use std::fmt::Write;

pub const NETNS: &str = "panel";
/// Loss is given in packets of this many.
const LOSS_OF: u32 = 10_000;

pub fn install(topology: &Topology) -> Result<()> {
    let mut rules = String::from("table netdev panel {\n");
    for cable in &topology.cables {
        for (from, to) in directions(cable) {
            writeln!(
                rules,
                " chain {} {{ type filter hook ingress device \"{}\" priority 0; policy accept;",
                chain(from),
                from.jack()
            )?;
            writeln!(rules, "  {}\n }}", joined(to, 0.0).join("\n  "))?;
        }
    }
    nft(&(rules + "}\n"))
}

/// Drops this fraction of packets in both directions. Chains stay hooked: no packet slips by while the rule changes.
pub fn set_loss(cable: &Cable, fraction: f64) -> Result<()> {
    let mut rules = String::new();
    for (from, to) in directions(cable) {
        let chain = chain(from);
        writeln!(rules, "flush chain netdev panel {chain}")?;
        for rule in joined(to, fraction) {
            writeln!(rules, "add rule netdev panel {chain} {rule}")?;
        }
    }
    nft(&rules)
}

/// Pulls or plugs both jacks: both devices lose or regain carrier.
pub fn set_plugged(cable: &Cable, plugged: bool) -> Result<()> {
    let state = if plugged { "up" } else { "down" };
    command::ip(NETNS, &cable.ends().iter().map(|end| format!("link set {} {state}\n", end.jack())).collect::<String>())
}

/// Packets the panel dropped on this cable since its loss was set, from end `a` and from end `b`.
pub fn dropped(cable: &Cable) -> Result<[u64; 2]> {
    let mut counts = [0; 2];
    for (count, end) in counts.iter_mut().zip(cable.ends()) {
        let listing =
            command::run("ip", &["netns", "exec", NETNS, "nft", "list", "chain", "netdev", "panel", &chain(end)], "")?;
        *count = parse_counter(&listing);
    }
    Ok(counts)
}

fn parse_counter(listing: &str) -> u64 {
    let mut words = listing.split_whitespace().skip_while(|w| *w != "packets").skip(1);
    words.next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// The rules of one direction, in order.
fn joined(to: &End, loss: f64) -> Vec<String> {
    let drop_of = (loss * f64::from(LOSS_OF)).round() as u32;
    let drop = (drop_of > 0).then(|| format!("numgen random mod {LOSS_OF} < {drop_of} counter drop"));
    drop.into_iter().chain([format!("fwd to \"{}\"", to.jack())]).collect()
}

fn directions(cable: &Cable) -> [(&End, &End); 2] {
    [(&cable.a, &cable.b), (&cable.b, &cable.a)]
}

fn chain(end: &End) -> String {
    end.jack().replace('-', "_")
}

fn nft(rules: &str) -> Result<()> {
    command::run("ip", &["netns", "exec", NETNS, "nft", "-f", "-"], rules).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_stands_before_the_forward() {
        let cable = &Topology::standard().cables[0];
        assert_eq!(joined(&cable.b, 0.02), ["numgen random mod 10000 < 200 counter drop", "fwd to \"leaf1-swp1\""]);
        assert_eq!(joined(&cable.b, 0.0), ["fwd to \"leaf1-swp1\""]);
    }

    #[test]
    fn reads_the_drop_counter() {
        assert_eq!(parse_counter("numgen random mod 10000 < 200 counter packets 17 bytes 152 drop"), 17);
    }
}
