//! What a score has to know of a trace: its truth, its cables, how long it is, and how well it lets one see.

use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use weft_trace::{Manifest, Survey, TraceError, Truth, load_truth, survey};
use weft_wire::plan::{Plan, PlanJob};

const DAY_NS: f64 = 86_400e9;
/// Bytes at 10 Hz show the phases of an iteration, as step marks do.
const FAST_TICK_NS: i64 = 100_000_000;

/// Device and port; the port is empty for the whole device.
pub type Part = (String, String);

/// How well a part can be seen. A: step marks or bytes at 10 Hz, and both ends of its cables; B: both ends, slower; C: one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Tier {
    A,
    B,
    C,
}

#[derive(Clone, Debug)]
pub struct Subject {
    pub name: String,
    /// Where traces of its kind come from: the name of the folder that it lies in.
    pub source: String,
    pub truth: Vec<Truth>,
    pub tick_ns: i64,
    pub nodes: usize,
    /// Nodes times the length of the trace.
    pub node_days: f64,
    /// Stamp of the last reading.
    pub until_ns: i64,
    /// The far end of each planned port.
    far: HashMap<Part, Part>,
    /// Each cable's ends, and whether both were read.
    cables: Vec<([Part; 2], bool)>,
    is_fast: bool,
}

impl Subject {
    /// Reads all of the trace in `dir` but what the judge alone needs.
    pub fn load(dir: &Path, name: &str, source: &str) -> Result<Subject, TraceError> {
        let (manifest, truth, survey) = (Manifest::load(dir)?, load_truth(dir)?, survey(dir)?);
        check_devices(dir, &truth, &survey.plan)?;
        Ok(Subject::new(name, source, &manifest, truth, &survey))
    }

    pub fn new(name: &str, source: &str, manifest: &Manifest, truth: Vec<Truth>, survey: &Survey) -> Subject {
        let plan = &survey.plan;
        let nodes = plan.devices.iter().filter(|d| d.kind == "node").count();
        let length_ns = span_of_jobs(&plan.jobs).or(survey.span_ns).map_or(0, |(first, last)| last - first);
        let (mut far, mut cables) = (HashMap::new(), Vec::new());
        for cable in &plan.cables {
            let a = (cable.a_device.clone(), cable.a_port.clone());
            let b = (cable.b_device.clone(), cable.b_port.clone());
            far.insert(a.clone(), b.clone());
            far.insert(b.clone(), a.clone());
            let is_seen = survey.heard.contains(&a) && survey.heard.contains(&b);
            cables.push(([a, b], is_seen));
        }
        Subject {
            name: name.to_owned(),
            source: source.to_owned(),
            truth,
            tick_ns: manifest.tick_ns,
            nodes,
            node_days: nodes as f64 * length_ns.max(0) as f64 / DAY_NS,
            until_ns: survey.span_ns.map_or(i64::MAX, |(_, last)| last),
            far,
            cables,
            is_fast: survey.has_marks || manifest.tick_ns <= FAST_TICK_NS,
        }
    }

    /// Whether a culprit is the part that truth names: that device, or that port, or the far end of its cable.
    pub fn is_part(&self, (device, port): (&str, &str), truth: &Truth) -> bool {
        if truth.port.is_empty() {
            return device == truth.device;
        }
        let is = |part: &Part| part.0 == device && part.1 == port;
        let want = (truth.device.clone(), truth.port.clone());
        is(&want) || self.far.get(&want).is_some_and(is)
    }

    /// `device/port`; of a cable the end that comes first by name.
    pub fn place(&self, (device, port): (&str, &str)) -> String {
        let end = self.end_of_cable((device.to_owned(), port.to_owned()));
        format!("{}/{}", end.0, end.1)
    }

    /// The port itself, or the far end of its cable where that comes first by name.
    pub fn end_of_cable(&self, near: Part) -> Part {
        self.far.get(&near).filter(|far| **far < near).cloned().unwrap_or(near)
    }

    /// Both ends of the part's cable, itself first; itself alone where it has none.
    pub fn ends(&self, part: &Part) -> Vec<Part> {
        std::iter::once(part.clone()).chain(self.far.get(part).cloned()).collect()
    }

