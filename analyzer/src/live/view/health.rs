//! Why the analyzer cannot be relied on at this moment.

use crate::ingest::CollectorStatus;
use crate::read::Health;
use crate::store::IngestView;
use std::time::Duration;
use weft_transport::TransportHealth;

/// No frame from any collector for this long, and for five of its flushes: all are silent.
const SILENT: Duration = Duration::from_secs(10);
/// No tick for this long, s: weft sees nothing.
const STALE_S: f64 = 30.0;

/// Ready, or every reason why not, in order of cause: what the transport waits for explains that nothing comes.
pub fn health(ingest: &IngestView, transport: &TransportHealth, now_ns: i64) -> Health {
    let lag_s = ingest.closed_ns.map(|closed| (now_ns - closed) as f64 / 1e9);
    let mut reasons: Vec<String> = transport.troubles.iter().map(ToString::to_string).collect();
    if reasons.is_empty() {
        reasons.extend(unheard(ingest));
    }
    if let Some(lag) = lag_s.filter(|lag| *lag > STALE_S) {
        reasons.push(format!("the last closed tick is {lag:.0} s old"));
    } else if lag_s.is_some() && ingest.collectors.iter().all(|c| c.idle) {
        reasons.push("every collector is behind".to_owned());
    }
    Health { ready: reasons.is_empty(), reasons, lag_s }
}

/// Why nothing is heard, in a sentence; `None` when collectors are heard and ticks close.
fn unheard(ingest: &IngestView) -> Option<String> {
    let Some(last) = ingest.last_frame else {
        return Some("no tick has been closed yet: no collector has told anything".to_owned());
    };
    let slowest_flush = ingest.collectors.iter().map(|c| c.flush_period_ms).max().unwrap_or_default();
    let patience = SILENT.max(5 * Duration::from_millis(u64::from(slowest_flush)));
    let silence = last.elapsed();
    if silence > patience {
        let (seconds, count) = (silence.as_secs(), ingest.collectors.len());
        return Some(format!("no frame has come for {seconds} s: all of {count} collectors are silent"));
    }
    let unset = |c: &&CollectorStatus| c.clock_not_set_frames > 0;
    if let Some(first) = ingest.collectors.iter().find(unset).filter(|_| ingest.stats.frames == 0) {
        return Some(format!(
            "the clocks of all collectors are not set (such as that of {}): set them",
            first.collector
        ));
    }
    (ingest.stats.ticks == 0).then(|| "no tick has been closed yet: collectors have only just begun to tell".to_owned())
}
