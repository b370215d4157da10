//! An incident as any system may say it: of the JSON that weft writes, the fields that a score needs.

use serde::Deserialize;
use std::path::Path;
use weft_trace::{Family, TraceError};

/// One line of incidents.ndjson. Fields that are not there are empty, so that another system need not fill them.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Incident {
    pub class: String,
    /// `hardware`, `data` or `benign`.
    pub kind: String,
    /// `info`, `warning` or `critical`.
    pub severity: String,
    pub confidence: Option<f64>,
    /// `None` or 0 while it is only suspected.
    pub opened_ns: Option<i64>,
    pub resolved_ns: Option<i64>,
    /// The verdict first, then what else the evidence leaves.
    pub culprits: Option<Vec<Culprit>>,
    pub jobs: Option<Vec<Job>>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Culprit {
    pub device: String,
    pub port: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Job {
    pub lost_step_time: Option<f64>,
}

impl Incident {
    /// When it was opened, if it ever was.
    pub fn opened_ns(&self) -> Option<i64> {
        self.opened_ns.filter(|ns| *ns != 0)
    }

    pub fn family(&self) -> Option<Family> {
        Family::of(&self.class)
    }

    /// The candidates, the verdict first, each as device and port.
    pub fn culprits(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.culprits.as_deref().unwrap_or_default();
        all.iter().map(|c| (c.device.as_str(), c.port.as_deref().unwrap_or_default()))
    }

    /// The verdict; two empty texts where nobody is named.
    pub fn culprit(&self) -> (&str, &str) {
        self.culprits().next().unwrap_or_default()
    }

    /// Whether it says of itself that nobody is at fault, or that it costs nobody.
    pub fn accuses_nobody(&self) -> bool {
        self.family() == Some(Family::Benign) || self.kind == "benign" || self.severity == "info"
    }

    /// Of the jobs it names, the largest loss that it says, as a fraction of step time.
    pub fn lost_step_time(&self) -> Option<f64> {
        let jobs = self.jobs.as_deref().unwrap_or_default();
        jobs.iter().filter_map(|job| job.lost_step_time).max_by(f64::total_cmp)
    }

    /// Class and part, as `slow_link n3/eth0`.
    pub fn label(&self) -> String {
        let (device, port) = self.culprit();
        format!("{} {device}/{port}", self.class)
    }
}

/// Reads an incidents.ndjson: one JSON object a line.
pub fn read_incidents(path: &Path) -> Result<Vec<Incident>, TraceError> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| {
        TraceError::new(&file, 0, e.to_string(), "write the incidents there, one JSON object a line; no line for none")
    })?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            read_line(line).map_err(|(what, mend)| TraceError::new(&file, number as u64 + 1, what, mend))
        })
        .collect()
}

fn read_line(line: &str) -> Result<Incident, (String, &'static str)> {
    let incident: Incident = serde_json::from_str(line).map_err(|e| {
        (e.to_string(), "write one JSON object a line, with class, opened_ns, resolved_ns, culprits [{device, port}]")
    })?;
    match incident.class.as_str() {
        "" => Err(("class is missing".to_owned(), "name the class of the incident, such as slow_link")),
        _ => Ok(incident),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Incident>, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("incidents.ndjson");
        std::fs::write(&path, text).unwrap();
        read_incidents(&path).map_err(|e| e.to_string().rsplit_once('/').unwrap().1.to_owned())
    }

    #[test]
    fn another_systems_lines_are_read() {
        let bare = r#"{"class":"slow_link","opened_ns":5,"culprits":[{"device":"n1"}],"anything":{}}"#;
        let null =
            r#"{"class":"job_slow","opened_ns":null,"culprits":null,"jobs":[{"job":"j","lost_step_time":null}]}"#;
        let all = read(&format!("{bare}\n\n{null}\n")).unwrap();
        assert_eq!((all[0].opened_ns(), all[0].culprit(), all[0].accuses_nobody()), (Some(5), ("n1", ""), false));
        assert_eq!((all[1].opened_ns(), all[1].lost_step_time(), all[1].accuses_nobody()), (None, None, true));
        assert_eq!(read(""), Ok(Vec::new()), "nothing said");
    }

    #[test]
    fn a_broken_line_is_named_with_its_mend() {
        let check = |text: &str, expected: &str| {
            let said = read(text).unwrap_err();
            assert!(said.starts_with(expected), "{said}");
        };
        check("{\"class\":\"x\"}\n{\"opened_ns\":1}\n", "incidents.ndjson:2: class is missing; name the class");
        check("[1]\n{", "incidents.ndjson:1: ");
        let said = read_incidents(Path::new("/nowhere/incidents.ndjson")).unwrap_err().to_string();
        assert!(said.contains("No such file"), "{said}");
    }
}
