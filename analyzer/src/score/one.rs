//! One trace: judged here, or as another system judged it, and compared.

use super::args::ScoreArgs;
use super::disturbed::disturbed;
use super::judged::{Failed, INCIDENTS};
use crate::replay::{ReplayArgs, ReplayError, replay};
use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use weft_score::{
    Compared, Disturbances, Followed, Sighted, Subject, add_limits, add_pictures, compare, read_incidents, sighted,
};
use weft_trace::{TraceFolder, TraceTables, name_of};

/// The name that two traces share, where each needs a folder of its own.
pub fn named_twice(args: &ScoreArgs) -> Option<Failed> {
    let by_name = args.keep.is_some() || args.incidents.is_some();
    let mut seen = HashSet::new();
    let twice = args.traces.iter().map(|trace| folder_of(trace)).find(|folder| !seen.insert(folder.clone()));
    twice.filter(|_| by_name).map(|folder| Failed::NamedTwice(folder.display().to_string()))
}

/// What became of one trace, and of its verdict in each disturbance.
#[derive(Debug)]
pub struct Scored {
    pub compared: Compared,
    pub followed: Vec<Followed>,
    /// What the baselines saw, where they were asked for.
    pub sighted: Option<Sighted>,
}

impl fmt::Display for Scored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Compared { trace, faults, r#false, .. } = &self.compared;
        let found = faults.iter().filter(|f| f.found).count();
        write!(f, "{trace}: {found} of {} faults found, {} false", faults.len(), r#false.len())?;
        let follow = self.followed.iter().filter(|run| run.changes.is_empty()).count();
        match self.followed.len() {
            0 => Ok(()),
            all => write!(f, ", follows {follow} of {all} disturbances"),
        }
    }
}

pub fn score_one(trace: &Path, args: &ScoreArgs) -> Result<Scored, Failed> {
    let (name, folder) = (name_of(trace), TraceFolder::open(trace)?);
    let subject = Subject::load(folder.path(), &name, &source_of(trace)).map_err(|e| folder.said_of(e))?;
    let incidents = match &args.incidents {
        Some(dir) => read_incidents(&said_before(dir, trace, args.traces.len() == 1))?,
        None => {
            let scratch = tempfile::tempdir()?;
            let out = args.keep.as_ref().map_or_else(|| scratch.path().to_owned(), |keep| keep.join(folder_of(trace)));
            replay(&ReplayArgs { false_alarms: args.false_alarms, ..ReplayArgs::calm(folder.path(), &out) })
                .map_err(|source| failed(&folder, name, source))?;
            read_incidents(&out.join(INCIDENTS))?
        }
    };
    let mut compared = compare(&subject, &incidents);
    let is_wrong = !compared.r#false.is_empty() && args.html.is_some();
    let has_misses = compared.faults.iter().any(|fault| !fault.found);
    if !has_misses && !is_wrong && args.metamorphic.is_none() && !args.baselines {
        return Ok(Scored { compared, followed: Vec::new(), sighted: None });
    }
    let tables = TraceTables::load(folder.path()).map_err(|e| folder.said_of(e))?;
    add_limits(&mut compared, &subject, &tables);
    if args.html.is_some() {
        add_pictures(&mut compared, &subject, &tables);
    }
    let followed = match &args.metamorphic {
        None => Vec::new(),
        Some(Disturbances(chosen)) => disturbed(&tables, &subject, &compared, chosen, args)?,
    };
    let sighted = args.baselines.then(|| sighted(&tables, subject));
    Ok(Scored { compared, followed, sighted })
}

fn failed(folder: &TraceFolder, trace: String, error: ReplayError) -> Failed {
    match error {
        ReplayError::Trace(error) => Failed::Trace(folder.said_of(error)),
        error => Failed::Replay { trace, source: Box::new(error) },
    }
}

/// The folder that a trace lies in tells where it is from.
fn source_of(trace: &Path) -> String {
    let whole = trace.canonicalize().unwrap_or_else(|_| trace.to_owned());
    whole.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned()
}

/// `SOURCE/NAME`: where what is said of a trace is kept.
fn folder_of(trace: &Path) -> PathBuf {
    Path::new(&source_of(trace)).join(name_of(trace))
}

/// What was said of a trace: in its own folder, or in the folder of a single trace itself.
fn said_before(dir: &Path, trace: &Path, is_single: bool) -> PathBuf {
    let (own, shared) = (dir.join(folder_of(trace)).join(INCIDENTS), dir.join(INCIDENTS));
    if is_single && shared.is_file() { shared } else { own }
}
