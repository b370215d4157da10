//! What goes together: alerts of one name in one request, in order of arrival.

use crate::notify::Alert;

pub fn by_name(alerts: impl Iterator<Item = Alert>) -> Vec<Vec<Alert>> {
    let mut groups: Vec<Vec<Alert>> = Vec::new();
    for alert in alerts {
        match groups.iter_mut().find(|group| group[0].name() == alert.name()) {
            Some(group) => group.push(alert),
            None => groups.push(vec![alert]),
        }
    }
    groups
}
