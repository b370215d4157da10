//! Sees the judge after every tick, and notes what its detectors have weighed.

use std::collections::{BTreeMap, HashMap};
use weft_judge::detect::WEIGHING;
use weft_judge::fabric::Place;
use weft_judge::features::Features;
use weft_score::Tail;

#[derive(Debug, Default)]
pub struct Watch {
    tails: BTreeMap<String, Tail>,
    /// By detector and place, how many levels the evidence has reached since it was last down.
    reached: HashMap<(&'static str, Place), usize>,
}

impl Watch {
    pub fn note(&mut self, features: &Features) {
        for weighing in &WEIGHING {
            let name = weighing.detector.name;
            let tail = self.tails.entry(name.to_owned()).or_default();
            tail.bar = Some((weighing.bar)(features));
            for weighed in (weighing.weighed)(features) {
                let reached = self.reached.entry((name, weighed.place)).or_default();
                tail.note(weighed.nats, weighed.readings, reached);
            }
        }
    }

    pub fn into_tails(self) -> BTreeMap<String, Tail> {
        self.tails
    }
}
