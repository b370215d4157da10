//! Incidents that are published from a link event before its tick closes, so that a link that goes down is known at once.
//!
//! The judge may say otherwise when the tick closes: links of one device that went down together are one incident, the
//! device's. Then the incident that was published ahead is taken back: it is resolved, with that reason.

use weft_judge::incident::{Incident, State, Transition};

/// So many links of one device are published ahead of their tick. More of them may be the device's own trouble, and wait for
/// the tick.
const AHEAD: usize = 2;

#[derive(Debug, Default)]
pub struct Previews {
    /// With the tick that is to say the same.
    pending: Vec<(i64, Incident)>,
}

impl Previews {
    /// Whether it should be told now. The other end of a link says the same a little later, perhaps in the next tick.
    pub fn admit(&mut self, tick: i64, incident: &Incident) -> bool {
        let pending = self.pending.iter().map(|(_, known)| known);
        if pending.clone().any(|known| is_same_link(known, incident)) {
            return false;
        }
        let at_device = |device: &str| pending.clone().filter(|known| devices(known).any(|d| d == device)).count();
        if devices(incident).any(|device| at_device(device) >= AHEAD) {
            return false;
        }
        self.pending.push((tick, incident.clone()));
        true
    }

    /// A tick has closed: those of it that it did not say, resolved.
    pub fn settle(&mut self, tick: i64, now_ns: i64, said: &[Incident]) -> Vec<Incident> {
        let (due, pending) = std::mem::take(&mut self.pending).into_iter().partition(|(of, _)| *of <= tick);
        self.pending = pending;
        let due: Vec<(i64, Incident)> = due;
        let unsaid = due.into_iter().map(|(_, i)| i).filter(|i| said.iter().all(|s| s.id != i.id));
        unsaid.map(|incident| taken_back(incident, now_ns)).collect()
    }
}

fn taken_back(mut incident: Incident, now_ns: i64) -> Incident {
    let reason = "taken back: what else was told of that second shows another trouble, or none".to_owned();
    (incident.state, incident.resolved_ns) = (State::Resolved, Some(now_ns));
    incident.transitions.push(Transition { ts_ns: now_ns, state: State::Resolved, reason });
    incident
}

fn devices(incident: &Incident) -> impl Iterator<Item = &str> {
    let first = incident.culprits.first();
    first.into_iter().flat_map(|c| [c.device.as_str(), c.peer_device.as_str()]).filter(|d| !d.is_empty())
}

fn is_same_link(one: &Incident, other: &Incident) -> bool {
    let ends = |incident: &Incident| {
        let first = incident.culprits.first();
        let mut ends =
            first.map(|c| [(c.device.clone(), c.port.clone()), (c.peer_device.clone(), c.peer_port.clone())]);
        ends.iter_mut().for_each(|ends| ends.sort());
        ends
    };
    one.family == other.family && ends(one) == ends(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_judge::testkit::down_of;

    #[test]
    fn what_the_tick_does_not_say_is_taken_back() {
        let mut previews = Previews::default();
        let (kept, gone) = (down_of("h1"), down_of("h2"));
        assert!(previews.admit(7, &kept) && previews.admit(7, &gone));
        let back = previews.settle(7, 8_000, std::slice::from_ref(&kept));
        let [back] = back.as_slice() else { panic!("{back:?}") };
        assert_eq!((&back.id, back.state, back.resolved_ns), (&gone.id, State::Resolved, Some(8_000)));
        assert!(previews.settle(8, 9_000, &[]).is_empty(), "once");
    }

    #[test]
    fn a_link_is_told_ahead_once_and_of_one_device_only_two() {
        let mut previews = Previews::default();
        let first = down_of("h1");
        assert!(previews.admit(7, &first));
        let mut other_end = down_of("h1");
        let culprit = &mut other_end.culprits[0];
        std::mem::swap(&mut culprit.device, &mut culprit.peer_device);
        std::mem::swap(&mut culprit.port, &mut culprit.peer_port);
        other_end.id = "another onset, another id".into();
        assert!(!previews.admit(8, &other_end));
        assert!(previews.admit(7, &down_of("h2")) && !previews.admit(7, &down_of("h3")), "all are the leaf's");
    }
}
