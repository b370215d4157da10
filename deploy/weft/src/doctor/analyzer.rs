//! What a running analyzer says of itself, of its collectors and of its detectors.

use super::finding::{Finding, Level};
use crate::api::Api;
use anyhow::Result;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use weft_analyzer::read::{Armed, CollectorView, Off, Watching};

#[derive(Deserialize)]
struct Items<T> {
    items: Vec<T>,
}

/// An analyzer that is not there is a note: on most nodes there is none.
pub async fn findings(api: &Api) -> Vec<Finding> {
    let asked = async {
        let (heard, detectors) = (get::<CollectorView>(api, "collectors").await?, get::<Armed>(api, "armed").await?);
        let watching: Watching = api.send(api.client.get(api.url(&["watching"])?)).await?.json().await?;
        anyhow::Ok((heard, detectors, watching))
    };
    match asked.await {
        Ok((heard, detectors, watching)) => {
            let troubles = watching.troubles.into_iter().map(|trouble| finding(Level::Warning, trouble, ""));
            collectors(&heard).into_iter().chain(troubles).chain(detectors.iter().flat_map(armed)).collect()
        }
        Err(error) => vec![finding(Level::Note, format!("{error:#}"), "")],
    }
}

async fn get<T: DeserializeOwned>(api: &Api, what: &str) -> Result<Vec<T>> {
    let request = api.client.get(api.url(&[what])?);
    Ok(api.send(request).await?.json::<Items<T>>().await?.items)
}

fn finding(level: Level, what: String, mend: &str) -> Finding {
    Finding { about: "analyzer", level, what, mend: mend.to_owned() }
}

fn collectors(heard: &[CollectorView]) -> Vec<Finding> {
    let live = heard.iter().filter(|collector| collector.state == "live").count();
    let level = if live == 0 { Level::Warning } else { Level::Well };
    let mend = if live == 0 { "start a collector with --transport to this analyzer's broker or listener" } else { "" };
    let mut found = vec![finding(level, format!("hears {live} of {} collectors", heard.len()), mend)];
    for CollectorView { collector, state, missing, dropped, clock_not_set_frames, same_name, .. } in heard {
        let mut say = |is_so: bool, what: String, mend: &str| {
            found.extend(is_so.then(|| finding(Level::Warning, format!("collector {collector}: {what}"), mend)));
        };
        say(
            state != "live",
            format!("{state}, nothing comes from it"),
            "see its log, and `weft doctor` on its machine",
        );
        say(*missing > 0, format!("{missing} frames never came"), "see the broker's retention and the collector's log");
        say(*dropped > 0, format!("{dropped} frames dropped on its own side"), "see the transport on its machine");
        say(
            *clock_not_set_frames > 0,
            format!("{clock_not_set_frames} frames of no time"),
            "set its clock: run chrony",
        );
        say(*same_name > 0, format!("{same_name} frames of another of this name"), "give each its own [collector] id");
    }
    found
}

/// One finding for a detector that is armed everywhere, one a reason where it is not.
fn armed(detector: &Armed) -> Vec<Finding> {
    let Armed { detector, armed, ports, jobs, off, .. } = detector;
    let sees = format!("{detector} is armed for {ports} ports and {jobs} jobs");
    let mut found: Vec<Finding> = armed.then(|| finding(Level::Well, sees, "")).into_iter().collect();
    for Off { reason, count, of, arm } in off {
        let level = if *armed { Level::Note } else { Level::Warning };
        let what = match count {
            0 => format!("{detector} is off: {reason}"),
            _ => format!("{detector} is off for {count} {of}: {reason}"),
        };
        found.push(finding(level, what, arm));
    }
    found
}
