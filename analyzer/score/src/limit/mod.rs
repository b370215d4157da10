//! Whether a miss could have been seen at all: the readings that a fault of its size needs, and those that it had.
//!
//! A reading is a chance to catch the part in the act. Where a fault shows in few readings more than a sound part does, many
//! readings are needed, and a short fault that is read seldom cannot be told from chance by anybody who reads bytes and
//! queues alone. Nothing is said where something better than these shows the fault: marks of the training loop a late host, a
//! speed that the port itself tells a slow link.

mod readings;
mod slow_link;
mod straggler;

use crate::compare::{Compared, Limit};
use crate::subject::Subject;
use weft_trace::{Family, TraceTables, Truth};

/// The limit of a class: `None` where the trace does not tell what it needs.
type Of = fn(&TraceTables, &Truth) -> Option<Limit>;

const LIMITS: [(&str, Of); 2] = [("slow_link", slow_link::limit), ("host_straggler", straggler::limit)];

/// Adds to each missed fault what its readings could have told.
pub fn add_limits(compared: &mut Compared, subject: &Subject, tables: &TraceTables) {
    let truths = subject.truth.iter().filter(|t| t.family != Family::Benign);
    for (fault, truth) in compared.faults.iter_mut().zip(truths).filter(|(fault, _)| !fault.found) {
        let limit = LIMITS.iter().find(|(class, _)| *class == truth.class);
        fault.limit = limit.and_then(|(_, of)| of(tables, truth));
    }
}

#[cfg(test)]
mod tests;
