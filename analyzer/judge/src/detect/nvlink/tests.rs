use crate::fabric::LinkEvent;
use crate::testkit::{Extra, PortCounters, Scene, event, iteration, star};

type Told = &'static [(&'static str, f64)];
const UP: Told = &[("link_up", 1.0), ("crc_errors", 0.0)];
const DOWN: Told = &[("link_up", 0.0), ("crc_errors", 0.0)];

/// A second in which these links of h1 tell this.
fn second(scene: &mut Scene, links: &[(&'static str, Told)], events: Vec<LinkEvent>) {
    let told: Vec<PortCounters> = links.iter().map(|(link, told)| ("h1", *link, *told)).collect();
    scene.second(|_, at| iteration(at, 1_070_000_000, 0), Extra { told, events, ..Extra::default() });
}

/// Class, port, and the ports of further candidates of each open incident.
fn open(scene: &Scene) -> Vec<(String, String, Vec<String>)> {
    let of = |incident: &crate::incident::Incident| {
        let mut ports = incident.culprits.iter().map(|culprit| culprit.port.clone());
        (incident.class.clone(), ports.next().unwrap_or_default(), ports.collect())
    };
    scene.open().into_iter().map(of).collect()
}

#[test]
fn links_that_go_down_together_are_one_trouble() {
    const ALL: [&str; 6] = ["gpu3/link6", "gpu3/link7", "gpu3/link8", "gpu5/link2", "gpu6/link0", "gpu6/link1"];
    for (down, expected) in [
        (&ALL[1..2], Some(("gpu3/link7", vec![]))),
        (&ALL[..2], Some(("gpu3", vec![]))),
        (&ALL[2..4], Some(("gpu3/link8", vec!["gpu5/link2".to_owned()]))),
        (&ALL[..], Some(("", vec![]))),
        (&[], None),
    ] {
        let mut scene = Scene::new(star(3));
        let all = |up: Told| ALL.map(|link| (link, up));
        (0..3).for_each(|_| second(&mut scene, &all(UP), Vec::new()));
        let now = ALL.map(|link| (link, if down.contains(&link) { DOWN } else { UP }));
        second(&mut scene, &now, Vec::new());
        let expected: Vec<_> =
            expected.iter().map(|(port, others)| ("nvlink_down".to_owned(), (*port).to_owned(), others.clone())).collect();
        assert_eq!(open(&scene), expected, "{down:?}");
        (0..31).for_each(|_| second(&mut scene, &all(UP), Vec::new()));
        assert!(scene.open().is_empty(), "{down:?}: they are up again");
    }
}

#[test]
fn a_link_that_was_never_up_is_not_down_and_silence_ends_nothing() {
    let mut scene = Scene::new(star(3));
    (0..5).for_each(|_| second(&mut scene, &[("gpu3/link7", DOWN)], Vec::new()));
    assert!(scene.opened().is_empty(), "{:?}", scene.incidents);
    second(&mut scene, &[("gpu3/link7", UP)], Vec::new());
    second(&mut scene, &[("gpu3/link7", DOWN)], Vec::new());
    (0..60).for_each(|_| second(&mut scene, &[], Vec::new()));
    assert_eq!(scene.open().len(), 1);
}

#[test]
fn a_gpu_that_is_lost_takes_its_links_with_it() {
    let mut scene = Scene::new(star(3));
    (0..3).for_each(|_| second(&mut scene, &[("gpu3/link7", UP), ("gpu5/link2", UP)], Vec::new()));
    let xid = LinkEvent { text: "Xid 79".into(), ..event(scene.now_ns() + 1, "h1", "gpu3", "xid") };
    second(&mut scene, &[("gpu3/link7", DOWN), ("gpu5/link2", UP)], vec![xid]);
    (0..3).for_each(|_| second(&mut scene, &[("gpu3/link7", DOWN), ("gpu5/link2", UP)], Vec::new()));
    assert_eq!(open(&scene), [("gpu_lost".to_owned(), "gpu3".to_owned(), vec![])]);
}

/// Seconds in which a counter of a link rises by so much each.
fn count(scene: &mut Scene, seconds: usize, rise: impl Fn(usize) -> f64) {
    let mut total = 40.0;
    for at in 0..seconds {
        total += rise(at);
        let told: Told = Box::leak(Box::new([("link_up", 1.0), ("replays", total)]));
        second(scene, &[("gpu3/link7", told), ("gpu5/link2", UP), ("gpu6/link2", UP)], Vec::new());
    }
}

#[test]
fn errors_are_named_that_are_many_or_last() {
    for (story, rise, expected) in [
        ("none", (|_| 0.0) as fn(usize) -> f64, None),
        ("one burst", |at| if at == 30 { 90_000.0 } else { 0.0 }, None),
        ("two seconds of many", |at| if (30..32).contains(&at) { 400.0 } else { 0.0 }, None),
        ("three seconds of many", |at| if (30..33).contains(&at) { 150.0 } else { 0.0 }, Some(32)),
        ("few, and they last", |at| if at >= 30 { 20.0 } else { 0.0 }, Some(45)),
        ("as many as a sound link may have", |at| f64::from(u8::from(at % 2 == 0)), None),
    ] {
        let mut scene = Scene::new(star(3));
        count(&mut scene, 100, rise);
        let named: Vec<_> =
            scene.incidents.values().map(|i| (i.class.as_str(), i.culprits[0].port.as_str())).collect();
        let opened = scene.incidents.values().filter_map(|i| i.opened_ns).next();
        assert_eq!(named, expected.map(|_| ("nvlink_errors", "gpu3/link7")).into_iter().collect::<Vec<_>>(), "{story}");
        if let Some(latest) = expected {
            let at = opened.expect("open") / crate::testkit::SECOND - 1_001;
            assert!(at <= latest, "{story}: named in second {at}");
        }
    }
}
