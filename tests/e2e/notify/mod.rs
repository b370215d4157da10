//! Incidents in, requests out, against servers that answer as pagers do.

mod docs;
mod neighbours;
mod rig;

use rig::{Rig, alertmanager, webhook};
use serde_json::json;
use std::sync::Arc;
use weft_analyzer::notify::NotifyConfig;
use weft_analyzer::route::{DeliveryLog, MemoryLog, RedbLog, SilenceConfig};
use weft_judge::incident::{Kind, State};
use weft_judge::sample::{Changed, open};
use weft_settings::Secret;

/// Of the same name in the delivery log as the other one.
fn alertmanager_as_webhook(server: &str) -> NotifyConfig {
    NotifyConfig { name: "webhook".into(), ..alertmanager(server) }
}

/// Byte for byte what Alertmanager's own webhook would send, but for the alert's own words.
#[tokio::test]
async fn the_webhook_is_alertmanagers_version_4() {
    let rig = Rig::start(|config| config.secret = Some(Secret::new("s3cret"))).await;
    rig.offer(open("00aa"));
    let request = rig.request(0).await;
    let expected = concat!(
        r#"{"receiver":"webhook","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"WeftLinkDown","#,
        r#""class":"link_down","device":"leaf-1","family":"link","incident":"00aa","job":"train","peer":"spine-2:eth1","#,
        r#""port":"eth3","severity":"critical"},"#,
        r#""annotations":{"action":"reseat or replace the cable","confidence":"0.97","jobs":"train","lost_step_time":"0.125","#,
        r#""summary":"the link leaf-1 eth3 \u003c-\u003e spine-2 eth1 is down \u0026 costs job train 12.5 % of its step time","#,
        r#""url":"http://weft.test/incidents/00aa"},"startsAt":"2023-11-14T22:13:20Z","endsAt":"0001-01-01T00:00:00Z","#,
        r#""generatorURL":"http://weft.test/incidents/00aa","fingerprint":"FINGERPRINT"}],"groupLabels":{"alertname":"WeftLinkDown"},"#,
        r#""commonLabels":{"alertname":"WeftLinkDown","class":"link_down","device":"leaf-1","family":"link","incident":"00aa","#,
        r#""job":"train","peer":"spine-2:eth1","port":"eth3","severity":"critical"},"commonAnnotations":{"action":"reseat or replace the cable","confidence":"0.97","#,
        r#""jobs":"train","lost_step_time":"0.125","#,
        r#""summary":"the link leaf-1 eth3 \u003c-\u003e spine-2 eth1 is down \u0026 costs job train 12.5 % of its step time","#,
        r#""url":"http://weft.test/incidents/00aa"},"externalURL":"http://weft.test","version":"4","#,
        r#""groupKey":"{}:{alertname=\"WeftLinkDown\"}","truncatedAlerts":0}"#,
        "\n"
    );
    let fingerprint = request.json()["alerts"][0]["fingerprint"].as_str().map(str::to_owned).unwrap_or_default();
    assert_eq!(fingerprint.len(), 16, "{fingerprint:?}");
    assert_eq!(request.body.replace(&fingerprint, "FINGERPRINT"), expected);
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.header("weft-delivery").len(), 32);
    assert!(request.header("weft-signature").starts_with("sha256="));
    rig.stop().await;
}

#[tokio::test]
async fn an_incident_is_told_once_and_its_end_once() {
    let rig = Rig::start(|_| {}).await;
    rig.offer(open("1"));
    rig.request(0).await;
    // Numbers move, nothing that rings.
    let mut grown = open("1");
    grown.confidence = 0.99;
    grown.sentence = "longer".into();
    rig.offer(grown);
    rig.offer(open("1").resolved(30));
    let end = rig.request(1).await.json();
    assert_eq!(end["status"], "resolved");
    assert_eq!(end["alerts"][0]["endsAt"], "2023-11-14T22:13:50Z");
    rig.offer(open("1").resolved(30));
    rig.offer(open("2"));
    assert_eq!(rig.request(2).await.json()["alerts"][0]["labels"]["incident"], "2");
    rig.stop().await;
}

#[tokio::test]
async fn a_class_that_changes_rings_again() {
    let rig = Rig::start(|_| {}).await;
    rig.offer(open("1"));
    rig.offer(open("1").into_class("link_flap", 20));
    let second = rig.request(1).await.json();
    assert_eq!(second["status"], "firing");
    assert_eq!(second["alerts"][0]["labels"]["alertname"], "WeftLinkFlap");
    assert_eq!(second["alerts"].as_array().map(Vec::len), Some(1));
    rig.stop().await;
}

