//! The whole table of transitions of a case, and what holds on every way through it.

use super::*;
use crate::kinds::{ConservationLoss, LinkDown, LinkFlap, LowServiceRate, Payload};
use proptest::prelude::*;

const S: i64 = 1_000_000_000;

fn fact(payload: impl Into<Payload>, since_s: i64, end: Option<&str>) -> Fact {
    let [host, leaf] = [PortRef::new("h1", "eth0"), PortRef::new("leaf0", "swp3")];
    Fact {
        ts_ns: since_s * S,
        part: Part::cable(host, leaf),
        shown_at: end.map(|device| PortRef::new(device, if device == "h1" { "eth0" } else { "swp3" })),
        since_ns: since_s * S,
        until_ns: None,
        one_sided: end.is_some(),
        strength: 1.0,
        job: None,
        payload: payload.into(),
    }
}

fn slow() -> Payload {
    LowServiceRate { bps: 5e10, planned_bps: 1e11 }.into()
}

fn down() -> Payload {
    LinkDown { was_up: true }.into()
}

/// What one tick says.
#[derive(Clone, Debug)]
enum Say {
    Fact(Payload),
    /// The same, while the device may be going down as a whole.
    Held(Payload),
    Absent,
    Over,
    Nothing,
}
use Say::{Absent, Held, Nothing, Over};

fn update(say: Say, second: i64) -> Update {
    match say {
        Say::Fact(payload) => Update { facts: vec![fact(payload, second, None)], ..Update::default() },
        Held(payload) => Update { facts: vec![fact(payload, second, None)], is_held: true, ..Update::default() },
        Absent => Update { is_absent: true, ..Update::default() },
        Over => Update { is_absent: true, over: Some("h1 eth0 was set down".into()), ..Update::default() },
        Nothing => Update::default(),
    }
}

/// A case through these ticks, each at its second.
fn through(says: &[(i64, Say)]) -> Case {
    let payload = says.iter().find_map(|(_, say)| match say {
        Say::Fact(payload) | Held(payload) => Some(payload.clone()),
        _ => None,
    });
    let mut case = Case::new(&fact(payload.unwrap(), says[0].0, None));
    for (second, say) in says {
        if case.state != State::Resolved {
            case.step(update(say.clone(), *second), second * S);
        }
    }
    case
}

/// A story, what is said in it second by second, the state after it, and whether the incident ever opened.
type Row = (&'static str, Vec<(i64, Say)>, State, bool);

#[test]
fn the_table_of_transitions() {
    use State::{Open, Resolved, Suspected};
    let slow = || Say::Fact(slow());
    let down = || Say::Fact(down());
    let table: Vec<Row> = vec![
        ("one tick of two", vec![(1, slow())], Suspected, false),
        ("two ticks of two", vec![(1, slow()), (2, slow())], Open, true),
        ("one tick is enough for a link that is down", vec![(1, down())], Open, true),
        ("a tick that says nothing moves nothing", vec![(1, slow()), (2, Nothing), (3, slow())], Open, true),
        ("nothing for long moves nothing", vec![(1, down()), (1000, Nothing)], Open, true),
        ("suspected and absent is forgotten", vec![(1, slow()), (2, Absent)], Resolved, false),
        ("held", vec![(1, Held(self::down())), (2, Held(self::down()))], Suspected, false),
        ("held and then alone", vec![(1, Held(self::down())), (2, down())], Open, true),
        ("absent for too short", vec![(1, down()), (2, Absent), (31, Absent)], Open, true),
        ("absent for long enough", vec![(1, down()), (2, Absent), (32, Absent)], Resolved, true),
        (
            "absence is counted anew",
            vec![(1, down()), (2, Absent), (31, down()), (33, Absent), (62, Absent)],
            Open,
            true,
        ),
        ("somebody's doing ends it at once", vec![(1, down()), (2, Over)], Resolved, true),
        ("somebody's doing before it opened", vec![(1, slow()), (2, Over)], Resolved, false),
    ];
    for (name, says, state, opened) in table {
        let case = through(&says);
        assert_eq!((case.state, case.opened_ns.is_some()), (state, opened), "{name}: {case:#?}");
        assert_eq!(case.resolved_ns.is_some(), state == Resolved && opened, "{name}");
    }
}

#[test]
fn evidence_of_a_higher_rank_renames_what_is_suspected_and_only_the_surest_what_is_open() {
    let check = |says: &[Payload], name: &str| {
        let says: Vec<(i64, Say)> =
            says.iter().zip(1..).map(|(payload, at)| (at, Say::Fact(payload.clone()))).collect();
        assert_eq!(through(&says).class().name, name, "{says:?}");
    };
    let loss = || Payload::from(ConservationLoss { ratio: 0.02 });
    check(&[slow(), loss()], "silent_drop");
    check(&[loss(), slow()], "silent_drop");
    check(&[slow(), slow(), loss()], "slow_link");
    check(&[slow(), slow(), down()], "link_down");
    check(&[down(), LinkFlap { downs: 2, longest_gap_ns: 0 }.into()], "link_flap");
}

#[test]
fn the_end_that_is_accused_is_fixed_when_the_incident_opens() {
    let mut case = Case::new(&fact(slow(), 1, Some("h1")));
    let tick = |end: &str| Update { facts: vec![fact(slow(), 1, Some(end))], ..Update::default() };
    case.step(tick("leaf0"), S);
    assert_eq!(case.end.as_ref().map(|end| end.device.as_str()), Some("leaf0"));
    case.step(tick("h1"), 2 * S);
    case.step(tick("leaf0"), 3 * S);
    assert_eq!(case.end.as_ref().map(|end| end.device.as_str()), Some("h1"));
}

fn any_say() -> impl Strategy<Value = Say> {
    prop_oneof![
        Just(Say::Fact(slow())),
        Just(Say::Fact(down())),
        Just(Held(down())),
        Just(Absent),
        Just(Over),
        Just(Nothing),
    ]
}

proptest! {
    /// On every way: times of transitions rise, an incident opens before it is resolved, and what has been written down of
    /// it is never taken back.
    #[test]
    fn a_history_only_grows(says in prop::collection::vec((1_i64..40, any_say()), 1..30)) {
        let mut case = Case::new(&fact(slow(), 0, None));
        let (mut second, mut written) = (0, Vec::new());
        for (wait, say) in says {
            second += wait;
            if case.state == State::Resolved {
                break;
            }
            case.step(update(say, second), second * S);
            prop_assert!(case.transitions.starts_with(&written));
            written.clone_from(&case.transitions);
            prop_assert!(written.is_sorted_by_key(|transition| transition.ts_ns));
            prop_assert!(case.resolved_ns.is_none() || case.opened_ns.is_some());
            prop_assert_eq!(case.opened_ns.is_some(), written.iter().any(|t| t.state == State::Open));
        }
    }
}
