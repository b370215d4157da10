//! Each detector on the sources that its constants were not chosen on.
//!
//! A constant that was chosen on some traces is fitted to them, whatever its derivation. What a detector finds elsewhere is what
//! can be hoped for on unseen data. Example: `service_rate` was chosen on kernel and packet traces, so its row counts the slow
//! links of routers and of the simulator alone. A class may be said by several detectors: the row then counts what all of them
//! find there.

use crate::compare::Compared;
use crate::figures::Figures;
use crate::groups::basis;
use serde::Serialize;

/// A detector of the system that is scored.
#[derive(Clone, Debug, Serialize)]
pub struct Detector {
    pub name: String,
    pub classes: Vec<String>,
    /// Names of sources.
    pub chosen_on: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Elsewhere {
    pub detector: Detector,
    pub figures: Figures,
}

/// A row a detector, of those that accuse somebody.
pub fn elsewhere(traces: &[Compared], detectors: Vec<Detector>) -> Vec<Elsewhere> {
    let row = |detector: Detector| {
        let others = traces.iter().filter(|trace| !detector.chosen_on.contains(&trace.source));
        let is_own = |class: &String| detector.classes.contains(class);
        let figures = Figures::of(&basis(others, |fault| is_own(&fault.class), |verdict| is_own(&verdict.class)));
        Elsewhere { figures, detector }
    };
    detectors.into_iter().map(row).filter(|row| row.figures.faults + row.figures.r#false > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::compare;
    use crate::testkit::{incident, subject, truth};

    #[test]
    fn a_detector_is_counted_where_it_was_not_chosen() {
        let slow = || truth("slow_link", "n0", "eth0", 100, 200);
        let of = |source: &str, class: &str| {
            let said = [incident(class, "n0", "eth0", 110), incident("host_straggler", "n1", "", 110)];
            Compared { source: source.into(), ..compare(&subject(vec![slow()]), &said) }
        };
        let traces =
            [of("kernel", "slow_link"), of("packet", "slow_link"), of("packet", "link_down"), of("own", "incast")];
        let detector = |name: &str, class: &str, on: &[&str]| Detector {
            name: name.into(),
            classes: vec![class.into()],
            chosen_on: on.iter().map(|s| (*s).to_owned()).collect(),
        };
        let detectors = vec![
            detector("service_rate", "slow_link", &["kernel"]),
            detector("hold", "host_straggler", &["own", "packet"]),
            detector("silence", "sensor_dropout", &[]),
        ];
        let rows = elsewhere(&traces, detectors);
        let told: Vec<_> = rows
            .iter()
            .map(|r| (r.detector.name.as_str(), r.figures.recall.hits, r.figures.faults, r.figures.r#false))
            .collect();
        assert_eq!(told, [("service_rate", 2, 3, 0), ("hold", 0, 0, 1)]);
    }
}
