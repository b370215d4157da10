//! Deliveries that one receiver has still to be sent, in the order in which they are tried. No IO and no clock.
//!
//! Alerts of one name that nobody has tried yet gather in one delivery. Once tried, a delivery keeps its alerts and its
//! id, so that each try of it is the same to the receiver. Each incident waits once, as it now stands: after an outage a
//! receiver hears how things are, not how they came to be.

use super::group::BATCH;
use crate::notify::{Alert, Status};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Alerts that wait for a receiver which is away for long; beyond it the page alone tells.
pub const MOST: usize = 4096;
/// A delivery that was refused this often lets those behind it go first, for it may be what the receiver cannot take, and
/// is then tried only [`SELDOM`].
const PATIENCE: u32 = 6;
const SELDOM: Duration = Duration::from_secs(30);

/// One delivery. All its alerts have one name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waiting {
    pub alerts: Vec<Alert>,
    /// Its id since its first try, perhaps that of an earlier run.
    pub delivery: Option<String>,
    /// How often it was refused.
    pub refused: u32,
    /// Not before then, whatever else the receiver takes.
    pub due: Option<Instant>,
}

#[derive(Debug, Default)]
pub struct DeliveryQueue {
    waiting: VecDeque<Waiting>,
}

impl DeliveryQueue {
    /// What waits of this incident.
    pub fn find(&self, incident: &str) -> Option<&Alert> {
        self.waiting.iter().flat_map(|waiting| &waiting.alerts).find(|alert| alert.incident() == incident)
    }

    /// Takes what waits of this incident out of the line.
    pub fn remove(&mut self, incident: &str) {
        self.waiting.iter_mut().for_each(|waiting| waiting.alerts.retain(|alert| alert.incident() != incident));
        self.waiting.retain(|waiting| !waiting.alerts.is_empty());
    }

    /// Puts an alert in line, in place of what waits of its incident unless that is newer. `tried` is the id under which
    /// an earlier run tried this very alert. Returns how many alerts the line dropped to stay within [`MOST`].
    pub fn push(&mut self, alert: Alert, tried: Option<String>) -> usize {
        match self.find(alert.incident()) {
            Some(old) if old.changed_ns > alert.changed_ns => return 0,
            Some(old) if old.is_same_news(&alert) => {
                self.replace(alert);
                return 0;
            }
            Some(_) => self.remove(alert.incident()),
            None => {}
        }
        let fits = |waiting: &&mut Waiting| {
            waiting.refused == 0
                && waiting.delivery == tried
                && waiting.alerts.len() < BATCH
                && waiting.alerts[0].name() == alert.name()
        };
        match self.waiting.iter_mut().find(fits) {
            Some(waiting) => waiting.alerts.push(alert),
            None => self.waiting.push_back(Waiting { alerts: vec![alert], delivery: tried, ..Waiting::default() }),
        }
        self.shorten()
    }

    /// The same news in newer words.
    fn replace(&mut self, alert: Alert) {
        let all = self.waiting.iter_mut().flat_map(|waiting| &mut waiting.alerts);
        all.filter(|old| old.incident() == alert.incident()).for_each(|old| *old = alert.clone());
    }

    /// What is over goes first, then what has waited longest.
    fn shorten(&mut self) -> usize {
        let mut dropped = 0;
        while self.waiting.iter().map(|waiting| waiting.alerts.len()).sum::<usize>() > MOST {
            let all = || self.waiting.iter().flat_map(|waiting| &waiting.alerts);
            let least = all().find(|alert| alert.status == Status::Resolved).or_else(|| all().next());
            let Some(incident) = least.map(|alert| alert.incident().to_owned()) else { break };
            self.remove(&incident);
            dropped += 1;
        }
        dropped
    }

    /// When the next delivery may be tried; `None` when none waits.
    pub fn ready_at(&self, now: Instant) -> Option<Instant> {
        self.waiting.iter().map(|waiting| waiting.due.map_or(now, |due| due.max(now))).min()
    }

    /// The next delivery to try. Whoever takes it out puts it back with [`DeliveryQueue::refused`], or leaves it out.
    pub fn take(&mut self, now: Instant) -> Option<Waiting> {
        let is_patient = |waiting: &Waiting| waiting.refused < PATIENCE;
        let is_due = |waiting: &Waiting| waiting.due.is_none_or(|due| due <= now);
        let next = self.waiting.iter().position(is_patient).or_else(|| self.waiting.iter().position(is_due));
        self.waiting.remove(next?)
    }

    /// Back in line: at its head, or at its end when it was refused too often.
    pub fn refused(&mut self, mut waiting: Waiting, now: Instant) {
        waiting.refused += 1;
        if waiting.refused < PATIENCE {
            self.waiting.push_front(waiting);
        } else {
            waiting.due = Some(now + SELDOM);
            self.waiting.push_back(waiting);
        }
    }

