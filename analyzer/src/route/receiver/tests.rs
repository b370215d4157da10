//! What one receiver is told, and what it is spared.

mod frozen;
mod refusals;
mod rig;

use super::super::log::MemoryLog;
use super::super::silence::SilenceConfig;
use crate::notify::{Batch, SendError};
use rig::{Rig, passing};
use std::sync::Arc;
use weft_judge::sample::{Changed, open};

/// Longer than a round of repeats, by little.
const LATER_S: f64 = 61.0;

fn well(_: f64, _: &Batch) -> Result<(), SendError> {
    Ok(())
}

fn mute(_: f64, _: &Batch) -> Result<(), SendError> {
    Err(passing("no answer"))
}

fn alertmanager() -> Rig {
    Rig::start_with("alertmanager", Arc::new(MemoryLog::default()), Vec::new(), well)
}

fn silence() -> Vec<SilenceConfig> {
    vec![SilenceConfig { device: Some("leaf-1".into()), ..SilenceConfig::default() }]
}

#[tokio::test]
async fn what_is_silenced_after_it_was_told_is_not_repeated_and_its_end_is_told() {
    let mut rig = alertmanager();
    rig.tell(open("1")).await;
    let (log, _) = rig.stop().await;
    let mut rig = Rig::start_with("alertmanager", log, silence(), well);
    rig.tell(open("1")).await;
    rig.tell(open("2")).await;
    rig.offer_known(&["1", "2"]);
    rig.pass(LATER_S).await;
    assert_eq!(rig.heard(), [[""; 0]; 0]);
    rig.tell(open("1").resolved(30)).await;
    rig.tell(open("2").resolved(30)).await;
    rig.pass(LATER_S).await;
    assert_eq!(rig.heard(), [["!1"]]);
}

#[tokio::test]
async fn what_nobody_knows_any_more_ends_at_the_start() {
    let mut rig = alertmanager();
    for id in ["1", "2", "3"] {
        rig.tell(open(id)).await;
    }
    let mut rig = Rig::start_with("alertmanager", rig.kill(), Vec::new(), well);
    rig.pass(LATER_S).await;
    assert_eq!(rig.heard(), [[""; 0]; 0], "before anyone spoke of them");
    rig.tell(open("3")).await;
    rig.offer_known(&["2"]);
    rig.pass(0.001).await;
    assert_eq!(rig.heard(), [["!1"]], "3 is of this run");
    rig.pass(LATER_S).await;
    assert_eq!(rig.heard(), [["2", "3"]]);
}

#[tokio::test]
async fn the_end_is_told_of_what_may_have_been_heard() {
    let mut rig = alertmanager();
    rig.answer(mute);
    rig.tell(open("1")).await;
    rig.tell(open("2")).await;
    rig.answer(well);
    rig.offer(open("1").resolved(30));
    rig.pass(2.0).await;
    assert_eq!(rig.heard(), [vec!["1"], vec!["2", "!1"]]);
    rig.answer(mute);
    rig.tell(open("3")).await;
    assert_eq!(rig.heard(), [["3"]]);
    // Also after an abrupt end, and what was not answered is still news.
    let mut rig = Rig::start_with("alertmanager", rig.kill(), Vec::new(), well);
    rig.tell(open("3")).await;
    rig.tell(open("3")).await;
    assert_eq!(rig.heard(), [["3"]]);
    rig.tell(open("3").resolved(30)).await;
    rig.tell(open("4").resolved(30)).await;
    assert_eq!(rig.heard(), [["!3"]], "4 was never told of");
}

/// Labels are an alert's identity: both names of the incident may be on.
#[tokio::test]
async fn a_name_that_may_have_been_heard_ends_with_the_other() {
    let mut rig = alertmanager();
    rig.tell(open("1")).await;
    rig.answer(mute);
    rig.tell(open("1").into_class("link_flap", 20)).await;
    rig.answer(well);
    rig.offer(open("1").into_class("link_flap", 20).resolved(30));
    rig.pass(2.0).await;
    let replaced =
        |request: &rig::Request| request.batch.replaced.iter().map(|alert| alert.name().to_owned()).collect();
    let replaced: Vec<Vec<String>> = rig.requests().iter().map(replaced).collect();
    assert_eq!(replaced, [vec![], vec!["WeftLinkDown"], vec!["WeftLinkDown"]]);
}

#[tokio::test]
async fn what_waits_or_is_repeated_goes_in_requests_of_a_bounded_size() {
    let mut rig = alertmanager();
    rig.answer(mute);
    for n in 0..150 {
        rig.offer(open(&format!("{n:03}")));
    }
    // At most five tries: the sixth, which lets other deliveries go first, comes 15.5 s after the first at the earliest.
    rig.pass(15.0).await;
    let sizes = |rig: &Rig| rig.heard().iter().map(Vec::len).collect::<Vec<_>>();
    assert!(sizes(&rig).iter().all(|size| *size == 64), "who does not answer is asked for one delivery at a time");
    rig.answer(well);
    rig.pass(31.0).await;
    assert_eq!(sizes(&rig), [64, 64, 22]);
    rig.pass(60.0).await;
    assert_eq!(sizes(&rig), [64, 64, 22]);
}
