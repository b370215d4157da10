//! A look over all readings of a trace: from when to when it goes, and whose counters are in it.

use crate::entities::Entities;
use crate::error::Result;
use crate::plan::load_plan;
use crate::samples::Samples;
use crate::table::Table;
use std::collections::HashSet;
use std::path::Path;
use weft_wire::plan::Plan;

#[derive(Debug)]
pub struct Survey {
    pub plan: Plan,
    /// Stamps of the first and the last reading; `None` where there is none.
    pub span_ns: Option<(i64, i64)>,
    /// Device and port of every reading; the port is empty where the reading is a host's own.
    pub heard: HashSet<(String, String)>,
    /// Whether a training loop marked its steps.
    pub has_marks: bool,
}

/// Reads samples.csv to its end, whatever its order.
pub fn survey(dir: &Path) -> Result<Survey> {
    let plan = load_plan(dir)?;
    let mut entities = Entities::of_plan(&plan);
    let mut samples = Samples::open(dir)?;
    let (mut span_ns, mut seen) = (None, HashSet::new());
    while let Some(sample) = samples.next(&mut entities)? {
        let (first, last) = span_ns.unwrap_or((sample.ts_ns, sample.ts_ns));
        span_ns = Some((sample.ts_ns.min(first), sample.ts_ns.max(last)));
        seen.insert(sample.at);
    }
    let name = |device: u32| entities.devices[device as usize].name.clone();
    let heard = seen.into_iter().map(|at| (name(at.device), entities.port(at).name.clone())).collect();
    let has_marks = Table::open(dir, "steps.csv")?.map_or(Ok(false), |mut steps| steps.next_row())?;
    Ok(Survey { plan, span_ns, heard, has_marks })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{T0, tiny};

    #[test]
    fn a_survey_tells_the_span_and_who_is_heard() {
        let dir = tempfile::tempdir().unwrap();
        tiny(dir.path());
        let found = survey(dir.path()).unwrap();
        assert_eq!(found.span_ns, Some((T0, T0 + 59_000_000_000)));
        assert!(!found.has_marks);
        let mut heard: Vec<_> = found.heard.iter().map(|(device, port)| format!("{device}/{port}")).collect();
        heard.sort();
        assert_eq!(heard, ["l0/swp0", "l0/swp1", "n0/eth0", "n1/eth0"]);
    }
}