    /// A delivery whose body cannot be taken, halved so that one alert does not keep the others from being heard. A half
    /// has an id of its own: to the receiver it is another delivery. Returns the alert that is itself at fault.
    pub fn halve(&mut self, mut waiting: Waiting) -> Option<Alert> {
        if waiting.alerts.len() < 2 {
            return waiting.alerts.pop();
        }
        let second = waiting.alerts.split_off(waiting.alerts.len() / 2);
        for alerts in [second, waiting.alerts] {
            // Tried ones do not gather others: a count above 0 keeps each half to itself.
            self.waiting.push_front(Waiting { alerts, refused: 1, ..Waiting::default() });
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::Context;
    use weft_judge::incident::Incident;
    use weft_judge::sample::{Changed, open};

    fn alert(incident: &Incident) -> Alert {
        Alert::of(incident, &Context::default()).unwrap()
    }

    fn push(line: &mut DeliveryQueue, incident: &Incident) {
        assert_eq!(line.push(alert(incident), None), 0);
    }

    /// The deliveries from now on, each as the ids in it; an end has a `!` before it.
    fn all(line: &mut DeliveryQueue) -> Vec<Vec<String>> {
        let name = |alert: &Alert| match alert.status {
            Status::Firing => alert.incident().to_owned(),
            Status::Resolved => format!("!{}", alert.incident()),
        };
        let now = Instant::now() + SELDOM;
        std::iter::from_fn(|| line.take(now)).map(|waiting| waiting.alerts.iter().map(name).collect()).collect()
    }

    #[test]
    fn an_incident_waits_once_and_as_it_now_stands() {
        let mut line = DeliveryQueue::default();
        let flap = open("a").into_class("link_flap", 20);
        for incident in [&open("a"), &open("b"), &flap, &open("a")] {
            push(&mut line, incident);
        }
        push(&mut line, &Incident { sentence: "in newer words".into(), ..open("b") });
        assert_eq!(line.find("b").unwrap().annotations["summary"], "in newer words");
        assert_eq!(line.find("a").unwrap().name(), "WeftLinkFlap", "the older one came last");
        push(&mut line, &open("b").resolved(30));
        assert_eq!(all(&mut line), [["a"], ["!b"]]);
    }

    #[test]
    fn a_tried_delivery_keeps_its_alerts_and_gathers_no_others() {
        let mut line = DeliveryQueue::default();
        push(&mut line, &open("a"));
        push(&mut line, &open("b"));
        let tried = Waiting { delivery: Some("id".into()), ..line.take(Instant::now()).unwrap() };
        line.refused(tried, Instant::now());
        push(&mut line, &open("c"));
        push(&mut line, &open("d"));
        assert_eq!(line.take(Instant::now()).unwrap().delivery.as_deref(), Some("id"));
        assert_eq!(all(&mut line), [["c", "d"]]);
    }

    #[test]
    fn what_an_earlier_run_tried_together_goes_together_again() {
        let mut line = DeliveryQueue::default();
        for (id, tried) in [("a", Some("x")), ("b", None), ("c", Some("x")), ("d", Some("y"))] {
            line.push(alert(&open(id)), tried.map(str::to_owned));
        }
        assert_eq!(all(&mut line), [vec!["a", "c"], vec!["b"], vec!["d"]]);
    }

    #[test]
    fn what_is_always_refused_lets_the_others_go_first() {
        let mut line = DeliveryQueue::default();
        push(&mut line, &open("a"));
        push(&mut line, &open("b").into_class("link_flap", 20));
        let (now, mut order) = (Instant::now(), Vec::new());
        while let Some(waiting) = line.take(now) {
            order.push(waiting.alerts[0].incident().to_owned());
            if order.last().unwrap() == "a" {
                line.refused(waiting, now);
            }
        }
        assert_eq!(order, ["a", "a", "a", "a", "a", "a", "b"]);
        assert_eq!(line.ready_at(now), Some(now + SELDOM));
        assert_eq!(all(&mut line), [["a"]]);
        assert_eq!(line.ready_at(now), None);
    }

    #[test]
    fn one_alert_at_fault_is_found_by_halves() {
        let mut line = DeliveryQueue::default();
        (0..5).for_each(|n| push(&mut line, &open(&n.to_string())));
        let (mut heard, mut at_fault) = (Vec::new(), Vec::new());
        while let Some(waiting) = line.take(Instant::now()) {
            match waiting.alerts.iter().any(|alert| alert.incident() == "3") {
                true => at_fault.extend(line.halve(waiting)),
                false => heard.extend(waiting.alerts),
            }
        }
        let ids = |alerts: &[Alert]| alerts.iter().map(|alert| alert.incident().to_owned()).collect::<Vec<_>>();
        assert_eq!((ids(&heard), ids(&at_fault)), (["0", "1", "2", "4"].map(str::to_owned).to_vec(), vec!["3".into()]));
    }

    #[test]
    fn a_full_line_drops_what_is_over_first() {
        let mut line = DeliveryQueue::default();
        push(&mut line, &open("over").resolved(30));
        (1..MOST).for_each(|n| push(&mut line, &open(&n.to_string())));
        assert_eq!(line.push(alert(&open("more")), None), 1);
        assert!(line.find("over").is_none() && line.find("1").is_some());
        assert_eq!(line.push(alert(&open("yet more")), None), 1);
        assert!(line.find("1").is_none() && line.find("2").is_some() && line.find("more").is_some());
    }
}