    /// How well a part can be seen: by its cables, a device's own where it names no port, all cables where it has none.
    pub fn tier(&self, (device, port): (&str, &str)) -> Tier {
        let ends_at = |end: &Part| end.0 == device && (port.is_empty() || end.1 == port);
        let own: Vec<bool> =
            self.cables.iter().filter(|(ends, _)| ends.iter().any(ends_at)).map(|(_, seen)| *seen).collect();
        let all = || self.cables.iter().map(|(_, seen)| *seen).collect();
        let cables = if own.is_empty() { all() } else { own };
        let seen = cables.iter().filter(|seen| **seen).count();
        match (seen > 0 && seen * 2 >= cables.len(), self.is_fast) {
            (true, true) => Tier::A,
            (true, false) => Tier::B,
            (false, _) => Tier::C,
        }
    }
}

/// From the first start to the last end; `None` where no job has both.
fn span_of_jobs(jobs: &[PlanJob]) -> Option<(i64, i64)> {
    let first = jobs.iter().filter_map(|job| job.start_ns).min()?;
    let last = jobs.iter().filter_map(|job| job.end_ns).filter(|ns| *ns != i64::MAX).max()?;
    Some((first, last)).filter(|(first, last)| *first > 0 && last > first)
}

/// A culprit that no plan knows would be a fault that nobody can find.
fn check_devices(dir: &Path, truth: &[Truth], plan: &Plan) -> Result<(), TraceError> {
    let known: HashSet<&str> = plan.devices.iter().map(|d| d.device.as_str()).collect();
    match truth.iter().find(|t| !t.device.is_empty() && !known.contains(t.device.as_str())) {
        None => Ok(()),
        Some(stranger) => {
            let file = dir.join("truth.csv").display().to_string();
            let what =
                format!("fault {} names device {}, which devices.csv does not have", stranger.fault, stranger.device);
            Err(TraceError::new(file, 0, what, "add the device there, or mend its name"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{S, T0, survey_of, truth};

    fn subject(tick_ns: i64, heard: &[(&str, &str)], has_marks: bool) -> Subject {
        let manifest = Manifest { name: String::new(), tick_ns, description: String::new(), clock: String::new() };
        Subject::new("t", "s", &manifest, Vec::new(), &survey_of(heard, has_marks))
    }

    #[test]
    fn a_cable_is_either_of_its_ends() {
        let subject = subject(S, &[], false);
        let check = |truth_port: &str, culprit: (&str, &str), expected: bool| {
            let truth = truth("slow_link", "n0", truth_port, 0, 1);
            assert_eq!(subject.is_part(culprit, &truth), expected, "{truth_port} {culprit:?}");
        };
        check("eth0", ("n0", "eth0"), true);
        check("eth0", ("l0", "swp0"), true);
        check("eth0", ("n0", ""), false);
        check("eth0", ("l0", "swp1"), false);
        check("", ("n0", "eth0"), true);
        check("", ("n0", ""), true);
        check("", ("l0", "swp0"), false);
        check("eth7", ("n0", "eth7"), true);
        check("", ("", ""), false);
    }

    #[test]
    fn a_tier_is_what_can_be_seen_of_a_part() {
        let both = [("n0", "eth0"), ("l0", "swp0"), ("n1", "eth0"), ("l0", "swp1")];
        let check = |tick_ns: i64, heard: &[(&str, &str)], has_marks: bool, part: (&str, &str), expected: Tier| {
            assert_eq!(subject(tick_ns, heard, has_marks).tier(part), expected, "{part:?}");
        };
        check(S, &both, false, ("n0", "eth0"), Tier::B);
        check(S, &both, true, ("n0", "eth0"), Tier::A);
        check(S / 10, &both, false, ("l0", ""), Tier::A);
        check(S, &both[..2], true, ("n1", "eth0"), Tier::C);
        check(S, &both[..2], true, ("n0", "eth0"), Tier::A);
        check(S, &[("n0", "eth0"), ("n1", "eth0")], true, ("n0", ""), Tier::C);
    }

    #[test]
    fn node_days_are_those_of_the_jobs_or_of_the_readings() {
        let of = |jobs: &[(Option<i64>, Option<i64>)]| {
            let mut survey = survey_of(&[], false);
            survey.span_ns = Some((T0, T0 + 43_200 * S));
            survey.plan.jobs =
                jobs.iter().map(|&(start_ns, end_ns)| PlanJob { start_ns, end_ns, ..PlanJob::default() }).collect();
            let manifest =
                Manifest { name: String::new(), tick_ns: S, description: String::new(), clock: String::new() };
            Subject::new("t", "s", &manifest, Vec::new(), &survey).node_days
        };
        assert_eq!(of(&[]), 1.0, "two nodes, half a day of readings");
        assert_eq!(of(&[(Some(T0), Some(T0 + 21_600 * S))]), 0.5);
        assert_eq!(of(&[(Some(T0), None)]), 1.0, "a job without an end tells no length");
    }
}
