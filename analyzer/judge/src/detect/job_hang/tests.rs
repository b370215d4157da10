//! How long a job must stand still, and who is few enough to hang.

use super::*;
use weft_wire::plan::Plan;

#[test]
fn three_iterations_are_enough_unless_little_is_known_or_the_fabric_is_large_or_it_stood_for_longer() {
    let mut features = Features::new(&Plan { jobs: crate::testkit::star(4).jobs, ..Plan::default() }, 1_000_000_000);
    let mut check = |nodes: usize, past: usize, longest_s: f64, iterations: f64| {
        features.nodes = nodes;
        let stand = Stand { iteration_s: 2.0, past, longest_s, ..Stand::default() };
        let least = least_s(&features, 0, &stand) / 2.0;
        assert!((least - iterations).abs() < 0.01, "{nodes} {past} {longest_s}: {least}");
    };
    check(64, 256, 0.0, 3.0);
    check(64, 24, 0.0, 11.475 / 26_f64.ln());
    check(12_500, 40, 0.0, 16.749 / 42_f64.ln());
    check(64, 256, 20.0, 20.0);
    check(64, 256, 4_000.0, WATCHDOG_S / 2.0);
}

#[test]
fn one_in_ten_hosts_may_hang_and_one_always() {
    let few = |begun: usize, not_begun: usize, untold: usize| {
        let stand = Stand { begun: (0..begun).collect(), not_begun: (0..not_begun).collect(), untold, ..Stand::default() };
        stand.few().len()
    };
    assert_eq!([few(3, 1, 0), few(2, 2, 0), few(18, 2, 0), few(17, 3, 0), few(17, 2, 1), few(8, 0, 0)], [1, 0, 2, 0, 2, 0]);
}
