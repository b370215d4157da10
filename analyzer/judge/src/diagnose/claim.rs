//! What an item of evidence claims: in words, and as the series that a chart of it draws.

use crate::detect::{FactKind, Presence};
use crate::fabric::PortRef;
use crate::features::Features;
use crate::features::stalls::UTILIZATION;
use crate::incident::{Chart, Curve, Form, SeriesMode};
use crate::kinds::Evidence;

/// The claim in words, to be followed by "since" and the time. `is_over`: it does not show any more.
pub fn says(kind: FactKind, evidence: &Evidence, is_over: bool) -> String {
    let (value, reference) = (evidence.value, evidence.reference);
    match kind {
        FactKind::LinkDown if evidence.unit == "state" && is_over => "is up again, was down".to_owned(),
        FactKind::LinkDown if evidence.unit == "state" => "was up, down".to_owned(),
        FactKind::LinkDown => format!("{value:.0} of its links went down together, down"),
        FactKind::LinkFlap => format!("went down {value:.0} times in six hours, flapping"),
        FactKind::ConservationLoss => {
            format!("{} of the packets sent never reach the far end, and neither end counts them", percent(value))
        }
        FactKind::ConservationLossCounted => {
            format!("{} of the packets sent never reach the far end, which counts them as damaged", percent(value))
        }
        FactKind::LowServiceRate => {
            format!("sends {} while a queue stands, of {} planned", si(value, "bit/s"), si(reference, "bit/s"))
        }
        FactKind::LongCompute => {
            format!("computes {} longer than its peers in every step of {}", seconds(value), seconds(reference))
        }
        FactKind::LateOnset => {
            format!("begins to send {} later than its peers in every {}", seconds(value), seconds(reference))
        }
        FactKind::HostStalls if evidence.counter == UTILIZATION => {
            format!("its GPUs are {value:.0} % busy, its peers' {reference:.0} %")
        }
        FactKind::HostStalls => {
            let waits_for = evidence.counter.split('_').next().unwrap_or_default();
            let waits_for = if waits_for == "cpu" { "CPU" } else { waits_for };
            format!("its tasks wait for {waits_for} {} of the time, its peers' {}", percent(value), percent(reference))
        }
        FactKind::Silent => {
            format!("tells nothing for {}, and told every {} before", seconds(value), seconds(reference))
        }
        FactKind::CountersFell => format!("the counters of {value:.0} of its ports begin anew"),
    }
}

/// The series of a claim; `shown` is the part that shows it.
pub fn chart(features: &Features, kind: FactKind, presence: &Presence, shown: &PortRef) -> Option<Chart> {
    let evidence = &presence.evidence;
    let curve = |at: &PortRef, counter: &str, mode: SeriesMode, times: f64| Curve {
        device: at.device.clone(),
        port: at.port.clone(),
        counter: counter.to_owned(),
        mode,
        times,
    };
    let raw = |counter: &str| curve(shown, counter, SeriesMode::Raw, 1.0);
    let rate = |counter: &str, times: f64| curve(shown, counter, SeriesMode::Rate, times);
    let drawn =
        |unit: &str, form: Form, value: Curve| Chart { unit: unit.into(), form, value, reference: None, level: None };
    match kind {
        FactKind::LinkDown if evidence.unit == "state" => Some(drawn("state", Form::States, raw("link_up"))),
        FactKind::LinkFlap => Some(drawn("downs", Form::Values, raw("link_down_events"))),
        FactKind::ConservationLoss | FactKind::ConservationLossCounted => {
            let far = features.topology.name(features.topology.far(presence.port?)?);
            let reference = Some(curve(&far, "rx_packets", SeriesMode::Raw, 1.0));
            let lost = drawn("fraction", Form::Missing, raw("tx_packets"));
            Some(Chart { reference, level: Some(evidence.value), ..lost })
        }
        FactKind::LowServiceRate => {
            let sent = drawn("bit/s", Form::Values, rate("tx_bytes", 8.0));
            Some(Chart { level: Some(evidence.reference), ..sent })
        }
        FactKind::HostStalls if evidence.counter != UTILIZATION => {
            let stood = drawn("fraction", Form::Values, rate(&evidence.counter, 1e-6));
            Some(Chart { level: Some(evidence.reference), ..stood })
        }
        FactKind::CountersFell => Some(drawn("bytes", Form::Values, raw("tx_bytes"))),
        // Computed from many readings, of steps, of whole nodes or of what did not come: no one counter holds it.
        FactKind::LinkDown | FactKind::LongCompute | FactKind::LateOnset | FactKind::HostStalls | FactKind::Silent => {
            None
        }
    }
}

/// Three significant digits and the unit with its SI prefix: `12.4 Gbit/s`.
fn si(value: f64, unit: &str) -> String {
    let scales = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let (scale, prefix) = scales.into_iter().find(|(scale, _)| value.abs() >= *scale).unwrap_or((1.0, ""));
    format!("{} {prefix}{unit}", significant(value / scale, 3))
}

fn seconds(value: f64) -> String {
    match value.abs() {
        size if size >= 1.0 => format!("{} s", significant(value, 3)),
        size if size >= 1e-3 => format!("{} ms", significant(value * 1e3, 3)),
        _ => format!("{} µs", significant(value * 1e6, 3)),
    }
}

/// A fraction with two significant digits: `7 %`, `0.43 %`, `0.0012 %`.
fn percent(fraction: f64) -> String {
    format!("{} %", significant(fraction * 100.0, if fraction.abs() >= 0.1 { 3 } else { 2 }))
}

/// Without zeros at the end of a fraction.
fn significant(value: f64, digits: i32) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let places = (digits - 1 - value.abs().log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{value:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_prefixes_and_no_more_digits_than_they_have() {
        let rates = [(18.34e9, "18.3 Gbit/s"), (1e11, "100 Gbit/s"), (999.0, "999 bit/s"), (0.0, "0 bit/s")];
        rates.into_iter().for_each(|(value, text)| assert_eq!(si(value, "bit/s"), text));
        let parts = [(0.0712, "7.1 %"), (0.5, "50 %"), (0.0043, "0.43 %"), (1.2e-5, "0.0012 %"), (1.0, "100 %")];
        parts.into_iter().for_each(|(value, text)| assert_eq!(percent(value), text));
        let times = [(0.1537, "154 ms"), (2.0, "2 s"), (4e-5, "40 µs")];
        times.into_iter().for_each(|(value, text)| assert_eq!(seconds(value), text));
    }

    #[test]
    fn a_state_is_words_and_a_dark_device_is_counted() {
        let state = crate::detect::down_evidence();
        assert_eq!(says(FactKind::LinkDown, &state, false), "was up, down");
        assert_eq!(says(FactKind::LinkDown, &state, true), "is up again, was down");
        let links = Evidence { value: 12.0, unit: "links down".into(), ..state };
        assert_eq!(says(FactKind::LinkDown, &links, false), "12 of its links went down together, down");
    }
}
