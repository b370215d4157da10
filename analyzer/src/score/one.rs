//! One trace: judged here, or as another system judged it, and compared.

use super::args::ScoreArgs;
use super::disturbed::disturbed;
use crate::judged::{self, Failed, INCIDENTS, place_of, source_of};
use crate::replay::{ReplayArgs, replay};
use std::fmt;
use std::path::{Path, PathBuf};
use weft_score::{
    Compared, Disturbances, Followed, Sighted, Subject, add_limits, add_pictures, compare, read_incidents, sighted,
};
use weft_trace::{TraceFolder, TraceTables, name_of};

/// The place that two traces share, where each needs one of its own.
pub fn named_twice(args: &ScoreArgs) -> Option<Failed> {
    let by_name = args.keep.is_some() || args.incidents.is_some();
    judged::named_twice(&args.traces).filter(|_| by_name)
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
            let out = args.keep.as_ref().map_or_else(|| scratch.path().to_owned(), |keep| keep.join(place_of(trace)));
            replay(&ReplayArgs { allowed: args.allowed, ..ReplayArgs::calm(folder.path(), &out) })
                .map_err(|error| Failed::at(&folder, &name, error))?;
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

/// What was said of a trace: in its own folder, or in the folder of a single trace itself.
fn said_before(dir: &Path, trace: &Path, is_single: bool) -> PathBuf {
    let (own, shared) = (dir.join(place_of(trace)).join(INCIDENTS), dir.join(INCIDENTS));
    if is_single && shared.is_file() { shared } else { own }
}
