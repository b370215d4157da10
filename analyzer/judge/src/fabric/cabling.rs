//! Cables by the plan and by what neighbours say of themselves (LLDP), with the plan before them.
//!
//! | the plan | neighbours | the cable |
//! |---|---|---|
//! | a–b | a–b, or nothing | a–b |
//! | nothing of either end | a–b | a–b |
//! | a–b | a–c | a–b, contradicted: what its ends count is not compared, and it is said to be miscabled |
//!
//! A word that is still heard goes before one that is not, and the younger before the older: when a cable moves from b to c, b
//! may go on saying a for its time to live.

use super::PortRef;
use std::collections::{BTreeMap, BTreeSet};
use weft_wire::plan::{HeardCable, Plan, PlanCable};

/// What one port hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub at: PortRef,
    pub far: PortRef,
    pub since_ns: i64,
    /// Still heard, and not merely remembered.
    pub is_fresh: bool,
    /// The far end is a port that the plan or a collector has under this name. One that nobody has may be a planned port
    /// under another name: it makes a cable where the plan has none, and contradicts nothing.
    pub far_is_known: bool,
}

/// A cable that lies otherwise than planned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mismatch {
    /// The port that the plan cables to `planned`, and that `heard` is at the other end of.
    pub at: PortRef,
    pub planned: PortRef,
    pub heard: PortRef,
    pub since_ns: i64,
}

/// The plan with what these words add to it: cables between ports that it has none for, and all cables that were heard.
pub fn with_words(plan: &Plan, words: Vec<Word>) -> Plan {
    let planned = far_ends(&plan.cables);
    let mut merged = plan.clone();
    let heard = settle(words).into_iter().filter(|word| word.far_is_known || !planned.contains_key(&word.at));
    merged.heard = heard.map(heard_cable).collect();
    merged.heard.sort_unstable();
    for cable in &merged.heard {
        let [a, b] = ends(cable);
        if !planned.contains_key(&a) && !planned.contains_key(&b) {
            merged.cables.push(PlanCable { a_device: a.device, a_port: a.port, b_device: b.device, b_port: b.port });
        }
    }
    merged
}

/// A port has one cable: of words that contradict each other the better one.
fn settle(mut words: Vec<Word>) -> Vec<Word> {
    words.retain(|word| word.at != word.far);
    words.sort_by(|x, y| (y.is_fresh, y.since_ns, &x.at).cmp(&(x.is_fresh, x.since_ns, &y.at)));
    let mut taken: BTreeSet<PortRef> = BTreeSet::new();
    words.retain(|word| {
        let is_free = !taken.contains(&word.at) && !taken.contains(&word.far);
        if is_free {
            taken.extend([word.at.clone(), word.far.clone()]);
        }
        is_free
    });
    words
}

fn heard_cable(word: Word) -> HeardCable {
    let (a, b) = if word.at <= word.far { (word.at, word.far) } else { (word.far, word.at) };
    HeardCable { a_device: a.device, a_port: a.port, b_device: b.device, b_port: b.port, since_ns: word.since_ns }
}

pub fn ends(cable: &HeardCable) -> [PortRef; 2] {
    [PortRef::new(&*cable.a_device, &*cable.a_port), PortRef::new(&*cable.b_device, &*cable.b_port)]
}

pub fn planned_ends(cable: &PlanCable) -> [PortRef; 2] {
    [PortRef::new(&*cable.a_device, &*cable.a_port), PortRef::new(&*cable.b_device, &*cable.b_port)]
}

fn far_ends(cables: &[PlanCable]) -> BTreeMap<PortRef, PortRef> {
    let mut far = BTreeMap::new();
    for cable in cables {
        let [a, b] = planned_ends(cable);
        far.insert(a.clone(), b.clone());
        far.insert(b, a);
    }
    far
}