/// A suspicion, what is benign, a fault of the telemetry, a silenced place, an end without a beginning.
#[tokio::test]
async fn what_is_not_for_the_pager_is_not_sent() {
    let silence = SilenceConfig { device: Some("spine-9".into()), ..SilenceConfig::default() };
    let rig = Rig::start_with(webhook, |_| {}, vec![silence], Arc::new(MemoryLog::default())).await;
    let mut suspected = open("1");
    (suspected.state, suspected.opened_ns) = (State::Suspected, None);
    let mut benign = open("2");
    benign.kind = Kind::Benign;
    let mut data = open("3");
    data.kind = Kind::Data;
    let mut silenced = open("4");
    silenced.culprits[0].peer_device = "spine-9".into();
    for incident in [suspected, benign, data, silenced, open("5").resolved(9), open("6")] {
        rig.offer(incident);
    }
    assert_eq!(rig.request(0).await.json()["alerts"][0]["labels"]["incident"], "6");
    rig.stop().await;
}

#[tokio::test]
async fn data_faults_are_sent_to_who_asks_and_never_as_hardware() {
    let rig = Rig::start(|config| config.data = true).await;
    let mut data = open("1");
    data.kind = Kind::Data;
    rig.offer(data);
    assert_eq!(rig.request(0).await.json()["alerts"][0]["labels"]["family"], "data");
    rig.stop().await;
}

/// 404, then 401, then 200: one delivery id. 400: never again, and the next incident comes.
#[tokio::test]
async fn only_what_may_help_is_tried_again() {
    let rig = Rig::start(|_| {}).await;
    rig.answer(&[404, 401, 200, 400, 200]);
    rig.offer(open("1"));
    let tries = [rig.request(0).await, rig.request(1).await, rig.request(2).await];
    assert!(tries.iter().all(|request| request.body == tries[0].body));
    let ids = tries.map(|request| request.header("weft-delivery"));
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    rig.offer(open("2"));
    assert_eq!(rig.request(3).await.json()["alerts"][0]["labels"]["incident"], "2");
    rig.offer(open("3"));
    assert_eq!(rig.request(4).await.json()["alerts"][0]["labels"]["incident"], "3");
    assert_eq!(rig.stop().await.len(), 5);
}

/// The rest that it asks for is kept through a restart, over the log on disk.
#[tokio::test]
async fn a_receiver_that_asked_for_rest_gets_it_also_after_a_restart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = || Arc::new(RedbLog::open(&folder.path().join("deliveries.redb")).expect("a log"));
    let rig = Rig::start_with(webhook, |_| {}, vec![], log()).await;
    rig.answer_resting(503, "3600");
    rig.offer(open("1"));
    let first = rig.request(0).await.header("weft-delivery");
    assert_eq!(rig.stop().await.len(), 1, "no farewell either");
    let kept = log();
    let rest_s = (kept.rests_until("webhook").expect("a rest") - weft_analyzer::clock::now_ns()) / 1_000_000_000;
    assert!((3500..=3600).contains(&rest_s), "{rest_s}");
    assert_eq!(kept.last("webhook", "1").map(|sent| sent.delivery), Some(first));
    drop(kept);
    let rig = Rig::start_with(webhook, |_| {}, vec![], log()).await;
    rig.offer(open("1"));
    assert_eq!(rig.stop().await.len(), 0);
}

/// What is configured for all alerts is on every one of them, the dead-man alert too, and so in the fingerprint.
#[tokio::test]
async fn external_labels_are_on_every_alert() {
    let labels = [("cluster".to_owned(), "a".to_owned())];
    let rig = Rig::start_labelled(alertmanager, labels.clone().into()).await;
    rig.offer(open("1"));
    rig.offer(open("1").into_class("link_flap", 20).resolved(40));
    for n in 0..3 {
        let body = rig.request(n).await.json();
        let alerts = body.as_array().expect("alerts");
        assert!(alerts.iter().all(|alert| alert["labels"]["cluster"] == "a"), "{body}");
    }
    rig.stop().await;
    let rig = Rig::start_labelled(webhook, labels.into()).await;
    rig.offer(open("1"));
    let body = rig.request(0).await.json();
    assert_eq!((&body["alerts"][0]["labels"]["cluster"], &body["commonLabels"]["cluster"]), (&json!("a"), &json!("a")));
    rig.stop().await;
}

#[tokio::test]
async fn a_restart_tells_nothing_twice_and_forgets_no_end() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = || Arc::new(RedbLog::open(&folder.path().join("deliveries.redb")).expect("a log"));
    let rig = Rig::start_with(webhook, |_| {}, vec![], log()).await;
    rig.offer(open("1"));
    rig.offer(open("1").into_class("link_flap", 20));
    rig.request(1).await;
    rig.stop().await;

    let rig = Rig::start_with(webhook, |_| {}, vec![], log()).await;
    // The window is read again: first as it was, then as it is, then how it ends.
    rig.offer(open("1"));
    rig.offer(open("1").into_class("link_flap", 20));
    rig.offer(open("1").into_class("link_flap", 20).resolved(40));
    assert_eq!(rig.request(0).await.json()["status"], "resolved");
    rig.stop().await;
}

