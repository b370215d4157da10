//! The class of incident that a kind of fact opens, and everything that diagnosis asks of a kind.

use super::FactKind;
use crate::incident::{Kind, Severity};

pub const SECOND: i64 = 1_000_000_000;

/// Classes of one family are about the same kind of trouble; the name of the family stands in incidents and labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    FailingLink,
    Congestion,
    Straggler,
    Data,
    Job,
    Benign,
}

impl Family {
    pub fn name(self) -> &'static str {
        match self {
            Family::FailingLink => "failing_link",
            Family::Congestion => "congestion",
            Family::Straggler => "straggler",
            Family::Data => "data",
            Family::Job => "job",
            Family::Benign => "benign",
        }
    }
}

/// How a kind of fact comes to accuse a part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Accuses {
    /// The part's own readings show the trouble, whatever else is wrong around it.
    Outright,
    /// The part is seen to be late within a job. Trouble on the way of that job's bytes can make it late as well, so such
    /// trouble is asked first, and for so many iterations after the trouble has ended.
    ThroughJob { aftermath_iterations: i64 },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Class {
    /// The class that the fact opens, or renames an incident to.
    pub name: &'static str,
    pub family: Family,
    /// Facts of one subject about one part are evidence of one case: a link that loses packets and goes down is one.
    pub subject: &'static str,
    pub kind: Kind,
    /// Where nothing is known of jobs.
    pub severity: Severity,
    /// Within a subject, the higher rank names the incident: a link that is down is not merely slow.
    pub rank: u8,
    /// Whether it renames an incident that is open already, and not only one that is suspected.
    pub renames_open: bool,
    /// Ticks in which the fact must be present before the incident opens.
    pub opens_after_ticks: u32,
    /// Event time for which the fact must be positively absent before the incident is resolved.
    pub resolves_after_ns: i64,
    /// The kind whose absence ends it, where that is not its own: a flap is over when the link stays up.
    pub absent_with: Option<FactKind>,
    /// What the evidence alone is worth, before its strength is added: a start, to be calibrated.
    pub confidence: f64,
    pub action: &'static str,
    pub accuses: Accuses,
    /// Whether a part in this trouble makes the hosts of a job late that send over it.
    pub delays_jobs: bool,
    /// Whether the part does not work at all while it lasts.
    pub is_down: bool,
    /// Whether the trouble is where the cable lies: no device at its ends can have it.
    pub is_of_cable: bool,
    /// Whether trouble of a device explains the same trouble of its links and ports.
    pub holds_its_parts: bool,
    /// Whether the host's own words tell it apart from hosts that merely wait for it.
    pub tells_hosts_apart: bool,
    /// Whether it only tells why a part is in the trouble that other evidence shows. Alone it is a finding: it costs no job and
    /// accuses nobody.
    pub is_reason: bool,
    /// Whether it rests on marks of the training loop, the finest evidence there is.
    pub by_marks: bool,
}

impl Class {
    /// Trouble of a link: one case a link, whatever its evidence.
    pub const LINK: Class = Class {
        name: "",
        family: Family::FailingLink,
        subject: "failing_link",
        kind: Kind::Hardware,
        severity: Severity::Critical,
        rank: 1,
        renames_open: false,
        opens_after_ticks: 1,
        resolves_after_ns: 8 * SECOND,
        absent_with: None,
        confidence: 0.9,
        action: "",
        accuses: Accuses::Outright,
        delays_jobs: true,
        is_down: false,
        is_of_cable: false,
        holds_its_parts: false,
        tells_hosts_apart: false,
        is_reason: false,
        by_marks: false,
    };

    /// A host that holds up its job: one case a host.
    pub const STRAGGLER: Class = Class {
        name: "host_straggler",
        family: Family::Straggler,
        subject: "straggler",
        severity: Severity::Warning,
        opens_after_ticks: 2,
        resolves_after_ns: 10 * SECOND,
        confidence: 0.8,
        action: "look for other load, IO waits or throttling on the node; replace it in the job if it stays late",
        delays_jobs: false,
        ..Class::LINK
    };

    /// Why a host straggles, by what one of its GPUs says of itself: evidence of the host's case, which it names.
    pub const REASON: Class = Class {
        severity: Severity::Info,
        renames_open: true,
        confidence: 0.9,
        is_reason: true,
        tells_hosts_apart: true,
        ..Class::STRAGGLER
    };

    /// Trouble inside a node, of a GPU or of a link between GPUs: one case a GPU or link, whatever its evidence. It makes its own
    /// node late, and no other.
    pub const INSIDE: Class = Class { family: Family::Straggler, subject: "inside_node", ..Class::LINK };

    /// A job that is slow, for reasons that nothing else says: one case a job.
    pub const JOB: Class = Class {
        name: "job_slow",
        family: Family::Job,
        subject: "job_slow",
        kind: Kind::Job,
        severity: Severity::Warning,
        resolves_after_ns: 10 * SECOND,
        action: "ask what changed in the job at that time: batch, data, checkpoints, code; compare its hosts on the page",
        delays_jobs: false,
        ..Class::LINK
    };

    /// A queue that a job waits in, and that somebody fills: nobody's hardware is broken, and it matters by what it costs jobs. A
    /// failing link that began with it may have made the queue, and is asked first.
    pub const CONGESTION: Class = Class {
        family: Family::Congestion,
        subject: "congestion",
        severity: Severity::Info,
        // The bar of the evidence leaves one false port in 10,000 slow phases; that somebody else fills it is bytes that add up,
        // and by whom is less sure where much began at once.
        confidence: 0.85,
        accuses: Accuses::ThroughJob { aftermath_iterations: 0 },
        ..Class::LINK
    };

    /// A fault of the telemetry, of which each class is a case of its own.
    pub const DATA: Class = Class {
        family: Family::Data,
        kind: Kind::Data,
        severity: Severity::Info,
        confidence: 0.95,
        delays_jobs: false,
        ..Class::LINK
    };
}
