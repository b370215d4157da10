//! What holds for every kind, and how facts are written and read back.

use super::*;
use crate::fabric::Part;

fn fact(payload: Payload) -> Fact {
    let [host, leaf] = [PortRef::new("h1", "eth0"), PortRef::new("leaf0", "swp3")];
    Fact {
        ts_ns: 20,
        part: Part::cable(host.clone(), leaf),
        shown_at: Some(host),
        since_ns: 10,
        until_ns: Some(15),
        one_sided: true,
        strength: 0.75,
        job: Some("train".into()),
        payload,
    }
}

#[test]
fn every_kind_has_a_class_that_says_what_to_do() {
    for &kind in FactKind::ALL {
        let class = kind.class();
        assert!(!class.name.is_empty() && !class.action.is_empty(), "{}", kind.name());
        assert!(class.opens_after_ticks > 0 && class.resolves_after_ns > 0, "{}", kind.name());
        assert!((0.5..0.99).contains(&class.confidence), "{}", kind.name());
    }
}

#[test]
fn facts_are_read_back_from_their_lines() {
    for payload in Payload::one_of_each() {
        let fact = fact(payload);
        let line = serde_json::to_string(&fact.line()).unwrap();
        let read: FactLine = serde_json::from_str(&line).unwrap();
        assert_eq!(Fact::from(read), fact, "{line}");
        let keys: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&keys["kind"], &keys["device"]), (&fact.kind().name().into(), &"h1".into()));
        assert!(keys["evidence"]["counter"].is_string(), "{line}");
    }
}

#[test]
fn kinds_say_their_claim_and_their_verdict_in_words() {
    let at = PortRef::new("h1", "eth0");
    let check = |payload: Payload, is_over: bool, claim: &str, verdict: &str| {
        assert_eq!(payload.claim(is_over), claim);
        assert_eq!(payload.verdict(Some(&at), is_over), verdict);
    };
    check(LinkDown { was_up: true }.into(), false, "was up, down", "is down");
    check(LinkDown { was_up: true }.into(), true, "is up again, was down", "was down and is up again");
    check(
        DeviceDown { links: 30, of: 34 }.into(),
        false,
        "30 of its 34 links went down together, down",
        "went dark: 30 of its 34 links are down",
    );
    check(
        LinkFlap { downs: 10, longest_gap_ns: 0 }.into(),
        false,
        "went down 10 times in six hours, flapping",
        "flaps: it went down 10 times in six hours",
    );
    check(
        ConservationLoss { ratio: 0.02 }.into(),
        false,
        "2 % of the packets sent never reach the far end, and neither end counts them",
        "loses 2.00 % of the packets that leave h1 eth0, and neither end counts them",
    );
    check(
        LowServiceRate { bps: 5e10, planned_bps: 1e11 }.into(),
        false,
        "sends 50 Gbit/s while a queue stands, of 100 Gbit/s planned",
        "is slow: h1 eth0 serves a standing queue at 50 % of its planned rate",
    );
    let errors = |per: Unit, rate: f64, usual: f64| {
        let counter = "rx_crc_errors".to_owned();
        CountedErrors { counter, per, rate, usual, errors: 38_000.0, nats: 24.0 }
    };
    check(
        errors(Unit::Packet, 0.015, 7.4e-8).into(),
        false,
        "counts 38 k rx_crc_errors, 1.5 % of its packets, where 0.0000074 % of its packets may be",
        "damages what it carries: h1 eth0 counts rx_crc_errors, 1.5 % of its packets",
    );
    check(
        errors(Unit::Second, 120.0, 0.1).into(),
        true,
        "counts 38 k rx_crc_errors, 120 a second, where 0.1 a second may be",
        "damages what it carries: h1 eth0 counted rx_crc_errors, 120 a second",
    );
    let pauses = |in_unit: PauseUnit, rate: f64| {
        let counter = "tx_pause_us".to_owned();
        PauseSurge { counter, in_unit, rate, usual: 0.0, nats: 24.0 }
    };
    check(
        pauses(PauseUnit::OfTheTime, 0.33).into(),
        false,
        "pauses its switch 33 % of the time, 0 % of the time at most before",
        "receives too slowly: it pauses its switch 33 % of the time",
    );
    check(
        pauses(PauseUnit::FramesASecond, 36e3).into(),
        true,
        "paused its switch by 36 k frames a second, by 0 frames a second at most before",
        "received too slowly: it paused its switch by 36 k frames a second",
    );
    check(
        Incast::sample().into(),
        false,
        "receives 60 Gbit/s more from x0, x1 and x2, of 94 Gbit/s in all",
        "is flooded: x0, x1 and x2, outside the job, send 63.8 % of what h1 receives",
    );
    check(
        NoisyNeighbour::sample().into(),
        true,
        "of 76 Gbit/s that pass the queue, 43 Gbit/s are one host's outside the job, and new",
        "of job other sent 43 Gbit/s more through h1 eth0, where the job waited",
    );
    check(
        EcmpImbalance::sample().into(),
        false,
        "sends 45 % of what the 8 equal links send, 12.5 % before",
        "carries 45 % of what the 8 equal links of h1 send, 12.5 % before",
    );
    check(
        LateOnset { lateness_s: 0.154, iteration_s: 2.0, resolution_s: 0.1 }.into(),
        false,
        "begins to send 154 ms later than its peers in every 2 s",
        "begins to send 154 ms later than its peers every iteration",
    );
}

#[test]
fn of_idle_gpus_and_waiting_tasks_the_worse_is_the_larger_amount() {
    let tasks = |share: f64| HostStalls { of: Stalled::Tasks { counter: "io_pressure_us".into() }, share, usual: 0.1 };
    let gpus =
        |share: f64| HostStalls { of: Stalled::Gpus { counter: "utilization_percent".into() }, share, usual: 0.1 };
    assert!(tasks(0.6).amount() > tasks(0.3).amount() && gpus(0.6).amount() > gpus(0.3).amount());
    assert_eq!(gpus(0.6).claim(false), "its GPUs are 40 % busy, its peers' 90 %");
    assert_eq!(tasks(0.6).claim(false), "its tasks wait for a disk 60 % of the time, its peers' 10 %");
    let evidence = gpus(0.6).evidence();
    assert!((evidence.value - 40.0).abs() < 1e-9 && (evidence.reference - 90.0).abs() < 1e-9, "{evidence:?}");
}

#[test]
fn a_flap_is_watched_for_three_of_its_gaps_within_bounds() {
    const S: i64 = 1_000_000_000;
    for (gap_s, watched_s) in [(0, 30), (5, 30), (120, 360), (18_000, 900)] {
        let flap = LinkFlap { downs: 2, longest_gap_ns: gap_s * S };
        assert_eq!(flap.resolves_after_ns(), watched_s * S, "{gap_s}");
    }
}

#[test]
fn lateness_is_alike_within_the_sampling_or_a_tenth() {
    let late = |lateness_s: f64, resolution_s: f64| LateOnset { lateness_s, iteration_s: 2.0, resolution_s };
    for (one, other, resolution, expected) in
        [(0.3, 0.32, 0.01, true), (0.3, 0.4, 0.01, false), (0.3, 0.39, 0.1, true), (1.0, 1.09, 0.01, true)]
    {
        assert_eq!(late(one, resolution).is_like(&late(other, resolution)), expected, "{one} {other}");
    }
}
