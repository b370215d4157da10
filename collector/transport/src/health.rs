//! How a publisher or subscriber stands to its far side: what `/readyz` and the ready line tell first.
//!
//! A transport waits for whatever an operator can mend, so it never fails for long; here stands what it waits for, in one
//! sentence a cause. Each standing trouble is logged when it begins and then once in ten seconds until it is over.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::Notify;

/// A trouble is logged again after this long.
const SAY_AGAIN: Duration = Duration::from_secs(10);
/// A refusal that has not been heard again for this long is over: what was refused has passed or was given up.
const REFUSAL_LASTS: Duration = Duration::from_secs(60);
/// One broker of several may come and go while data flows over the others: it is told only when it lasts.
const SETTLED: Duration = Duration::from_secs(3);

/// What is wrong, in order of cause: an earlier one explains the later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// No broker (or no analyzer) answers, or one that is needed does not.
    Unreachable,
    /// A broker answers and does not accept who we say we are.
    Unauthenticated,
    /// A right on a topic, a group or the cluster is missing.
    Denied,
    /// A topic is missing and cannot be created.
    NoTopic,
    /// A topic refuses messages for what they are: their size, their compression, their time.
    Refused,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    pub cause: Cause,
    /// What is wrong, where, and how to mend it.
    pub sentence: String,
    /// Whole seconds that it has lasted.
    pub for_s: u64,
}

/// A snapshot; empty `troubles` and `connected` is well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TransportHealth {
    /// The far side has answered and has not gone since. A side that listens is always connected.
    pub connected: bool,
    /// The first explains the others.
    pub troubles: Vec<Trouble>,
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (for {} s)", self.sentence, self.for_s)
    }
}

impl TransportHealth {
    /// The first trouble with how long it has lasted; `None` when all is well.
    pub fn reason(&self) -> Option<String> {
        self.troubles.first().map(Trouble::to_string)
    }
}

/// A handle to ask by, cheap to clone. The transport that gave it out writes to it.
#[derive(Clone, Debug)]
pub struct Health(Arc<Board>);

#[derive(Debug)]
struct Board {
    /// Who is to answer: `broker` or `analyzer`.
    who: &'static str,
    /// Where: `HOST:PORT`, several with commas.
    addr: String,
    role: &'static str,
    /// Nothing stands and the far side is there: the usual case, asked for at every message.
    is_well: AtomicBool,
    state: Mutex<State>,
    raised: Notify,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    connected: bool,
    since: Instant,
    troubles: BTreeMap<(Cause, String), Standing>,
}

#[derive(Debug)]
struct Standing {
    sentence: String,
    since: Instant,
    heard: Instant,
    said: Instant,
    /// Times that it was raised since it was last logged.
    unsaid: u64,
}

/// The subject of the trouble that no broker at all answers.
const EVERYWHERE: &str = "";
/// The subject of what is missing on the cluster as a whole.
pub(crate) const CLUSTER: &str = "cluster";

impl Health {
    /// Of a side that listens, or of one process: there is nobody to reach.
    pub fn steady() -> Health {
        Health::new("", "", "", true)
    }

