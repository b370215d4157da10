//! Another plan while the engine runs: a cable that neighbours tell of, a job that begins.
//!
//! All that is remembered is taken over by its names, as in a restart (`snapshot/`): under the plan of before nothing that is
//! said changes by it. What a plan drops, and what it adds, is in the table of `features/saved`.

use super::{Engine, reads};
use crate::fabric::EntityTable;
use crate::incident::Incident;
use weft_wire::plan::Plan;

impl Engine {
    /// Goes on in a fabric of this plan; to be called between two ticks. Incidents about parts that it does not have are
    /// over. `entities`: as the last tick was judged with.
    pub fn replan(&mut self, plan: &Plan, entities: &EntityTable) -> Vec<Incident> {
        let saved = self.features.saved(entities);
        // What an engine saves of itself does not contradict itself.
        let Some(mut features) = saved.restored(plan) else { return Vec::new() };
        features.ask(reads(self.detectors));
        features.false_alarms = self.features.false_alarms;
        let over = self.diagnosis.move_to(&self.features, &features.topology, self.write);
        self.features = features;
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{EngineConfig, Outcome};
    use crate::fabric::PortRef;
    use crate::fabric::cabling::{Word, with_words};
    use crate::incident::State;
    use crate::testkit::{Extra, SECOND, Scene, event, iteration, star};
    use weft_wire::plan::PlanJob;

    fn word(at: (&str, &str), far: (&str, &str), since_ns: i64) -> Word {
        let [at, far] = [at, far].map(|(device, port)| PortRef::new(device, port));
        Word { at, far, since_ns, is_fresh: true, far_is_known: true }
    }

    fn right(host: usize) -> Word {
        word((&format!("h{host}"), "eth1"), ("leaf", &format!("swp{host}")), 0)
    }

    /// Seconds of ordinary traffic with these link events of leaf's `swp0` in the first.
    fn run(scene: &mut Scene, seconds: usize, events: &[&str]) -> Vec<Outcome> {
        let told = |at: usize| -> Vec<_> {
            let first = events.iter().filter(|_| at == 0);
            first.map(|kind| event(scene.now_ns() + 1, "leaf", "swp0", kind)).collect()
        };
        let mut all: Vec<Vec<_>> = (0..seconds).map(told).collect();
        let mut second = |events| scene.second(|_, at| iteration(at, SECOND, 0), Extra { events, ..Extra::default() });
        all.drain(..).map(&mut second).collect()
    }

    fn named(scene: &Scene, state: State) -> Vec<(String, String)> {
        let of = scene.incidents.values().filter(|i| i.state == state);
        of.map(|i| (i.class.clone(), format!("{} {}", i.culprits[0].device, i.culprits[0].port))).collect()
    }

    #[test]
    fn a_cable_that_is_heard_is_judged_like_a_planned_one() {
        let bare = Plan { cables: Vec::new(), ..star(3) };
        let mut scene = Scene::new(bare.clone());
        run(&mut scene, 2, &["link_up"]);
        scene.replan(&with_words(&bare, (0..3).map(right).collect()));
        run(&mut scene, 2, &["link_down"]);
        let down = scene.incidents.values().find(|i| i.class == "link_down").expect("told");
        let culprit = &down.culprits[0];
        let ends = [(&*culprit.device, &*culprit.port), (&*culprit.peer_device, &*culprit.peer_port)];
        assert!(ends.contains(&("h0", "eth1")) && ends.contains(&("leaf", "swp0")), "{ends:?}");
    }

    #[test]
    fn what_the_site_allows_stays() {
        let mut scene = Scene::new(star(3));
        let config = EngineConfig { false_alarms: 0.02, ..EngineConfig::of_tick(SECOND) };
        scene.engine = Engine::new(star(3), config);
        run(&mut scene, 2, &[]);
        scene.replan(&star(4));
        assert_eq!(scene.engine.features().false_alarms, 0.02);
    }

    #[test]
    fn a_trouble_of_a_port_is_one_of_its_cable_once_that_is_known() {
        let bare = Plan { cables: Vec::new(), ..star(3) };
        let mut scene = Scene::new(bare.clone());
        run(&mut scene, 2, &["link_up"]);
        run(&mut scene, 2, &["link_down"]);
        assert_eq!(named(&scene, State::Open), [("link_down".to_owned(), "leaf swp0".to_owned())]);
        scene.replan(&with_words(&bare, (0..3).map(right).collect()));
        run(&mut scene, 2, &[]);
        assert_eq!(named(&scene, State::Resolved), [("link_down".to_owned(), "leaf swp0".to_owned())]);
        let open: Vec<_> = scene.incidents.values().filter(|i| i.state == State::Open).collect();
        assert_eq!((open.len(), open[0].class.as_str()), (1, "link_down"));
        assert!(!open[0].culprits[0].peer_port.is_empty(), "{open:?}");
        run(&mut scene, 2, &["link_up"]);
        run(&mut scene, 30, &[]);
        assert!(named(&scene, State::Open).is_empty(), "{:?}", scene.incidents);
    }

    #[test]
    fn swapped_ends_are_two_miscabled_cables_until_they_are_put_right() {
        let mut scene = Scene::new(star(3));
        run(&mut scene, 2, &[]);
        let swapped = [word(("h0", "eth1"), ("leaf", "swp1"), 5), word(("leaf", "swp0"), ("h1", "eth1"), 6), right(2)];
        scene.replan(&with_words(&star(3), swapped.to_vec()));
        run(&mut scene, 2, &[]);
        let miscabled = |host: usize| ("miscabled".to_owned(), format!("h{host} eth1"));
        let mut open = named(&scene, State::Open);
        open.sort();
        assert_eq!(open, [miscabled(0), miscabled(1)]);
        let said = scene.incidents.values().find(|i| i.culprits[0].device == "h0").unwrap();
        assert!(
            said.sentence.contains("h0 eth1 leads to leaf swp1, and not to leaf swp0 as planned"),
            "{}",
            said.sentence
        );
        assert_eq!(said.severity, crate::incident::Severity::Warning);
        scene.replan(&star(3));
        run(&mut scene, 3, &[]);
        assert!(named(&scene, State::Open).is_empty(), "{:?}", scene.incidents);
    }

    #[test]
    fn a_cable_that_was_moved_is_miscabled_once_its_carrier_is_back_and_no_link_that_is_down() {
        let mut scene = Scene::new(star(3));
        run(&mut scene, 2, &["link_up"]);
        run(&mut scene, 2, &["link_down"]);
        assert_eq!(named(&scene, State::Open), [("link_down".to_owned(), "h0 eth1".to_owned())]);
        let swapped = [word(("h0", "eth1"), ("leaf", "swp1"), 5), word(("leaf", "swp0"), ("h1", "eth1"), 6), right(2)];
        scene.replan(&with_words(&star(3), swapped.to_vec()));
        run(&mut scene, 2, &["link_up"]);
        run(&mut scene, 40, &[]);
        let open: Vec<String> = named(&scene, State::Open).into_iter().map(|(class, _)| class).collect();
        assert_eq!(open, ["miscabled", "miscabled"]);
        assert_eq!(named(&scene, State::Resolved), [("link_down".to_owned(), "h0 eth1".to_owned())]);
    }

    #[test]
    fn a_job_that_begins_is_known_and_one_that_is_gone_is_over() {
        let mut scene = Scene::new(Plan { jobs: Vec::new(), ..star(4) });
        run(&mut scene, 3, &[]);
        let job = |device: &str| PlanJob { job: "late".into(), device: device.into(), ..PlanJob::default() };
        scene.replan(&Plan { jobs: vec![job("h0"), job("h1")], ..star(4) });
        run(&mut scene, 3, &[]);
        let jobs = &scene.engine.features().topology.jobs;
        assert_eq!(jobs.iter().map(|job| (job.name.as_str(), job.devices.len())).collect::<Vec<_>>(), [("late", 2)]);
        scene.replan(&Plan { jobs: Vec::new(), ..star(4) });
        run(&mut scene, 2, &[]);
        assert!(scene.engine.features().topology.jobs.is_empty());
    }

    #[test]
    fn under_the_same_plan_nothing_changes() {
        let story = |replan: bool| {
            let mut scene = Scene::new(star(4));
            let mut said = Vec::new();
            for part in [&["link_up"][..], &[], &["link_down"], &["link_up"], &[]] {
                said.extend(run(&mut scene, 5, part));
                if replan {
                    scene.replan(&star(4));
                }
            }
            said.iter().map(|o| serde_json::to_string(&(&o.facts, &o.incidents)).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(story(true), story(false));
        let config = EngineConfig::of_tick(SECOND);
        assert!(Engine::new(star(1), config).replan(&star(2), &EntityTable::default()).is_empty(), "before any tick");
    }
}
