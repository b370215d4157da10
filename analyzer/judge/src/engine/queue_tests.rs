//! Links whose queues stand for longer than they are busy, one or several of one switch at a time.

use crate::testkit::{Extra, Interval, Scene, iteration, star};

const PERIOD: i64 = 1_070_000_000;

/// The links that are accused of being slow where these of eight hosts serve half of their rate from second 20 on.
fn accused(slow: &[&str]) -> Vec<String> {
    let mut scene = Scene::new(star(8));
    for second in 0..32 {
        let traffic = |host: &str, at: i64| match slow.contains(&host) && second >= 20 {
            true => Interval { sent: 625_000.0, queue_bytes: 1e6, ..Interval::default() },
            false => iteration(at, PERIOD, 0),
        };
        scene.second(traffic, Extra::default());
    }
    let opened = scene.opened().into_iter().filter(|(class, ..)| class == "slow_link");
    let mut accused: Vec<String> = opened.map(|(_, device, _)| device).collect();
    accused.sort();
    accused
}

#[test]
fn more_than_two_links_of_a_switch_that_seem_slow_together_have_a_common_cause() {
    for (slow, expected) in [(&["h3"][..], &["h3"][..]), (&["h3", "h5"], &["h3", "h5"]), (&["h1", "h3", "h5"], &[])] {
        assert_eq!(accused(slow), expected, "{slow:?}");
    }
}
