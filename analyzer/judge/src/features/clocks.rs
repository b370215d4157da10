//! How far the stamps of two ends may be apart, learned from what cannot be.
//!
//! Clocks, and the stamps of readings, belong to devices and not to cables. When one way of a cable shows that packets came
//! back, both ways get bounds four times as wide: a stamp that is wrong brings packets back one way and loses some the
//! other way. And what half of a device's cables need, all of them get. Example: a switch stamps its readings 20 ms late.
//! Its cables begin with 2 ms and are found too narrow one after the other, at 2, 8 and 32 ms; as soon as half of them have
//! 32 ms, all have.

use super::conservation::Conservation;
use super::sample::Sample;
use crate::fabric::{DeviceId, Topology};

/// Both ways of a cable.
pub type Ways = [Conservation; 2];

/// Takes in the readings of the two ends of a cable in a tick. `false`: their stamps are further apart than was thought.
pub fn update(ways: &mut Ways, tick: i64, a: &[Sample], b: &[Sample], bps: Option<i64>) -> bool {
    let [there, back] = ways;
    let hold = [there.update(tick, a, b, bps), back.update(tick, b, a, bps)] == [true; 2];
    if !hold {
        ways.iter_mut().for_each(Conservation::widen);
    }
    hold
}

/// One of this device's cables was found to need wider bounds: what half of them need, all get. A cable whose bounds do not
/// hold however wide they are tells nothing of clocks.
pub fn widen_device(topology: &Topology, device: DeviceId, cables: &mut [Ways]) {
    let own = || topology.devices[device].ports.iter().filter_map(|&port| topology.ports[port].cable);
    let sound = own().map(|cable| &cables[cable]).filter(|ways| !ways.iter().any(Conservation::is_at_odds));
    let mut clocks_us: Vec<u32> = sound.map(|ways| ways[0].clocks_us()).collect();
    clocks_us.sort_unstable_by(|a, b| b.cmp(a));
    let Some(&needed_us) = clocks_us.get(clocks_us.len().div_ceil(2).max(2) - 1) else { return };
    for cable in own() {
        cables[cable].iter_mut().filter(|way| way.clocks_us() < needed_us).for_each(|way| way.widen_to(needed_us));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::star;
    use nonmax::NonMaxI64;

    const MS: i64 = 1_000_000;

    fn sample(ts_ns: i64, tx: i64, rx: i64) -> Sample {
        Sample { ts_ns, tx_packets: NonMaxI64::new(tx), rx_packets: NonMaxI64::new(rx), ..Sample::default() }
    }

    #[test]
    fn ends_that_count_different_packets_are_said_to_be_at_odds_and_prove_nothing() {
        let mut ways = Ways::default();
        // The receiver counts a tenth more than was sent to it, and rests in every tick.
        let at = |tick: i64| sample(tick * 1000 * MS, tick * 1000, tick * 1100);
        for tick in 1..200 {
            let readings = [at(tick - 1), at(tick), Sample { ts_ns: (tick * 1000 + 900) * MS, ..at(tick) }];
            update(&mut ways, tick, &readings[..2], &readings, Some(8_000_000));
        }
        assert!(ways[0].is_at_odds() && !ways[0].is_proven(), "{ways:?}");
        ways[0].restart();
        assert!(ways[0].is_at_odds(), "new counts of the same two ends");
        assert!(!Conservation::default().is_at_odds());
    }

    #[test]
    fn stamps_that_lie_widen_the_bounds_until_they_hold() {
        let mut ways = Ways::default();
        // A thousand packets a second and no rest; what the receiver read 20 ms early or late is stamped as on time.
        let at = |tick: i64, off_ms: i64| Sample {
            rx_bytes: NonMaxI64::new((tick * 1000 + off_ms) * 1000),
            ..sample(tick * 1000 * MS, tick * 1000, tick * 1000 + off_ms)
        };
        for tick in 1..200 {
            let off = |tick: i64| [20, -20, 7, -13, 16, -3][tick as usize % 6];
            let readings = [at(tick - 1, off(tick - 1)), at(tick, off(tick))];
            update(&mut ways, tick, &readings, &readings, Some(8_000_000));
        }
        assert!(ways[0].is_proven() && ways[0].clocks_us() >= 10_000, "{}", ways[0].clocks_us());
        assert!(ways[0].at_most_lost() < 5.0, "{}", ways[0].at_most_lost());
    }

    #[test]
    fn what_half_of_a_devices_cables_need_all_of_them_get() {
        let topology = Topology::new(&star(4));
        let leaf = topology.find_device("leaf").unwrap();
        let mut cables = vec![Ways::default(); 4];
        let clocks_ms = |cables: &[Ways]| cables.iter().map(|ways| ways[1].clocks_us() / 1_000).collect::<Vec<_>>();
        for (cable, expected) in [(0, [8, 2, 2, 2]), (2, [8, 8, 8, 8]), (2, [8, 8, 32, 8])] {
            cables[cable].iter_mut().for_each(Conservation::widen);
            widen_device(&topology, leaf, &mut cables);
            assert_eq!(clocks_ms(&cables), expected);
        }
        for ways in &mut cables[..3] {
            while !ways.iter().all(Conservation::is_at_odds) {
                ways.iter_mut().for_each(Conservation::widen);
            }
        }
        widen_device(&topology, leaf, &mut cables);
        assert_eq!(clocks_ms(&cables), [1000, 1000, 1000, 8], "these are at odds, and tell nothing of clocks");
    }
}
