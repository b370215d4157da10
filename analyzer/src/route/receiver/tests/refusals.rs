//! A receiver that refuses: it is left alone as it asks, asked seldom, and told in the end.

use super::super::super::log::MemoryLog;
use super::rig::{Request, Rig, of_the_body, passing, resting, tells_of};
use super::{mute, well};
use std::collections::BTreeSet;
use std::sync::Arc;
use weft_judge::sample::{Changed, open};

fn deliveries(requests: &[Request]) -> BTreeSet<&str> {
    requests.iter().map(|request| request.batch.delivery.as_str()).collect()
}

fn taken(requests: &[Request]) -> Vec<Vec<String>> {
    requests.iter().filter(|request| request.taken).map(Request::ids).collect()
}

/// The most requests that lie within any half minute.
fn busiest_half_minute(requests: &[Request]) -> usize {
    let within = |from: f64| requests.iter().filter(|r| (from..from + 30.0).contains(&r.at_s)).count();
    requests.iter().map(|request| within(request.at_s)).max().unwrap_or(0)
}

#[tokio::test]
async fn no_request_before_the_time_it_asks_for_has_passed() {
    for (rest_s, refusals) in [(12, 2), (1, 1), (40, 3), (3600, 1)] {
        let until = (rest_s * refusals) as f64;
        let mut rig = Rig::start(move |at_s, _| if at_s < until { Err(resting(rest_s)) } else { Ok(()) });
        rig.tell(open("1")).await;
        // What comes meanwhile waits like the rest.
        rig.offer(open("2").into_class("link_flap", 20));
        rig.pass(until + 60.0).await;
        let requests = rig.requests();
        let gaps: Vec<f64> = requests.windows(2).map(|pair| pair[1].at_s - pair[0].at_s).collect();
        assert!(gaps[..refusals as usize].iter().all(|gap| *gap >= rest_s as f64), "{rest_s}: {gaps:?}");
        assert_eq!(deliveries(&requests[..=refusals as usize]).len(), 1, "{rest_s}: each try is of one delivery");
        assert_eq!(taken(&requests), [["1"], ["2"]], "{rest_s}");
        assert_eq!(requests.len(), refusals as usize + 2, "{rest_s}");
    }
}

#[tokio::test]
async fn its_rest_outlasts_a_restart() {
    let mut rig = Rig::start(|_, _| Err(resting(60)));
    rig.tell(open("1")).await;
    let (log, pager) = rig.stop().await;
    assert_eq!(pager.requests().len(), 1, "not even a farewell");
    let mut rig = Rig::start_with("webhook", log, Vec::new(), well);
    rig.tell(open("1")).await;
    rig.pass(55.0).await;
    assert_eq!(rig.requests().len(), 0);
    rig.pass(10.0).await;
    assert_eq!(deliveries(&rig.requests()), deliveries(&pager.requests()), "the same delivery after the restart");
}

/// Whatever it answers in the meantime: 404, 401, 403, 410, no answer at all.
#[tokio::test]
async fn a_refusal_silences_nothing_for_good_and_hammers_nobody() {
    for away_s in [0.2, 15.0, 30.0, 95.0, 600.0, 7200.0] {
        for kind in ["webhook", "alertmanager"] {
            let mut rig = Rig::start_with(kind, Arc::new(MemoryLog::default()), Vec::new(), move |at_s, _| {
                if at_s < away_s { Err(passing("answered 404")) } else { Ok(()) }
            });
            rig.tell(open("1")).await;
            rig.offer(open("2").into_class("link_flap", 20));
            rig.pass(away_s + 31.0).await;
            let requests = rig.requests();
            let told_s = requests.iter().find(|request| request.taken).map(|request| request.at_s - away_s);
            assert!(told_s.is_some_and(|s| s <= 30.0), "{kind:?}, away for {away_s} s: told after {told_s:?} s");
            let told: BTreeSet<String> = taken(&requests).concat().into_iter().collect();
            assert_eq!(told, ["1", "2"].map(str::to_owned).into(), "{away_s}");
            let refused: Vec<Request> = requests.into_iter().filter(|request| !request.taken).collect();
            assert!(busiest_half_minute(&refused) <= 6, "{kind:?}, away for {away_s} s");
            let firsts: Vec<Request> = refused.into_iter().filter(|request| tells_of(&request.batch, "1")).collect();
            assert_eq!(deliveries(&firsts).len(), 1);
        }
    }
}

