//! From a disturbed trace back to the first: names and times of an incident.

use crate::incident::Incident;
use std::collections::HashMap;

#[derive(Debug, Default)]
pub struct Back {
    /// New device and port → those before; the port is empty for the device itself.
    pub names: HashMap<(String, String), (String, String)>,
    /// Stamps from `.0` on were moved by so many ns; the last that applies holds. In order.
    pub moved: Vec<(i64, i64)>,
}

impl Back {
    /// All stamps were moved by so much.
    pub fn of_shift(by_ns: i64) -> Back {
        Back { moved: vec![(i64::MIN, by_ns)], ..Back::default() }
    }

    pub fn incident(&self, mut incident: Incident) -> Incident {
        for culprit in incident.culprits.iter_mut().flatten() {
            let new = (culprit.device.clone(), culprit.port.clone().unwrap_or_default());
            if let Some((device, port)) = self.names.get(&new) {
                (culprit.device, culprit.port) = (device.clone(), Some(port.clone()));
            }
        }
        incident.opened_ns = incident.opened_ns.map(|ns| self.stamp(ns));
        incident.resolved_ns = incident.resolved_ns.map(|ns| self.stamp(ns));
        incident
    }

    fn stamp(&self, ns: i64) -> i64 {
        let moved = self.moved.iter().rev().find(|(from, _)| ns >= *from);
        moved.map_or(ns, |(_, by)| ns - by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{S, T0, incident};

    #[test]
    fn an_incident_is_told_as_of_the_first_trace() {
        let names = [("new", "new0", "n0", "eth0"), ("new", "", "n0", "")];
        let names = names.map(|(d, p, a, b)| ((d.to_owned(), p.to_owned()), (a.to_owned(), b.to_owned())));
        let back = Back { names: names.into(), moved: vec![(T0 + 100 * S, 50 * S)] };
        let told = |device: &str, port: &str, at: i64| {
            let told = back.incident(incident("slow_link", device, port, at));
            let (device, port) = told.culprit();
            (device.to_owned(), port.to_owned(), (told.opened_ns.unwrap() - T0) / S)
        };
        assert_eq!(told("new", "new0", 120), ("n0".into(), "eth0".into(), 70));
        assert_eq!(told("new", "", 99), ("n0".into(), String::new(), 99), "before the splice nothing moved");
        assert_eq!(told("other", "eth0", 100), ("other".into(), "eth0".into(), 50));
        assert_eq!(Back::of_shift(7).stamp(10), 3);
    }
}
