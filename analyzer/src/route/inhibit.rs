//! What a receiver is never told: guesses, what is benign, and (unless it asks) faults of the telemetry itself.

use weft_judge::incident::{Incident, Kind, State};

pub fn passes(incident: &Incident, wants_data: bool) -> bool {
    let sayable = match incident.kind {
        Kind::Hardware | Kind::Job => true,
        Kind::Data => wants_data,
        Kind::Benign => false,
    };
    sayable && incident.state != State::Suspected
}
