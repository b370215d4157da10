//! Which of a driver's names are read, and as what.

use std::collections::BTreeSet;
use weft_wire::{Table, UnmappedGoes, catalogue, unmapped};

/// The source's name.
pub const NAME: &str = "ethtool";

/// The catalogue's name of a kernel driver's private statistics.
pub fn catalogue_driver(kernel: &str) -> String {
    let key = match kernel {
        // Representors of a switchdev card name their statistics as the card does.
        "mlx5_core" | "mlx5e_rep" => "mlx5",
        other => other,
    };
    format!("{key}.ethtool")
}

/// A statistic by its place in the driver's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub place: usize,
    pub raw: String,
}

/// A statistic of one lane of the port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfLane {
    pub place: usize,
    pub lane: u8,
    /// The catalogue's name, with `{lane}` in it.
    pub raw: String,
}

/// What of a table of names is read, and what is not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Has a column.
    pub mapped: Vec<Named>,
    pub lanes: Vec<OfLane>,
    /// Kept in table `extra`.
    pub extra: Vec<Named>,
    /// Names of the catalogue that this driver does not know here.
    pub missing: Vec<String>,
    /// Left out: one ring's or one channel's share of the port.
    pub rings: usize,
    /// Left out: more than [`MOST_EXTRA`].
    pub beyond: usize,
}

/// Statistics without a column that are kept of one port. The longest list known, an mlx5 port's, has some 250 beside its rings.
const MOST_EXTRA: usize = 512;

pub fn choose(table: Table, driver: &str, names: &[String]) -> Choice {
    let mut choice = Choice::default();
    let mut seen = BTreeSet::new();
    let lane_names: Vec<String> = claimed(Table::Lane, driver).into_iter().collect();
    for (place, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        // Names are cut at 32 bytes, so that two may look alike. The first keeps its name.
        let mut raw = name.clone();
        let mut again = 1;
        while !seen.insert(raw.clone()) {
            again += 1;
            raw = format!("{name}#{again}");
        }
        let named = Named { place, raw };
        if catalogue().mapping(table, driver, &named.raw).is_some() {
            choice.mapped.push(named);
        } else if let Some((lane, raw)) = of_lane(&lane_names, &named.raw) {
            choice.lanes.push(OfLane { place, lane, raw: raw.to_owned() });
        } else if unmapped(driver, &named.raw).is_some_and(|entry| entry.goes == UnmappedGoes::Nowhere) {
            // On purpose, and the catalogue says why.
        } else if is_of_a_ring(&named.raw) {
            choice.rings += 1;
        } else if choice.extra.len() < MOST_EXTRA {
            choice.extra.push(named);
        } else {
            choice.beyond += 1;
        }
    }
    let known = |raw: &String| choice.mapped.iter().any(|named| named.raw == *raw);
    choice.missing = claimed(table, driver).into_iter().filter(|raw| !known(raw)).collect();
    choice
}

/// `rx_err_lane_3_phy` is lane 3 of `rx_err_lane_{lane}_phy`.
fn of_lane<'a>(templates: &'a [String], name: &str) -> Option<(u8, &'a str)> {
    templates.iter().find_map(|template| {
        let (before, after) = template.split_once("{lane}")?;
        let number = name.strip_prefix(before)?.strip_suffix(after)?;
        Some((number.parse().ok().filter(|_| is_number(number))?, template.as_str()))
    })
}

/// All names that the catalogue has of a driver's statistics.
fn claimed(table: Table, driver: &str) -> BTreeSet<String> {
    let mut claimed = BTreeSet::new();
    for counter in catalogue().of_table(table) {
        for source in counter.sources.iter().filter(|source| source.driver == driver) {
            claimed.extend((0..counter.list.unwrap_or(1)).map(|i| source.raw.replace("{i}", &i.to_string())));
        }
    }
    claimed
}

/// Drivers tell the packets of every ring and channel apart: `rx0_packets`, `tx_12_bytes`, `ch3_poll`, `queue_7_rx_bytes`,
/// `rx_queue_2_drops`, `txq#4_pkts`, `[3]: rx_ucast_packets`. Thousands of names a port that tell of the host's own
/// configuration; the port's counters hold their sums.
fn is_of_a_ring(name: &str) -> bool {
    if let Some((number, _)) = name.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return is_number(number);
    }
    let words: Vec<&str> = name.split(['_', '-', '.', ' ', '#']).collect();
    let ring = |word: &str| matches!(word, "rx" | "tx" | "ch" | "queue" | "rxq" | "txq" | "rq" | "sq" | "cq" | "ring");
    let glued = |word: &str| {
        let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
        letters.len() < word.len() && ring(letters)
    };
    words.iter().any(|word| glued(word)) || words.windows(2).any(|pair| ring(pair[0]) && is_number(pair[1]))
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_are_told_from_priorities_and_lanes() {
        for ring in [
            "rx0_packets",
            "tx_12_bytes",
            "ch3_poll",
            "rx_queue_2_xdp_drops",
            "queue_7_tx_cnt",
            "[3]: rx_ucast_packets",
            "rx-0.bytes",
            "txq#4_pkts",
            "ptp_ch0_poll",
        ] {
            assert!(is_of_a_ring(ring), "{ring}");
        }
        for port in [
            "rx_prio3_pause",
            "rx_err_lane_0_phy",
            "pfc_pri3_rx_duration_us",
            "rx_pfc_ena_frames_pri7",
            "tx_priority_0_xon.nic",
            "frames_rx_64b",
            "frames_rx_65b_127b",
            "peer_ifindex",
            "tx_tso",
            "mac_rx_pfc_pri0_pkt_num",
        ] {
            assert!(!is_of_a_ring(port), "{port}");
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn names_that_are_alike_and_names_that_are_none() {
        let choice = choose(Table::Nic, "some.ethtool", &names(&["a", "", "a", "rx0_x", "a#2"]));
        let kept: Vec<(usize, &str)> = choice.extra.iter().map(|n| (n.place, n.raw.as_str())).collect();
        assert_eq!(kept, [(0, "a"), (2, "a#2"), (4, "a#2#2")]);
        assert_eq!((choice.rings, choice.mapped.len(), choice.missing.len()), (1, 0, 0));
    }

    #[test]
    fn what_the_catalogue_claims_and_the_driver_lacks_is_missing() {
        let driver = catalogue_driver("mlx5_core");
        let choice = choose(Table::Nic, &driver, &names(&["rx_prio3_pause", "rx_bytes_phy", "rx_bytes_fast"]));
        assert_eq!(choice.mapped.iter().map(|n| n.place).collect::<Vec<_>>(), [0, 1]);
        let lanes =
            choose(Table::Nic, &driver, &names(&["rx_err_lane_0_phy", "rx_err_lane_11_phy", "rx_err_lane_x_phy"]));
        assert_eq!(lanes.lanes.iter().map(|l| (l.place, l.lane)).collect::<Vec<_>>(), [(0, 0), (1, 11)]);
        assert!(
            choice.missing.contains(&"rx_prio4_pause".to_owned())
                && !choice.missing.contains(&"rx_bytes_phy".to_owned())
        );
    }

    #[test]
    fn the_number_of_names_that_are_kept_is_bounded() {
        let many: Vec<String> = (0..MOST_EXTRA + 9).map(|i| format!("x{i}_errors")).collect();
        let choice = choose(Table::Nic, "some.ethtool", &many);
        assert_eq!((choice.extra.len(), choice.beyond), (MOST_EXTRA, 9));
    }
}
