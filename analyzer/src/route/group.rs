//! What goes together: alerts of one name in one request, in order of arrival.

use crate::notify::Alert;

/// Alerts in one request: receivers bound the body, Alertmanager's webhook commonly at some hundreds.
pub const BATCH: usize = 64;

/// Groups of at most [`BATCH`].
pub fn by_name(alerts: impl Iterator<Item = Alert>) -> Vec<Vec<Alert>> {
    let mut groups: Vec<Vec<Alert>> = Vec::new();
    for alert in alerts {
        match groups.iter_mut().find(|group| group.len() < BATCH && group[0].name() == alert.name()) {
            Some(group) => group.push(alert),
            None => groups.push(vec![alert]),
        }
    }
    groups
}