#[tokio::test]
async fn what_came_and_went_while_it_was_away_is_told_as_over_once() {
    let mut rig = Rig::start(|at_s, _| if at_s < 60.0 { Err(passing("answered 503")) } else { Ok(()) });
    rig.tell(open("tried")).await;
    rig.pass(1.9).await;
    rig.offer(open("untried").into_class("link_flap", 20));
    rig.pass(0.01).await;
    rig.offer(open("untried").into_class("link_flap", 20).resolved(40));
    rig.offer(open("tried").resolved(40));
    rig.pass(200.0).await;
    let told: BTreeSet<String> = taken(&rig.requests()).concat().into_iter().collect();
    assert_eq!((taken(&rig.requests()).concat().len(), told), (2, ["!tried", "!untried"].map(str::to_owned).into()));
}

/// 400, 413, 422: that body is given up, nothing else is, and what becomes of its incident is told.
#[tokio::test]
async fn a_body_that_is_never_taken_is_given_up_alone() {
    let mut rig = Rig::start(|_, batch| {
        let is_poison = tells_of(batch, "3") && batch.alerts.iter().any(|alert| alert.ends_ns.is_none());
        if is_poison { Err(of_the_body()) } else { Ok(()) }
    });
    (0..8).for_each(|n| rig.offer(open(&n.to_string())));
    rig.pass(60.0).await;
    let requests = rig.requests();
    let mut heard = taken(&requests).concat();
    heard.sort();
    assert_eq!(heard, ["0", "1", "2", "4", "5", "6", "7"]);
    assert_eq!(deliveries(&requests).len(), requests.len(), "each half is a delivery of its own");
    let before = requests.len();
    rig.tell(open("3")).await;
    rig.pass(300.0).await;
    assert_eq!(rig.requests().len(), before, "not tried again as it is");
    // Nor after a restart; but its end is.
    let (log, _) = rig.stop().await;
    let mut rig = Rig::start_with("webhook", log, Vec::new(), well);
    rig.tell(open("3")).await;
    rig.tell(open("3").resolved(60)).await;
    assert_eq!(rig.heard(), [["!3"]]);
}

#[tokio::test]
async fn a_later_name_of_what_was_given_up_is_tried() {
    let mut rig =
        Rig::start(|_, batch| if batch.alerts[0].name() == "WeftLinkDown" { Err(of_the_body()) } else { Ok(()) });
    rig.tell(open("1")).await;
    rig.pass(2.0).await;
    rig.tell(open("1").into_class("link_flap", 20)).await;
    let requests = rig.requests();
    assert_eq!(taken(&requests), [["1"]]);
    assert!(requests[1].batch.replaced.is_empty(), "the first name was never on");
}

/// It may be one delivery that always fails, also with a 500: the others are not held up by it.
#[tokio::test]
async fn what_is_refused_again_and_again_holds_up_no_other() {
    let mut rig = Rig::start(|_, batch| if tells_of(batch, "1") { Err(passing("answered 500")) } else { Ok(()) });
    rig.tell(open("1")).await;
    rig.pass(60.0).await;
    for n in 2..20 {
        rig.offer(open(&n.to_string()));
        rig.pass(31.0).await;
        assert_eq!(taken(&rig.requests()).last(), Some(&vec![n.to_string()]), "within half a minute");
    }
    let refused: Vec<Request> = rig.requests().into_iter().filter(|request| !request.taken).collect();
    assert!(busiest_half_minute(&refused) <= 8);
    rig.answer(well);
    rig.pass(31.0).await;
    assert_eq!(taken(&rig.requests()).last(), Some(&vec!["1".to_owned()]));
}

/// A notifier that panics on one alert fails for that alert alone.
#[tokio::test]
async fn a_panic_takes_nothing_else_with_it() {
    let mut rig = Rig::start(|_, batch| {
        assert!(!tells_of(batch, "2"), "a fault of ours");
        Ok(())
    });
    (0..4).for_each(|n| rig.offer(open(&n.to_string())));
    rig.pass(30.0).await;
    let mut heard = taken(&rig.requests()).concat();
    heard.sort();
    assert_eq!(heard, ["0", "1", "3"]);
    rig.tell(open("5")).await;
    assert_eq!(taken(&rig.requests()).last(), Some(&vec!["5".to_owned()]));
}

/// The farewell tries what was refused once more, and what it refuses then is told after the next start.
#[tokio::test]
async fn a_restart_forgets_nothing_that_was_refused() {
    let mut rig = Rig::start(mute);
    rig.tell(open("1")).await;
    let (log, pager) = rig.stop().await;
    assert_eq!(pager.requests().len(), 2);
    let mut rig = Rig::start_with("webhook", log, Vec::new(), well);
    rig.tell(open("1")).await;
    rig.pass(100.0).await;
    assert_eq!(taken(&rig.requests()), [["1"]]);
    assert_eq!(deliveries(&rig.requests()), deliveries(&pager.requests()));
}
