//! What weft counts of itself: every metric of every role by name, with its kind and its help text.
//!
//! A part that counts something new adds a row here and then uses `metrics::counter!` or `metrics::gauge!` with that
//! name. Names follow Prometheus' rules, which a test holds them to: `_total` ends a counter and nothing else, and a
//! unit is a base unit written out (`seconds`, `bytes`, `ratio`).

/// One metric of `/metrics`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    pub name: &'static str,
    pub kind: MetricKind,
    /// One sentence for whoever reads `/metrics`; it names the labels.
    pub help: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only rises, from 0 at the start of the process.
    Counter,
    Gauge,
}

const fn counter(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Counter, help }
}

const fn gauge(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Gauge, help }
}

/// One row a metric.
#[rustfmt::skip]
pub const METRICS: &[Metric] = &[
    gauge("weft_build_info", "Always 1; its labels say which weft this is: version, profile, os and arch."),
    // Ingest.
    counter("weft_frames_total", "Frames that were taken in."),
    counter("weft_samples_total", "Samples, one counter of one port at one time each, that were taken in."),
    counter("weft_ticks_total", "Ticks, one second of event time each, that were closed and judged."),
    counter("weft_late_rows_total", "Rows that came after their tick was closed."),
    counter("weft_duplicate_frames_total", "Frames that came a second time and were left out."),
    counter("weft_rebuilt_frames_total", "Frames that were read again after a restart to rebuild what was known."),
    counter("weft_lost_frames_total", "Frames that never came, by the gaps in their collectors' sequence numbers."),
    counter("weft_dead_letters_total", "Messages that could not be read and were set aside in the dead-letter topic."),
    counter("weft_dropped_total", "Things that were dropped or set aside, by where that happened."),
    counter("weft_detector_dropped_total", "Ticks that a detector lost, by detector and by the reason for which its state was reset."),
    counter("weft_unjudged_ticks_total", "Ticks after the judge's snapshot that could not be read again after a restart and were not judged."),
    counter("weft_snapshots_set_aside_total", "Snapshots of the judge that could not be read at the start and were set aside."),
    counter("weft_jobs_file_errors_total", "Times that the jobs file could not be read; the jobs read last stayed in force."),
    gauge("weft_snapshot_seconds", "Time for which the last snapshot of the judge held up the intake."),
    gauge("weft_snapshot_bytes", "Length of the last snapshot of the judge on the disk."),
    // What stands now.
    gauge("weft_ready", "1 while weft sees its fabric, else 0."),
    gauge("weft_lag_seconds", "Wall clock less the event time of the last closed tick."),
    gauge("weft_cables_at_odds", "Cables whose two ends count different packets: loss on them cannot be told."),
    gauge("weft_incidents", "Incidents that are kept, by class and state."),
    gauge("weft_job_loss_ratio", "Part of its step time that a job loses now, from 0 to 1, by job; absent while it cannot be known."),
    // Queries.
    counter("weft_sql_panics_total", "Queries that failed by a fault of weft's or of a library's, and took nothing else with them."),
    // Notifiers.
    counter("weft_deliveries_total", "Alerts in requests to a receiver, by receiver and by what came of the request."),
    counter("weft_slurm_errors_total", "Times that Slurm could not be asked, or its answer not be read."),
    gauge("weft_slurm_age_seconds", "Time since Slurm last answered, once it has."),
    counter("weft_kubernetes_errors_total", "Times that the API server of Kubernetes could not be asked, or its answer not be read."),
    gauge("weft_kubernetes_age_seconds", "Time since the API server of Kubernetes last told of pods, once it has; a watch is renewed every timeout_s."),
    // The collector.
    gauge("weft_collector_ready", "1 while the collector reads and its frames are acknowledged, else 0."),
    gauge("weft_collector_queued_frames", "Frames that wait to be sent."),
    gauge("weft_collector_in_flight_frames", "Messages that were sent and are not yet acknowledged."),
    counter("weft_collector_disconnects_total", "Times that the connection to the broker or analyzer was lost."),
    counter("weft_collector_ticks_total", "Sampling ticks of the collector."),
    counter("weft_collector_missed_ticks_total", "Sampling ticks that passed while an earlier one was still being read."),
    counter("weft_collector_frames_total", "Frames that the collector made."),
    counter("weft_collector_frame_bytes_total", "Bytes of the frames that the collector made."),
    counter("weft_collector_published_total", "Frames that the transport took."),
    counter("weft_collector_publish_failures_total", "Times that the transport refused a frame; it may have been tried again."),
    counter("weft_collector_dropped_frames_total", "Frames that were given up: the queue was full, or the far side refused them."),
    counter("weft_collector_link_events_total", "Link events that the kernel told."),
    counter("weft_collector_link_event_overruns_total", "Times that the kernel dropped link events because the collector was slow; link states were read anew."),
    counter("weft_collector_step_marks_total", "Step marks that training processes told."),
    counter("weft_collector_step_malformed_total", "Datagrams on the step socket that were no step marks."),
    counter("weft_collector_step_dropped_total", "Step marks that were dropped because more came between two flushes than are kept."),
    counter("weft_collector_lldp_frames_total", "LLDP frames that came."),
    counter("weft_collector_lldp_malformed_total", "LLDP frames that could not be read."),
    counter("weft_collector_lldp_refused_total", "LLDP frames of a neighbour too many: a port keeps four."),
    counter("weft_collector_lldp_expired_total", "Neighbours that were forgotten because their time to live ran out."),
    counter("weft_collector_lldp_sent_total", "LLDP frames that were sent."),
    gauge("weft_collector_gnmi_up", "1 while the gNMI target answers, else 0, by target."),
    gauge("weft_collector_gnmi_last_seen_seconds", "When something came last from the gNMI target, as seconds since 1970, by target."),
    gauge("weft_collector_gnmi_delay_seconds", "Time from a gNMI target's own stamp to the arrival, of the last notification, by target."),
    counter("weft_collector_gnmi_leaves_total", "Values of counters that gNMI targets have sent, by target."),
    counter("weft_collector_gnmi_unknown_leaves_total", "Values of gNMI targets that no counter of the catalogue stands for, by target."),
    counter("weft_collector_gnmi_refused_total", "Values of gNMI targets that are no number, and ports beyond the limits, by target."),
    counter("weft_collector_gnmi_subscriptions_total", "Times that a gNMI target took a subscription, by target."),
    counter("weft_collector_reads_total", "Reads of a source, by source."),
    counter("weft_collector_read_failures_total", "Reads of a source that failed, by source."),
    counter("weft_collector_slow_reads_total", "Reads of a source that took longer than slow_read_ms, by source."),
    gauge("weft_collector_read_seconds", "Time that all reads of a source have taken since the start, by source."),
];

/// The row of a metric; `None` when the list has none of that name.
pub fn metric(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

/// Tells the process's metrics recorder the help text of every metric. To be called once, after it is installed.
pub fn describe_metrics() {
    for Metric { name, kind, help } in METRICS.iter().copied() {
        match kind {
            MetricKind::Counter => metrics::describe_counter!(name, help),
            MetricKind::Gauge => metrics::describe_gauge!(name, help),
        }
    }
}
