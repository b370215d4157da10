//! Whether the far side of `[transport]` answers: the brokers, or the analyzer that listens.

use super::finding::{Finding, Level};
use anyhow::Result;
use std::time::Duration;
use weft_transport::{TransportConfig, TransportHealth};

/// A broker that is there answers within this, also over a slow link.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

pub async fn finding(config: &TransportConfig) -> Result<Finding> {
    let url = config.url()?;
    let publisher = weft_transport::publisher(&url, &config.publisher_options("weft-doctor")).await?;
    let TransportHealth { connected, troubles } = publisher.health().settled(ANSWERS_WITHIN).await;
    let about = "transport";
    Ok(match troubles.first() {
        Some(trouble) => {
            let mend = "start it, or name another in [transport] bootstrap or by --transport".to_owned();
            Finding { about, level: Level::Warning, what: trouble.sentence.clone(), mend }
        }
        None if connected => Finding { about, level: Level::Well, what: format!("{url} answers"), mend: String::new() },
        None => Finding { about, level: Level::Note, what: format!("{url} has not answered yet"), mend: String::new() },
    })
}
