//! docs/counters.md is the catalogue as a page: made here, and stale when it differs.

use std::fmt::Write;
use std::path::PathBuf;
use weft_wire::*;

const HEAD: &str = "\
# Counters

Made from `collector/wire/catalogue.toml` by `UPDATE=1 cargo test -p weft-wire docs`: edit that, not this.

*Read from* stands in order of precedence; the first that a port has is used, the next when it saturates. `×4` scales the
raw value, `16b` is a width other than 64 bits, *sticks* a counter that stays at its maximum (others wrap), `1 s` how often
the source refreshes it by itself. `{i}` is the element of a list, `{lane}` the row's lane. *Fast* counters are read ten
times a second, *normal* once, *slow* every 30 s, unless the configuration says otherwise.
";

const KEPT: &str = "\
## Kept without a column, or left

What devices say and no table has a column for, on purpose (`collector/wire/extra.toml`). *Kept* values go to table `extra`
with their raw name; the others are no counters. A name that stands neither here nor above is kept too, and reported as
`unmapped`. `*` is any text, `#` a number.

| driver | names | | why |
|---|---|---|---|
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    for table in Table::ALL.into_iter().filter(|t| t.is_wide()) {
        let _ = write!(
            page,
            "\n## {}\n\n| counter | kind | unit | tier | what | read from | elsewhere |\n|---|---|---|---|---|---|---|\n",
            table.name()
        );
        for counter in catalogue().of_table(table) {
            let _ = writeln!(page, "{}", row(counter));
        }
    }
    page.push('\n');
    page.push_str(KEPT);
    for entry in unmapped_list() {
        let goes = if entry.goes == UnmappedGoes::Extra { "kept" } else { "left" };
        let names: Vec<String> = entry.raw.iter().map(|name| code(name)).collect();
        let _ = writeln!(page, "| {} | {} | {goes} | {} |", code(&entry.driver), names.join(" "), entry.why);
    }
    page
}

fn row(counter: &Counter) -> String {
    let name = match counter.list {
        Some(len) => format!(
            "{} = {} … {}",
            code(&counter.name),
            code(&counter.element_name(0)),
            code(&counter.element_name(len - 1))
        ),
        None => code(&counter.name),
    };
    let kind = format!("{:?}", counter.kind).to_lowercase();
    let tier = format!("{:?}", counter.tier).to_lowercase();
    let sources: Vec<String> = counter.sources.iter().map(source).collect();
    format!(
        "| {name} | {kind} | {} | {tier} | {} | {} | {} |",
        counter.unit,
        escape(&counter.help),
        sources.join("<br>"),
        foreign(&counter.foreign)
    )
}

fn source(source: &Source) -> String {
    let mut text = format!("{} {}", source.driver, code(&source.raw));
    if source.scale != 1.0 {
        let _ = write!(text, " ×{}", source.scale);
    }
    if source.bits != 64 {
        let _ = write!(text, " {}b", source.bits);
    }
    if source.overflow == Overflow::Saturate {
        text.push_str(" sticks");
    }
    if source.period_ms > 0 {
        let _ = write!(text, " {} s", f64::from(source.period_ms) / 1000.0);
    }
    text
}

fn foreign(foreign: &Foreign) -> String {
    let kinds = [
        ("Prometheus", &foreign.prometheus),
        ("OpenTelemetry", &foreign.opentelemetry),
        ("OpenConfig", &foreign.openconfig),
        ("DCGM", &foreign.dcgm),
    ];
    let told = kinds.into_iter().filter(|(_, names)| !names.is_empty());
    let names = |text: &str| text.split(' ').map(code).collect::<Vec<_>>().join(" ");
    told.map(|(kind, text)| format!("{kind} {}", names(text))).collect::<Vec<_>>().join("<br>")
}

fn code(text: &str) -> String {
    format!("`{}`", escape(text))
}

fn escape(text: &str) -> String {
    text.replace('|', "\\|")
}

#[test]
fn docs_counters_md_tells_what_the_catalogue_does() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/counters.md");
    let page = page();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "docs/counters.md is stale: UPDATE=1 cargo test -p weft-wire docs");
}

/// The names others rely on: the trace format's, none of which may go.
#[test]
fn the_canonical_names_of_the_trace_format_are_all_there() {
    for (tables, names) in CANONICAL {
        for table in tables.split(' ').map(|t| Table::from_name(t).unwrap()) {
            for name in names.split_whitespace() {
                assert!(catalogue().element(table, name).is_some(), "{} lacks {name}", table.name());
            }
        }
    }
}

const CANONICAL: [(&str, &str); 9] = [
    (
        "nic switch_port",
        "rx_bytes tx_bytes rx_packets tx_packets rx_errors tx_errors rx_discards tx_discards rx_crc_errors symbol_errors
         phy_rx_bits fec_corrected_bits fec_corrected_blocks fec_uncorrectable_blocks pre_fec_ber link_down_events link_up
         speed_bps link_width rx_pause_frames tx_pause_frames rx_pause_us tx_pause_us pause_storm_events
         rx_ecn_marked_packets tx_ecn_marked_packets queue_bytes queue_max_bytes rx_oversize_packets rx_power_dbm
         tx_power_dbm module_temperature_c xmit_wait_ticks fec_codewords_0 fec_codewords_16 xmit_wait_bytes
         link_retry_events link_retry_blocks credits_used trimmed_packets path_changes remote_unresponsive ar_trials
         rx_pause_frames_p0 tx_pause_frames_p7 rx_pause_us_p3 tx_pause_us_p7 rx_pause_quanta_p0 rx_pause_xon_p7",
    ),
    (
        "nic",
        "cnp_sent cnp_handled out_of_sequence nak_received ack_timeouts retransmits rnr_retries retries_exceeded
         out_of_buffer rdma_rx_bytes rdma_tx_bytes pcie_stalled_percent pcie_speed_gtps pcie_width pcie_max_speed_gtps
         pcie_max_width pcie_replays pcie_correctable_errors pcie_fatal_errors",
    ),
    ("switch_port", "route_width peer_session_up"),
    (
        "gpu",
        "sm_clock_mhz max_sm_clock_mhz power_w temperature_c utilization_percent memory_utilization_percent
         throttle_reasons ecc_correctable ecc_uncorrectable remap_failures xid last_xid pcie_replays",
    ),
    (
        "gpu_link",
        "tx_bytes rx_bytes link_up crc_errors replays recoveries recoveries_failed symbol_errors effective_ber raw_ber
         link_retry_events messages",
    ),
    ("queue", "tx_bytes dropped_packets ecn_marked_packets queue_bytes watermark_bytes pause_us trimmed_packets"),
    ("lane", "raw_errors rx_power_dbm tx_bias_ma snr_db"),
    ("host", "cpu_busy_percent cpu_pressure_us memory_pressure_us io_pressure_us tcp_retransmits softnet_drops clock_error_us"),
    ("probe", "sent lost rtt_us_p50 rtt_us_p99"),
];
