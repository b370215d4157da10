//! What Slurm says of work at nodes: nodes that are drained, and reservations for maintenance.
//!
//! | Slurm | weft |
//! |---|---|
//! | a node that is drained, and no job runs there any more | under maintenance until it is resumed |
//! | a node that is being drained, and whose last job still runs | watched: that job has a right to know |
//! | a node that is down | watched: nobody announced that |
//! | a node that is rebooted by `scontrol reboot` | under maintenance until it is back |
//! | a reservation with the flag MAINT | its nodes, from its start to its end |

use super::answer::{Node, Reservation, has};
use super::hostlist::{HostlistError, expand};
use crate::operations::{Announced, AnnouncedPart, one_line};

pub const SOURCE: &str = "slurm";
const SECOND_NS: i64 = 1_000_000_000;
/// A job is there, or its remains.
const BUSY: [&str; 4] = ["ALLOCATED", "MIXED", "COMPLETING", "BLOCKED"];
/// Somebody took the node out of service.
const AT_WORK: [&str; 3] = ["DRAIN", "MAINTENANCE", "REBOOT_ISSUED"];

/// `now_ns`: what is drained is at work from the moment at which weft hears of it: jobs ran there before.
pub fn announced(nodes: &[Node], reservations: &[Reservation], now_ns: i64) -> Result<Vec<Announced>, HostlistError> {
    let mut all: Vec<Announced> =
        nodes.iter().filter(|node| is_at_work(node)).map(|node| drained(node, now_ns)).collect();
    for reservation in reservations.iter().filter(|reservation| has(&reservation.flags, "MAINT")) {
        all.extend(reserved(reservation)?);
    }
    Ok(all)
}

fn is_at_work(node: &Node) -> bool {
    let is = |word: &str| has(&node.state, word) || has(&node.state_flags, word);
    AT_WORK.iter().any(|word| is(word)) && !BUSY.iter().any(|word| is(word))
}

fn part(device: String) -> AnnouncedPart {
    AnnouncedPart { device, ..AnnouncedPart::default() }
}

fn drained(node: &Node, now_ns: i64) -> Announced {
    Announced {
        id: format!("drain-{}-{}", node.name, node.reason_changed_at.unwrap_or(0)),
        parts: vec![part(node.name.clone())],
        from_ns: now_ns,
        until_ns: None,
        who: node.reason_set_by_user.clone(),
        reason: one_line(&node.reason),
        source: SOURCE.to_owned(),
    }
}

/// `None` of one without nodes or times.
fn reserved(reservation: &Reservation) -> Result<Option<Announced>, HostlistError> {
    let ns = |seconds: Option<u64>| i64::try_from(seconds?).ok()?.checked_mul(SECOND_NS);
    let Some(from_ns) = ns(reservation.start_time) else { return Ok(None) };
    let parts: Vec<AnnouncedPart> = expand(&reservation.node_list)?.into_iter().map(part).collect();
    if parts.is_empty() {
        return Ok(None);
    }
    // Other nodes are another announcement: those that left it are at work no more.
    let nodes = xxhash_rust::xxh3::xxh3_64(reservation.node_list.as_bytes());
    let Reservation { name, users, .. } = reservation;
    Ok(Some(Announced {
        id: format!("reservation-{name}-{from_ns}-{nodes:016x}"),
        parts,
        from_ns,
        until_ns: ns(reservation.end_time),
        who: users.clone(),
        reason: one_line(&format!("reservation {name}")),
        source: SOURCE.to_owned(),
    }))
}
