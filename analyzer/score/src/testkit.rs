//! A small fabric for tests: nodes n0 and n1 under leaf l0.

use crate::incident::{Culprit, Incident, Job};
use crate::subject::Subject;
use weft_trace::{Family, Manifest, Survey, Truth};
use weft_wire::plan::{Plan, PlanCable, PlanDevice};

pub const S: i64 = 1_000_000_000;
pub const T0: i64 = 1_700_000_000 * S;

/// The fabric, 1,000 s long, of which the parts in `heard` were read.
pub fn survey_of(heard: &[(&str, &str)], has_marks: bool) -> Survey {
    let device =
        |name: &str, kind: &str| PlanDevice { device: name.into(), kind: kind.into(), ..PlanDevice::default() };
    let cable = |node: &str, port: &str| PlanCable {
        a_device: node.into(),
        a_port: "eth0".into(),
        b_device: "l0".into(),
        b_port: port.into(),
    };
    let plan = Plan {
        devices: vec![device("n0", "node"), device("n1", "node"), device("l0", "switch")],
        cables: vec![cable("n0", "swp0"), cable("n1", "swp1")],
        ..Plan::default()
    };
    let heard = heard.iter().map(|(device, port)| ((*device).to_owned(), (*port).to_owned())).collect();
    Survey { plan, span_ns: Some((T0, T0 + 1000 * S)), heard, has_marks }
}

/// A fault from second `start` to second `end` of the trace.
pub fn truth(class: &str, device: &str, port: &str, start: i64, end: i64) -> Truth {
    Truth {
        fault: "f1".into(),
        class: class.into(),
        family: Family::of(class).expect("a class of the format"),
        device: device.into(),
        port: port.into(),
        start_ns: T0 + start * S,
        end_ns: T0 + end * S,
        step_loss: Some(0.2),
        note: String::new(),
    }
}

/// An incident that opened in second `opened`.
pub fn incident(class: &str, device: &str, port: &str, opened: i64) -> Incident {
    Incident {
        class: class.into(),
        kind: "hardware".into(),
        severity: "warning".into(),
        confidence: Some(0.9),
        opened_ns: Some(T0 + opened * S),
        resolved_ns: None,
        culprits: Some(vec![Culprit { device: device.into(), port: Some(port.into()) }]),
        jobs: Some(vec![Job { lost_step_time: Some(0.15) }]),
    }
}

/// The fabric with these faults, read at both ends once a second.
pub fn subject(truth: Vec<Truth>) -> Subject {
    let manifest = Manifest { name: String::new(), tick_ns: S, description: String::new(), clock: String::new() };
    let heard = [("n0", "eth0"), ("l0", "swp0"), ("n1", "eth0"), ("l0", "swp1")];
    Subject::new("t", "s", &manifest, truth, &survey_of(&heard, false))
}
