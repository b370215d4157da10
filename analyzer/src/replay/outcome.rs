//! What a replay writes: `facts.ndjson` as they come, `incidents.ndjson` and `transitions.ndjson` at the end.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use weft_judge::engine::Outcome;
use weft_judge::incident::{Incident, Transition};

#[derive(Serialize)]
struct TransitionLine<'a> {
    incident: &'a str,
    class: &'a str,
    #[serde(flatten)]
    transition: &'a Transition,
}

/// Incidents are kept as they last stood. Event time only: the same ticks give the same bytes.
pub struct OutcomeFiles {
    dir: PathBuf,
    facts: BufWriter<File>,
    incidents: BTreeMap<String, Incident>,
}

impl OutcomeFiles {
    pub fn create(dir: &Path) -> std::io::Result<OutcomeFiles> {
        std::fs::create_dir_all(dir)?;
        let facts = BufWriter::new(File::create(dir.join("facts.ndjson"))?);
        Ok(OutcomeFiles { dir: dir.to_owned(), facts, incidents: BTreeMap::new() })
    }

    pub fn add(&mut self, outcome: Outcome) -> std::io::Result<()> {
        for fact in &outcome.facts {
            write_line(&mut self.facts, &fact.line())?;
        }
        for incident in outcome.incidents {
            self.incidents.insert(incident.id.clone(), incident);
        }
        Ok(())
    }

    /// In order of opening (of onset while suspected), then id.
    pub fn finish(mut self) -> std::io::Result<Vec<Incident>> {
        self.facts.flush()?;
        let mut incidents: Vec<Incident> = std::mem::take(&mut self.incidents).into_values().collect();
        incidents.sort_by(|a, b| (first_ns(a), &a.id).cmp(&(first_ns(b), &b.id)));
        let mut file = BufWriter::new(File::create(self.dir.join("incidents.ndjson"))?);
        for incident in &incidents {
            write_line(&mut file, incident)?;
        }
        file.flush()?;
        write_transitions(&self.dir, &incidents)?;
        Ok(incidents)
    }
}

fn first_ns(incident: &Incident) -> i64 {
    incident.opened_ns.unwrap_or(incident.onset_ns)
}

fn write_transitions(dir: &Path, incidents: &[Incident]) -> std::io::Result<()> {
    let lines = incidents.iter().flat_map(|incident| {
        let Incident { id, class, transitions, .. } = incident;
        transitions.iter().map(move |transition| TransitionLine { incident: id, class, transition })
    });
    let mut lines: Vec<_> = lines.collect();
    // Stable: transitions of one incident in one tick keep their order.
    lines.sort_by(|a, b| (a.transition.ts_ns, a.incident).cmp(&(b.transition.ts_ns, b.incident)));
    let mut file = BufWriter::new(File::create(dir.join("transitions.ndjson"))?);
    for line in &lines {
        write_line(&mut file, line)?;
    }
    file.flush()
}

fn write_line(file: &mut impl Write, value: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *file, value)?;
    file.write_all(b"\n")
}