/// An incident that is known to nobody any more, one that is silenced since, one that goes on.
#[tokio::test]
async fn after_a_restart_nothing_is_repeated_for_ever() {
    let log = Arc::new(MemoryLog::default());
    let rig = Rig::start_with(webhook, |_| {}, vec![], log.clone()).await;
    let mut silenced = open("2");
    silenced.culprits[0].device = "leaf-9".into();
    [open("1"), silenced.clone(), open("3")].into_iter().for_each(|incident| rig.offer(incident));
    rig.stop().await;

    let silence = SilenceConfig { device: Some("leaf-9".into()), ..SilenceConfig::default() };
    let often = |config: &mut NotifyConfig| config.resend_s = 1;
    let rig = Rig::start_with(alertmanager_as_webhook, often, vec![silence], log).await;
    rig.set_alive(false);
    rig.offer_known(&[silenced.clone(), open("3")]);
    let (ended, repeated) = (rig.request_of("1").await, rig.request_of("3").await);
    assert!(rig::seconds_ahead(&ended[0]["endsAt"]) <= 0.0);
    assert!(rig::seconds_ahead(&repeated[0]["endsAt"]) > 300.0);
    assert_eq!(repeated.as_array().map(Vec::len), Some(1));
    rig.offer(silenced.resolved(30));
    assert!(rig::seconds_ahead(&rig.request_of("2").await[0]["endsAt"]) <= 0.0, "its end is told");
    rig.stop().await;
}

/// Every send of a firing alert ends well ahead; a changed class ends the alert of the old one; an end is now.
#[tokio::test]
async fn alertmanager_is_told_with_an_end_ahead() {
    let rig = Rig::start_with(alertmanager, |_| {}, vec![], Arc::new(MemoryLog::default())).await;
    let heartbeat = rig.request(0).await;
    assert_eq!(heartbeat.path, "/am/api/v2/alerts");
    assert_eq!(heartbeat.json()[0]["labels"]["alertname"], "WeftDeadMan");
    rig.offer(open("1"));
    let alert = &rig.request(1).await.json()[0];
    assert_eq!(alert["startsAt"], "2023-11-14T22:13:20Z");
    assert_eq!(alert["generatorURL"], "http://weft.test/incidents/1");
    assert_eq!(alert["labels"]["device"], "leaf-1");
    assert!(rig::seconds_ahead(&alert["endsAt"]) > 300.0, "{alert}");

    rig.offer(open("1").into_class("link_flap", 20));
    let changed = rig.request(2).await.json();
    assert_eq!(
        (&changed[0]["labels"]["class"], &changed[1]["labels"]["class"]),
        (&json!("link_down"), &json!("link_flap"))
    );
    assert!(rig::seconds_ahead(&changed[0]["endsAt"]) <= 0.0);
    assert!(rig::seconds_ahead(&changed[1]["endsAt"]) > 300.0);

    rig.offer(open("1").into_class("link_flap", 20).resolved(60));
    let ended = rig.request(3).await.json();
    assert!(rig::seconds_ahead(&ended[0]["endsAt"]) <= 0.0);
    rig.stop().await;
}

#[tokio::test]
async fn active_alerts_and_the_dead_man_are_repeated_while_weft_sees() {
    let rig = Rig::start_with(alertmanager, |config| config.resend_s = 1, vec![], Arc::new(MemoryLog::default())).await;
    rig.request(0).await;
    rig.offer(open("1"));
    rig.request(1).await;
    let round =
        [rig.request(2).await.json(), rig.request(3).await.json()].map(|body| body[0]["labels"]["alertname"].clone());
    assert_eq!(round, [json!("WeftLinkDown"), json!("WeftDeadMan")]);
    // Blind: the alert stays on, for absence is not recovery; the dead man falls silent.
    rig.set_alive(false);
    let blind_from = rig.requests().await.len();
    let next = [rig.request(blind_from + 1).await.json(), rig.request(blind_from + 2).await.json()];
    assert!(next.iter().all(|body| body[0]["labels"]["alertname"] == "WeftLinkDown"), "{next:?}");
    rig.stop().await;
}

/// What is queued at the end is still told.
#[tokio::test]
async fn the_farewell_is_sent() {
    let rig = Rig::start(|_| {}).await;
    rig.offer(open("1"));
    let sent = rig.stop().await;
    assert_eq!(sent.len(), 1);
}
