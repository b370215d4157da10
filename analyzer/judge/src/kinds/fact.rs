//! A fact: what one detector saw of one part in one tick, before anyone says what it means.
//!
//! Facts are the seam between detection and diagnosis. A fact carries names that mean the same in every process and a typed
//! payload, so that detection may run where the data arrives and diagnosis elsewhere, with a topic between them.

use super::{Evidence, FactKind, Payload, Untagged};
use crate::fabric::{Part, PortRef};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Event time of the tick, or of the link event, that gave it.
    pub ts_ns: i64,
    pub part: Part,
    /// The end of the cable, or the port of the device, that shows it.
    pub shown_at: Option<PortRef>,
    /// When the condition began, event time.
    pub since_ns: i64,
    /// The last moment that showed it, where a window still tells of it and that is not now.
    pub until_ns: Option<i64>,
    /// The cable's other end was looked at too, and is positively well: the trouble is this end's.
    pub one_sided: bool,
    /// 0 to 1: how far beyond its threshold; half at the threshold.
    pub strength: f64,
    /// The job whose loop showed it, for conditions that are seen through one.
    pub job: Option<String>,
    #[serde(with = "Untagged")]
    pub payload: Payload,
}

impl Fact {
    pub fn kind(&self) -> FactKind {
        self.payload.kind()
    }

    /// The place as a device and port: of a cable the end that shows the fact, of a device an empty port.
    pub fn at(&self) -> PortRef {
        match (&self.part, &self.shown_at) {
            (Part::Cable(..), Some(end)) => end.clone(),
            (part, _) => part.first(),
        }
    }

    /// The port that shows it, or the part's own name where none does.
    pub fn shown(&self) -> PortRef {
        self.shown_at.clone().unwrap_or_else(|| self.at())
    }

    pub fn line(&self) -> FactLine {
        FactLine::from(self)
    }
}

/// A condition that was looked for with enough data, and is not there. Said only where an open case asks for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Absence {
    pub kind: FactKind,
    pub part: Part,
    /// It is over at once, for this reason: somebody did something there.
    pub over: Option<String>,
}

/// A fact as it is written: on a topic, in `facts.ndjson`, in SQL and by the API. `device`, `port` and `evidence` are what
/// people read; `part` and `detail` are what a fact is read back from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FactLine {
    pub ts_ns: i64,
    #[serde(flatten)]
    pub payload: Payload,
    pub device: String,
    pub port: String,
    pub since_ns: i64,
    pub strength: f64,
    pub evidence: Evidence,
    pub part: Part,
    pub shown_at: Option<PortRef>,
    pub until_ns: Option<i64>,
    pub one_sided: bool,
    pub job: Option<String>,
}

impl From<&Fact> for FactLine {
    fn from(fact: &Fact) -> FactLine {
        let PortRef { device, port } = fact.at();
        FactLine {
            ts_ns: fact.ts_ns,
            payload: fact.payload.clone(),
            device,
            port,
            since_ns: fact.since_ns,
            strength: fact.strength,
            evidence: fact.payload.evidence(),
            part: fact.part.clone(),
            shown_at: fact.shown_at.clone(),
            until_ns: fact.until_ns,
            one_sided: fact.one_sided,
            job: fact.job.clone(),
        }
    }
}

impl From<FactLine> for Fact {
    fn from(line: FactLine) -> Fact {
        let FactLine { ts_ns, payload, since_ns, strength, part, shown_at, until_ns, one_sided, job, .. } = line;
        Fact { ts_ns, part, shown_at, since_ns, until_ns, one_sided, strength, job, payload }
    }
}
