//! A host is notified of congestion that it makes, and does not slow down.

use super::words::{percent, seconds, si};
use super::{Class, Evidence, Family, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::{Chart, Form, Severity};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CongestionControlOff {
    /// For how long it has acted on no notification, s.
    pub silent_s: f64,
    /// How many it acted on before, a second.
    pub usual: f64,
    /// Of the notifications that the hosts it was compared with send, the part that none of them acts on, 0 to 1.
    pub missing: f64,
    /// The job whose hosts those are; empty: all hosts.
    pub among: String,
    /// How surely it is so, nats.
    pub nats: f64,
}

impl CongestionControlOff {
    fn hosts(&self) -> String {
        if self.among.is_empty() { "all hosts".to_owned() } else { format!("the hosts of job {}", self.among) }
    }
}

impl KindOfFact for CongestionControlOff {
    const CLASS: Class = Class {
        name: "congestion_control_off",
        family: Family::Congestion,
        subject: "congestion_control",
        severity: Severity::Info,
        action: "read the congestion control settings of this port and of its siblings (mlx5: ecn/roce_rp and roce_np, by priority), \
                 and what changed there",
        ..Class::LINK
    };

    fn evidence(&self) -> Evidence {
        Evidence::new("cnp_handled", (0.0, "a second"), (self.usual, "a second before"))
    }

    fn claim(&self, _: bool) -> String {
        let (hosts, missing) = (self.hosts(), percent(self.missing));
        let (silent, usual) = (seconds(self.silent_s), si(self.usual, "").trim_end().to_owned());
        format!(
            "acted on no notification of congestion for {silent}, on {usual} a second before; {missing} of those that {hosts} \
             send are acted on by nobody"
        )
    }

    fn verdict(&self, _: Option<&PortRef>, is_over: bool) -> String {
        let (ignores, sends, acts) =
            if is_over { ("ignored", "sent", "acted") } else { ("ignores", "sends", "acts") };
        format!("{ignores} congestion: it {sends} on and {acts} on none of the notifications meant for it")
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_port(shown, &["cnp_handled", "cnp_sent", "tx_bytes"])
    }

    fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
        Some(Chart::of("notifications/s", Form::Values, shown.rate("cnp_handled", 1.0)))
    }

    fn amount(&self) -> f64 {
        self.missing
    }

    #[cfg(test)]
    fn sample() -> CongestionControlOff {
        CongestionControlOff { silent_s: 12.0, usual: 37_000.0, missing: 0.19, among: "infer".into(), nats: 31.0 }
    }
}
