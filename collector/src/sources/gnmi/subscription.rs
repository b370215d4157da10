//! What a target is asked: one Subscribe request for OpenConfig, one a database for SONiC, whose prefix names the database.

use super::path;
use super::proto::gnmi::{
    Encoding as Wire, Path, SubscribeRequest, Subscription, SubscriptionList, SubscriptionMode, subscribe_request,
    subscription_list,
};
use super::targets::{Encoding, Target};
use std::collections::BTreeMap;

/// The requests of a target. An error names the path that cannot be read.
pub fn requests(target: &Target) -> Result<Vec<SubscribeRequest>, String> {
    let sampled: Vec<&str> = match target.paths.is_empty() {
        true => target.dialect.default_paths().to_vec(),
        false => target.paths.iter().map(String::as_str).collect(),
    };
    let on_change = target.on_change.iter().map(|text| (text.as_str(), SubscriptionMode::OnChange));
    let all = sampled.into_iter().map(|text| (text, SubscriptionMode::Sample)).chain(on_change);
    let mut lists: BTreeMap<&str, Vec<Subscription>> = BTreeMap::new();
    for (text, mode) in all {
        let (database, path) = target.dialect.database(text)?;
        let sample_interval = match mode {
            SubscriptionMode::Sample => u64::from(target.interval_ms) * 1_000_000,
            _ => 0,
        };
        let subscription = Subscription {
            path: Some(path::parse(path)?),
            mode: mode.into(),
            sample_interval,
            ..Subscription::default()
        };
        lists.entry(database).or_default().push(subscription);
    }
    Ok(lists.into_iter().map(|(database, list)| request(target, database, list)).collect())
}

fn request(target: &Target, database: &str, subscription: Vec<Subscription>) -> SubscribeRequest {
    let prefix_target = if database.is_empty() { &target.prefix_target } else { database };
    let encoding = match target.encoding {
        Encoding::JsonIetf => Wire::JsonIetf,
        Encoding::Json => Wire::Json,
        Encoding::Proto => Wire::Proto,
    };
    let list = SubscriptionList {
        prefix: Some(Path { target: prefix_target.to_owned(), ..Path::default() }),
        subscription,
        mode: subscription_list::Mode::Stream.into(),
        encoding: encoding.into(),
        ..SubscriptionList::default()
    };
    SubscribeRequest { request: Some(subscribe_request::Request::Subscribe(list)), ..SubscribeRequest::default() }
}
