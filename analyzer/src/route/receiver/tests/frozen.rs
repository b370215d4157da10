//! What stays the same of an alert while its incident lives.

use super::rig::Rig;
use super::{passing, well};
use crate::notify::{Alert, Labels};
use crate::route::MemoryLog;
use std::sync::Arc;
use weft_judge::incident::{Incident, JobLoss};
use weft_judge::sample::{Changed, ONSET_NS, SECOND, open};

fn hits(incident: Incident, jobs: &[&str]) -> Incident {
    let loss = |job: &&str| JobLoss { job: (*job).to_owned(), lost_step_time: None, explained: None };
    Incident { jobs: jobs.iter().map(loss).collect(), ..incident }
}

fn told(rig: &Rig) -> Vec<Alert> {
    rig.requests().into_iter().flat_map(|request| request.batch.alerts).collect()
}

fn without_class(alert: &Alert) -> Labels {
    let mut labels = alert.labels.clone();
    labels.retain(|name, _| !["alertname", "class"].contains(&name.as_str()));
    labels
}

/// Its onset is found to be earlier, other jobs are hit, it is renamed, weft is restarted: start and labels stay.
#[tokio::test]
async fn start_and_looked_up_labels_stay_as_first_told() {
    let mut rig = Rig::start(well);
    rig.tell(hits(open("1"), &["train"])).await;
    let earlier = Incident { onset_ns: ONSET_NS - 60 * SECOND, ..hits(open("1"), &["train", "other"]) };
    rig.tell(earlier.clone().into_class("link_flap", 20)).await;
    let first = told(&rig);
    let (log, _) = rig.stop().await;
    let mut rig = Rig::start_with("webhook", log, Vec::new(), well);
    rig.tell(hits(earlier, &[]).into_class("link_flap", 20).resolved(90)).await;
    let all: Vec<Alert> = first.into_iter().chain(told(&rig)).collect();
    assert_eq!(all.len(), 3);
    for alert in &all {
        assert_eq!((alert.starts_ns, without_class(alert)), (ONSET_NS, without_class(&all[0])));
    }
    assert_eq!((all[0].labels["job"].as_str(), all[0].labels["peer"].as_str()), ("train", "spine-2:eth1"));
    assert_eq!(all[2].ends_ns, Some(ONSET_NS + 90 * SECOND));
    assert_eq!(all[1].labels, all[2].labels);
    assert!(all.iter().all(|alert| alert.labels.values().all(|value| !value.is_empty())));
}

/// A job that becomes known later is not added: to a pager that would be another alert.
#[tokio::test]
async fn a_label_that_was_unknown_at_first_stays_away() {
    let mut rig = Rig::start(well);
    rig.tell(hits(open("1"), &[])).await;
    rig.tell(hits(open("1"), &["train"])).await;
    rig.tell(hits(open("1"), &["train"]).resolved(30)).await;
    let all = told(&rig);
    assert_eq!(all.len(), 2, "no news but the end");
    assert!(all.iter().all(|alert| !alert.labels.contains_key("job")));
}

/// The same holds for what the receiver refused at first.
#[tokio::test]
async fn it_is_the_same_alert_that_is_told_in_the_end() {
    let mut rig = Rig::start(|at_s, _| if at_s < 5.0 { Err(passing("answered 404")) } else { Ok(()) });
    rig.tell(hits(open("1"), &["train"])).await;
    rig.tell(Incident { onset_ns: ONSET_NS - SECOND, sentence: "newer".into(), ..hits(open("1"), &["other"]) }).await;
    rig.pass(10.0).await;
    let all = told(&rig);
    let (first, last) = (&all[0], &all[all.len() - 1]);
    assert_eq!((first.starts_ns, &first.labels), (last.starts_ns, &last.labels));
    assert_eq!(last.annotations["summary"], "newer");
}

/// Two alerts that a later version finds in an earlier one's log keep what they were told with.
#[tokio::test]
async fn what_an_earlier_version_told_keeps_its_labels() {
    let mut old = Alert::of(&open("1"), &Default::default()).unwrap();
    old.labels.retain(|name, _| !["job", "peer"].contains(&name.as_str()));
    let log = Arc::new(MemoryLog::default());
    let sent = crate::route::Sent::heard(old.clone(), "id".into());
    crate::route::DeliveryLog::record(&*log, "pager", &[sent]).unwrap();
    let mut rig = Rig::start_with("webhook", log, Vec::new(), well);
    rig.tell(open("1")).await;
    rig.tell(open("1").resolved(30)).await;
    let all = told(&rig);
    assert_eq!((all.len(), &all[0].labels), (1, &old.labels));
}
