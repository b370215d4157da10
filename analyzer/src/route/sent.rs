//! What a receiver last heard of an incident.

use crate::clock::now_ns;
use crate::notify::{Alert, Labels, Status};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    pub alert: Alert,
    pub delivery: String,
    /// Wall time of the answer; of the try while `unsure`.
    pub at_ns: i64,
    /// Tried, and no answer said whether it was heard.
    #[serde(default)]
    pub unsure: bool,
    /// The receiver will not take it, so it is not tried again; what becomes of the incident next is.
    #[serde(default)]
    pub refused: bool,
    /// What the incident was called before, while the receiver may still believe it on.
    #[serde(default)]
    pub besides: Vec<Alert>,
}

impl Sent {
    pub fn heard(alert: Alert, delivery: String) -> Sent {
        Sent { alert, delivery, at_ns: now_ns(), unsure: false, refused: false, besides: Vec::new() }
    }

    /// Other names of the incident that the receiver may believe on.
    pub fn others(self, labels: &Labels) -> Vec<Alert> {
        let own = Some(self.alert).filter(|alert| alert.status == Status::Firing && !self.refused);
        self.besides.into_iter().chain(own).filter(|alert| alert.labels != *labels).collect()
    }
}