/// Every heard cable of which an end is planned to go elsewhere, once: at that end, the lesser one where both are.
pub fn mismatches(plan: &Plan) -> Vec<Mismatch> {
    if plan.heard.is_empty() {
        return Vec::new();
    }
    let planned = far_ends(&plan.cables);
    let mut found: Vec<Mismatch> = plan.heard.iter().filter_map(|cable| mismatch(&planned, cable)).collect();
    found.sort_unstable();
    found
}

fn mismatch(planned: &BTreeMap<PortRef, PortRef>, cable: &HeardCable) -> Option<Mismatch> {
    let [a, b] = ends(cable);
    let (at, heard) = if planned.contains_key(&a) { (a, b) } else { (b, a) };
    let planned = planned.get(&at).filter(|planned| **planned != heard)?.clone();
    Some(Mismatch { at, planned, heard, since_ns: cable.since_ns })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::star;

    fn port(text: &str) -> PortRef {
        let (device, port) = text.split_once(' ').unwrap();
        PortRef::new(device, port)
    }

    fn word(at: &str, far: &str, since_ns: i64) -> Word {
        Word { at: port(at), far: port(far), since_ns, is_fresh: true, far_is_known: true }
    }

    fn cables(plan: &Plan) -> Vec<String> {
        let cable = |c: &PlanCable| format!("{} {} – {} {}", c.a_device, c.a_port, c.b_device, c.b_port);
        plan.cables.iter().map(cable).collect()
    }

    fn wrong(plan: &Plan) -> Vec<String> {
        let say = |m: Mismatch| {
            let [at, planned, heard] = [m.at, m.planned, m.heard].map(|p| format!("{} {}", p.device, p.port));
            format!("{at}: {heard}, not {planned}")
        };
        mismatches(plan).into_iter().map(say).collect()
    }

    #[test]
    fn without_a_plan_what_is_heard_makes_the_cables() {
        let both =
            vec![word("h0 eth1", "leaf swp0", 5), word("leaf swp0", "h0 eth1", 7), word("h1 eth1", "leaf swp1", 5)];
        let merged = with_words(&Plan::default(), both);
        assert_eq!(cables(&merged), ["h0 eth1 – leaf swp0", "h1 eth1 – leaf swp1"]);
        assert!(wrong(&merged).is_empty());
        let itself = with_words(&Plan::default(), vec![word("h0 eth1", "h0 eth1", 5)]);
        assert!(itself.cables.is_empty(), "a loop of one port is no cable");
    }

    #[test]
    fn the_plan_stands_and_what_contradicts_it_is_said_with_both_places() {
        let swapped =
            vec![word("h0 eth1", "leaf swp1", 5), word("leaf swp0", "h1 eth1", 6), word("h2 eth1", "leaf swp2", 7)];
        let merged = with_words(&star(3), swapped);
        assert_eq!(merged.cables, star(3).cables);
        assert_eq!(wrong(&merged), ["h0 eth1: leaf swp1, not leaf swp0", "h1 eth1: leaf swp0, not leaf swp1"]);
        let elsewhere = with_words(&star(1), vec![word("h9 eth1", "leaf swp0", 5)]);
        assert_eq!(wrong(&elsewhere), ["leaf swp0: h9 eth1, not h0 eth1"], "only one of the ends is planned");
        let unknown = Word { far_is_known: false, ..word("h0 eth1", "LEAF.example.org Ethernet0", 5) };
        assert!(wrong(&with_words(&star(1), vec![unknown])).is_empty(), "it may be leaf swp0 by another name");
    }

    #[test]
    fn the_younger_word_counts_and_one_that_is_still_heard_before_one_that_is_not() {
        let moved = vec![word("h0 eth1", "leaf swp7", 9), word("leaf swp0", "h0 eth1", 5)];
        assert_eq!(cables(&with_words(&Plan::default(), moved)), ["h0 eth1 – leaf swp7"]);
        let remembered = Word { is_fresh: false, ..word("h0 eth1", "leaf swp7", 9) };
        let heard = vec![remembered, word("leaf swp0", "h0 eth1", 5)];
        assert_eq!(cables(&with_words(&Plan::default(), heard)), ["h0 eth1 – leaf swp0"]);
    }
}
