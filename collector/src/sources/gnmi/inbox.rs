//! What one target has said since the sampler asked last. A target that says the same leaf twice between two ticks is heard once, with
//! what it said last: counters are sums, so that nothing is lost but the moment in between.
//!
//! An inbox is bounded: a leaf stands in it once, only leaves of the catalogue are kept, and a target has [`MOST_PORTS`] ports at most.

use super::decode::{Change, Sink};
use super::dialect::{Place, interface_of};
use super::targets::Target;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use weft_wire::Table;

/// Ports and queues of one target that are taken in: a chassis of 512 ports with eight queues each has 4,608. A further one is refused.
pub const MOST_PORTS: usize = 8192;
/// The longest name of a port, bytes.
const LONGEST_NAME: usize = 128;
/// A stamp that lies further before or after the arrival is not believed: the target's clock is wrong, or it stamps changes.
const EARLIEST_NS: i64 = 3_000_000_000;
const LATEST_NS: i64 = 500_000_000;

/// A port or queue by table and name.
pub type Key = (Table, String);

/// One leaf's last word and the time of it, nanoseconds since the epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    pub ts_ns: i64,
    pub change: Change,
}

/// What has come since it was taken last.
#[derive(Debug, Default)]
pub struct News {
    /// Ports that were deleted, before what follows.
    pub gone: BTreeSet<String>,
    pub leaves: BTreeMap<Key, BTreeMap<String, Said>>,
    /// Sentences for the events of the collector.
    pub events: Vec<String>,
}

/// How the target does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The stream stands, and the target has answered on it.
    pub is_up: bool,
    /// All values have come once, or the first try has failed.
    pub is_settled: bool,
    /// When something came last; 0 before the first.
    pub last_seen_ns: i64,
    /// Arrival less the target's own stamp, of the last notification.
    pub delay_ns: i64,
    pub updates: u64,
    /// Leaves that no counter of the catalogue has.
    pub unknown: u64,
    /// Values that are no number, and ports beyond the limits.
    pub refused: u64,
    /// Times that the subscription was begun.
    pub subscriptions: u64,
    /// Why it is down; empty while it is up.
    pub why: String,
}

#[derive(Debug)]
pub struct Inbox {
    pub target: Target,
    inner: Mutex<(State, Kept)>,
}

#[derive(Debug, Default)]
struct Kept {
    news: News,
    /// Every port that was taken in.
    ports: BTreeSet<Key>,
    /// The sort of thing that was refused has been said.
    is_refusal_told: bool,
}

impl Inbox {
    pub fn new(target: Target) -> Inbox {
        Inbox { target, inner: Mutex::default() }
    }

    fn with<T>(&self, act: impl FnOnce(&mut State, &mut Kept) -> T) -> T {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, kept) = &mut *inner;
        act(state, kept)
    }

    pub fn state(&self) -> State {
        self.with(|state, _| state.clone())
    }

    pub fn take(&self) -> News {
        self.with(|_, kept| std::mem::take(&mut kept.news))
    }

    pub fn say(&self, what: String) {
        self.with(|_, kept| kept.news.events.push(what));
    }

    pub fn began(&self) {
        self.with(|state, _| state.subscriptions += 1);
    }

    /// True when it was down before.
    pub fn heard(&self, now_ns: i64) -> bool {
        self.with(|state, _| {
            state.last_seen_ns = now_ns;
            state.why.clear();
            !std::mem::replace(&mut state.is_up, true)
        })
    }

    pub fn settled(&self) {
        self.with(|state, _| state.is_settled = true);
    }

    /// True when it was up before, or never tried, or fails for another reason now.
    pub fn failed(&self, why: &str) -> bool {
        self.with(|state, _| {
            let is_news = state.is_up || state.why != why;
            (state.is_up, state.is_settled, state.why) = (false, true, why.to_owned());
            is_news
        })
    }

    /// Lets `fill` take in a notification that the target stamped `stamp_ns` and that arrived at `now_ns`.
    pub fn fill(&self, stamp_ns: i64, now_ns: i64, fill: impl FnOnce(&mut Filling<'_>)) {
        self.with(|state, kept| {
            let delay_ns = now_ns.saturating_sub(stamp_ns);
            let is_plausible = (-LATEST_NS..=EARLIEST_NS).contains(&delay_ns);
            if is_plausible {
                state.delay_ns = delay_ns;
            }
            let ts_ns = if is_plausible { stamp_ns } else { now_ns };
            fill(&mut Filling { target: &self.target, state, kept, ts_ns });
        });
    }
}

/// An inbox that a notification is written to.
pub struct Filling<'a> {
    target: &'a Target,
    state: &'a mut State,
    kept: &'a mut Kept,
    ts_ns: i64,
}

impl Filling<'_> {
    fn admits(&mut self, key: &Key) -> bool {
        if self.kept.ports.contains(key) {
            return true;
        }
        let is_odd = key.1.is_empty() || key.1.len() > LONGEST_NAME || key.1.chars().any(char::is_control);
        if is_odd {
            self.refused(format!("port {} has no name that weft takes", super::value::shortened(&key.1)));
        } else if self.kept.ports.len() >= MOST_PORTS {
            self.refused(format!("port {}: more than {MOST_PORTS} ports and queues", key.1));
        } else {
            self.kept.ports.insert(key.clone());
            return true;
        }
        false
    }
}

impl Sink for Filling<'_> {
    fn change(&mut self, place: Place, change: Change) {
        if !self.target.reads(interface_of(&place.port)) {
            return;
        }
        let key = (place.table, place.port);
        if self.admits(&key) {
            self.state.updates += 1;
            self.kept.news.leaves.entry(key).or_default().insert(place.raw, Said { ts_ns: self.ts_ns, change });
        }
    }

    fn gone(&mut self, port: &str) {
        let is_of_port = |key: &Key| interface_of(&key.1) == port;
        let Kept { news, ports, .. } = &mut *self.kept;
        ports.retain(|key| !is_of_port(key));
        news.leaves.retain(|key, _| !is_of_port(key));
        news.gone.insert(port.to_owned());
    }

    fn unknown(&mut self) {
        self.state.unknown += 1;
    }

    fn refused(&mut self, why: String) {
        self.state.refused += 1;
        if !std::mem::replace(&mut self.kept.is_refusal_told, true) {
            let what = format!("a value was refused, and any further one is counted only: {why}");
            self.kept.news.events.push(what);
        }
    }
}
