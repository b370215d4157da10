//! GPU memory errors: an error beyond correction (`ecc_uncorrectable`), a row that could not be replaced (`remap_failures`), or an
//! Xid that says as much. Any is one too many (reference/faults.md, 23). What was counted before the first reading is no news.

use super::armed::Row;
use super::gpu_lost::armed;
use super::{Detector, Shows, Sink, Spot};
use crate::fabric::Place;
use crate::features::Features;
use crate::features::gpus::MemoryBy;
use crate::kinds::{FactKind, GpuMemoryErrors};

pub const DETECTOR: Detector = Detector {
    name: "gpu_memory",
    reads: &[],
    detect,
    forget,
    armed: &[Row { detector: "gpu_memory_errors", facts: &[FactKind::GpuMemoryErrors], look: armed }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    for memory in features.gpus.memory() {
        let place = Place::Inside(memory.inside);
        out.look_at(Spot::Place(place), 1);
        if memory.until_tick == features.tick {
            let (counter, xid) = match memory.by {
                MemoryBy::Xid(code) => ("last_xid", Some(code)),
                MemoryBy::Uncorrectable => ("ecc_uncorrectable", None),
                MemoryBy::Remap => ("remap_failures", None),
            };
            let (since_ns, until_ns) = (memory.since_ns, Some(memory.until_ns));
            let shows = Shows { since_ns, until_ns, one_sided: true, strength: 1.0, ..Shows::default() };
            out.present(place, shows, GpuMemoryErrors { counter: counter.to_owned(), xid, errors: memory.errors });
        } else if memory.told_tick == features.tick {
            out.absent(FactKind::GpuMemoryErrors, place);
        }
    }
}

pub fn forget(features: &mut Features, _: Option<Spot>) {
    features.gpus.forget();
}

#[cfg(test)]
mod tests {
    use crate::testkit::{Extra, Scene, iteration, star};

    const OLD: &[(&str, f64)] = &[("temperature_c", 61.0), ("ecc_uncorrectable", 4.0), ("remap_failures", 0.0)];
    const NEW: &[(&str, f64)] = &[("temperature_c", 61.0), ("ecc_uncorrectable", 6.0), ("remap_failures", 0.0)];
    const REMAP: &[(&str, f64)] = &[("temperature_c", 61.0), ("ecc_uncorrectable", 6.0), ("remap_failures", 1.0)];

    fn tell(scene: &mut Scene, seconds: usize, told: &'static [(&'static str, f64)]) {
        for _ in 0..seconds {
            let told = vec![("h1", "gpu3", told)];
            scene.second(|_, at| iteration(at, 1_070_000_000, 0), Extra { told, ..Extra::default() });
        }
    }

    #[test]
    fn an_error_that_is_new_is_named_and_one_that_was_there_is_not() {
        let mut scene = Scene::new(star(3));
        tell(&mut scene, 20, OLD);
        assert!(scene.opened().is_empty(), "{:?}", scene.incidents);
        tell(&mut scene, 1, NEW);
        let named = ("gpu_memory_errors".to_owned(), "h1".to_owned(), "gpu3".to_owned());
        assert_eq!(scene.opened(), [named]);
        assert!(scene.open()[0].sentence.contains("counts 2 ecc_uncorrectable more"), "{}", scene.open()[0].sentence);
        tell(&mut scene, 100, NEW);
        tell(&mut scene, 1, REMAP);
        assert_eq!(scene.opened().len(), 1, "the same trouble");
        tell(&mut scene, 890, REMAP);
        assert_eq!(scene.open().len(), 1, "fifteen minutes are not over");
        tell(&mut scene, 20, REMAP);
        assert!(scene.open().is_empty(), "{:?}", scene.incidents);
    }
}