    /// Nothing has been reached yet. Needs a Tokio runtime.
    pub(crate) fn connecting(who: &'static str, addr: &str, role: &'static str) -> Health {
        let health = Health::new(who, addr, role, false);
        let board = Arc::downgrade(&health.0);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(SAY_AGAIN).await;
                let Some(board) = board.upgrade() else { return };
                Health(board).say_standing(Instant::now());
            }
        });
        health
    }

    fn new(who: &'static str, addr: &str, role: &'static str, connected: bool) -> Health {
        Health(Arc::new(Board {
            who,
            addr: addr.to_owned(),
            role,
            is_well: AtomicBool::new(connected),
            state: Mutex::new(State { connected, since: Instant::now(), troubles: BTreeMap::new() }),
            raised: Notify::new(),
            changed: Notify::new(),
        }))
    }

    pub fn state(&self) -> TransportHealth {
        self.state_at(Instant::now())
    }

    fn state_at(&self, now: Instant) -> TransportHealth {
        let state = self.lock();
        let all_gone = state.troubles.contains_key(&(Cause::Unreachable, EVERYWHERE.to_owned()));
        let is_told = |cause: Cause, subject: &str, standing: &Standing| match cause {
            Cause::Unreachable if subject == EVERYWHERE => true,
            Cause::Unreachable => !all_gone && now.duration_since(standing.since) >= SETTLED,
            Cause::Refused => now.duration_since(standing.heard) < REFUSAL_LASTS,
            _ => true,
        };
        let standing = state.troubles.iter().filter(|((cause, subject), s)| is_told(*cause, subject, s));
        let mut troubles: Vec<Trouble> =
            standing.map(|((cause, _), s)| trouble(*cause, s.sentence.clone(), s.since, now)).collect();
        if troubles.is_empty() && !state.connected {
            let sentence = format!("no {} has answered yet at {}", self.0.who, self.0.addr);
            troubles.push(trouble(Cause::Unreachable, sentence, state.since, now));
        }
        TransportHealth { connected: state.connected, troubles }
    }

    /// Waits until it is known how things stand, but no longer than `most`.
    pub async fn settled(&self, most: Duration) -> TransportHealth {
        let known = async {
            loop {
                let changed = self.0.changed.notified();
                if self.is_known() {
                    return;
                }
                changed.await;
            }
        };
        drop(tokio::time::timeout(most, known).await);
        self.state()
    }

    fn is_known(&self) -> bool {
        let state = self.lock();
        state.connected || !state.troubles.is_empty()
    }

    /// Resolves when something is raised that asking again may mend.
    pub(crate) async fn raised(&self) {
        self.0.raised.notified().await;
    }

    /// Nobody answers at all: no broker of a cluster, or not the analyzer of a direct connection.
    pub(crate) fn gone(&self, reason: &str) {
        let mut state = self.lock();
        state.connected = false;
        self.0.is_well.store(false, Ordering::Relaxed);
        // A broker that answers and refuses us counts as gone to librdkafka; the refusal says more.
        let refused = state.troubles.keys().any(|(cause, _)| *cause == Cause::Unauthenticated);
        let last = state.troubles.iter().filter(|((cause, _), _)| *cause == Cause::Unreachable);
        let last = last.filter(|((_, subject), _)| subject != EVERYWHERE).max_by_key(|(_, standing)| standing.said);
        let reason = last.map_or_else(|| reason.to_owned(), |(_, standing)| standing.sentence.clone());
        drop(state);
        match refused {
            true => self.0.raised.notify_one(),
            false => self.raise(
                Cause::Unreachable,
                EVERYWHERE,
                &format!("no {} answers at {}: {reason}", self.0.who, self.0.addr),
            ),
        }
    }

    /// `subject`: which topic, group or broker. The sentence is logged, at most once in ten seconds.
    pub(crate) fn raise(&self, cause: Cause, subject: &str, sentence: &str) {
        self.raise_at(cause, subject, sentence, Instant::now());
        if matches!(cause, Cause::Unreachable | Cause::Unauthenticated) {
            self.0.raised.notify_one();
        }
        self.0.changed.notify_waiters();
    }

    fn raise_at(&self, cause: Cause, subject: &str, sentence: &str, now: Instant) {
        let mut state = self.lock();
        self.0.is_well.store(false, Ordering::Relaxed);
        let key = (cause, subject.to_owned());
        let is_new = !state.troubles.contains_key(&key);
        let standing = state.troubles.entry(key).or_insert_with(|| Standing {
            sentence: String::new(),
            since: now,
            heard: now,
            said: now,
            unsaid: 0,
        });
        standing.heard = now;
        sentence.clone_into(&mut standing.sentence);
        match is_new || now.duration_since(standing.said) >= SAY_AGAIN {
            true => self.say(standing, now),
            false => standing.unsaid += 1,
        }
    }

    fn say(&self, standing: &mut Standing, now: Instant) {
        let suppressed = std::mem::take(&mut standing.unsaid);
        standing.said = now;
        tracing::warn!(role = self.0.role, suppressed, "{}; waiting", standing.sentence);
    }

    /// Logs what still stands and was not said lately.
    fn say_standing(&self, now: Instant) {
        let mut state = self.lock();
        let has_faded =
            |cause: Cause, s: &Standing| cause == Cause::Refused && now.duration_since(s.heard) >= REFUSAL_LASTS;
        state.troubles.retain(|(cause, _), standing| !has_faded(*cause, standing));
        let all_gone = state.troubles.contains_key(&(Cause::Unreachable, EVERYWHERE.to_owned()));
        for ((cause, subject), standing) in &mut state.troubles {
            let is_part = all_gone && *cause == Cause::Unreachable && subject != EVERYWHERE;
            if !is_part && now.duration_since(standing.said) >= SAY_AGAIN / 2 {
                self.say(standing, now);
            }
        }
    }

    /// A broker answered a question.
    pub(crate) fn reached(&self) {
        self.over(|cause, subject| match cause {
            Cause::Unreachable => subject == EVERYWHERE,
            Cause::Unauthenticated => true,
            _ => false,
        });
    }

    /// A message of this topic went through: it is there, we may use it, and the brokers that are needed answer. Another
    /// message may still be refused.
    pub(crate) fn flows(&self, topic: &str) {
        self.over(|cause, subject| match cause {
            Cause::Unreachable | Cause::Unauthenticated => true,
            Cause::Denied | Cause::NoTopic => subject == topic || subject == CLUSTER,
            Cause::Refused => false,
        });
    }

    pub(crate) fn clear(&self, cause: Cause, subject: &str) {
        if self.lock().troubles.remove(&(cause, subject.to_owned())).is_some() {
            tracing::info!(role = self.0.role, "{} at {}: over: {}", self.0.who, self.0.addr, told(cause, subject));
        }
    }

    fn over(&self, is_over: impl Fn(Cause, &str) -> bool) {
        if self.0.is_well.load(Ordering::Relaxed) {
            return;
        }
        let mut state = self.lock();
        let was_gone = state.troubles.contains_key(&(Cause::Unreachable, EVERYWHERE.to_owned()));
        if was_gone {
            tracing::info!(role = self.0.role, "{} at {}: reachable again", self.0.who, self.0.addr);
        }
        state.connected = true;
        state.troubles.retain(|(cause, subject), _| !is_over(*cause, subject));
        self.0.is_well.store(state.troubles.is_empty(), Ordering::Relaxed);
        drop(state);
        self.0.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn trouble(cause: Cause, sentence: String, since: Instant, now: Instant) -> Trouble {
    Trouble { cause, sentence, for_s: now.saturating_duration_since(since).as_secs() }
}

fn told(cause: Cause, subject: &str) -> String {
    let what = match cause {
        Cause::Unreachable => "not reachable",
        Cause::Unauthenticated => "not accepted",
        Cause::Denied => "a missing right",
        Cause::NoTopic => "a missing topic",
        Cause::Refused => "messages refused",
    };
    if subject.is_empty() { what.to_owned() } else { format!("{what} ({subject})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentences(health: &Health, after: Duration) -> Vec<String> {
        health.state_at(Instant::now() + after).troubles.into_iter().map(|t| t.sentence).collect()
    }

    #[test]
    fn the_first_cause_comes_first_and_what_flows_is_over() {
        let health = Health::new("broker", "b:1", "subscriber", false);
        assert_eq!(sentences(&health, Duration::ZERO), ["no broker has answered yet at b:1"]);
        health.raise(Cause::NoTopic, "frames", "no frames");
        health.raise(Cause::Denied, "group g", "no right on g");
        health.gone("1/1 brokers are down");
        assert_eq!(
            sentences(&health, Duration::ZERO),
            ["no broker answers at b:1: 1/1 brokers are down", "no right on g", "no frames"]
        );
        health.reached();
        assert!(health.state().connected);
        assert_eq!(sentences(&health, Duration::ZERO), ["no right on g", "no frames"]);
        health.flows("frames");
        health.clear(Cause::Denied, "group g");
        assert_eq!(health.state(), TransportHealth { connected: true, troubles: Vec::new() });
    }

    #[test]
    fn one_broker_of_several_counts_only_when_it_lasts() {
        let health = Health::new("broker", "b:1", "subscriber", false);
        health.reached();
        health.raise(Cause::Unreachable, "c:2/2", "c:2/2: no such host");
        assert_eq!(sentences(&health, Duration::ZERO), [""; 0]);
        assert_eq!(sentences(&health, SETTLED), ["c:2/2: no such host"]);
        // When all are gone, what was heard of one of them is the reason.
        health.gone("2/2 brokers are down");
        assert_eq!(sentences(&health, SETTLED), ["no broker answers at b:1: c:2/2: no such host"]);
        assert!(!health.state().connected);
    }

    #[test]
    fn a_broker_that_refuses_us_is_not_said_to_be_silent() {
        let health = Health::new("broker", "b:1", "publisher", false);
        health.raise(Cause::Unauthenticated, "", "wrong password of user u");
        health.gone("1/1 brokers are down");
        assert_eq!(sentences(&health, Duration::ZERO), ["wrong password of user u"]);
    }

    #[test]
    fn a_trouble_is_said_once_in_ten_seconds_and_counts_between() {
        let health = Health::new("broker", "b:1", "publisher", true);
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let unsaid = || health.lock().troubles.values().map(|s| s.unsaid).sum::<u64>();
        // Raised in every second, it is logged in the first and the eleventh.
        (0..9).for_each(|second| health.raise_at(Cause::Refused, "t", "too large", at(second)));
        assert_eq!(unsaid(), 8);
        health.raise_at(Cause::Refused, "t", "too large", at(10));
        assert_eq!(unsaid(), 0);
        health.raise_at(Cause::Refused, "t", "too large", at(12));
        health.say_standing(at(20));
        assert_eq!(unsaid(), 0);
        assert!(!health.state_at(at(71)).troubles.is_empty() && health.state_at(at(72)).troubles.is_empty());
        health.say_standing(at(72));
        assert!(health.lock().troubles.is_empty());
    }
}
