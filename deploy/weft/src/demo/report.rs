//! The demo's words: to a person line by line, to programs one JSON line a fault.

use super::ledger::{Accusation, Ledger, Named};
use anyhow::{Context, Result};
use comfy_table::{Table, presets};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use weft_sim::faults::Nature;
use weft_sim::script::Planned;
use weft_sim::sim::Fabric;
use weft_sim::truth::Truth;

pub struct Reporter {
    json: Option<File>,
    start_ns: i64,
    told: BTreeSet<String>,
}

impl Reporter {
    /// Opens the JSON file at once, so that a wrong path is found before minutes have passed.
    pub fn new(json: Option<&Path>, start_ns: i64) -> Result<Reporter> {
        let open = |path: &Path| {
            File::create(path).with_context(|| format!("--json {}: cannot write it; give another path", path.display()))
        };
        Ok(Reporter { json: json.map(open).transpose()?, start_ns, told: BTreeSet::new() })
    }

    pub fn start_ns(&self) -> i64 {
        self.start_ns
    }

    pub fn welcome(&self, url: &str, fabric: &Fabric, seed: u64, script: &[Planned]) {
        println!("weft demo: {url}");
        let topology = &fabric.world.topology;
        let jobs: Vec<String> =
            fabric.jobs.iter().map(|j| format!("{} on {} nodes", j.spec.name, j.spec.nodes.len())).collect();
        let switches = topology.devices.len() - topology.nodes;
        println!(
            "  a simulated fabric, seed {seed}: {} GPUs, {} nodes, {switches} switches; {}",
            topology.nodes * 8,
            topology.nodes,
            jobs.join(", ")
        );
        let first = script.first().map_or(0.0, |p| p.at_s);
        let last = script.iter().map(|p| p.at_s + p.for_s).fold(0.0, f64::max);
        println!(
            "  {} faults and events to come, the first after {first:.0} s, the last over after {last:.0} s",
            script.len()
        );
    }

    /// Says what is new, each thing once.
    pub fn progress(&mut self, ledger: &Ledger) {
        for (index, truth) in ledger.truths.iter().enumerate() {
            if self.first_time(format!("begin {}", truth.fault)) {
                println!(
                    "{:6.1} s  injected {} {}, for {:.0} s",
                    truth.begin,
                    truth.script_class,
                    place(truth),
                    truth.end - truth.begin
                );
            }
            if let Some(named) = ledger.named.get(&index)
                && self.first_time(format!("named {}", truth.fault))
            {
                println!(
                    "{:6.1} s  weft says {} {}, confidence {:.2}, {:.1} s after: {}",
                    truth.begin + named.seconds,
                    named.class,
                    part(&named.device, &named.port),
                    named.confidence,
                    named.seconds,
                    named.sentence
                );
            }
        }
        for accused in &ledger.accusations {
            let Accusation { class, device, port, sentence, at_s, .. } = accused;
            if self.first_time(format!("accused {class} {device} {port}")) {
                println!("{at_s:6.1} s  weft wrongly says {class} {}: {sentence}", part(device, port));
            }
        }
    }

    fn first_time(&mut self, what: String) -> bool {
        self.told.insert(what)
    }

    /// The table, and the JSON lines.
    pub fn finish(&mut self, ledger: &Ledger) -> Result<()> {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_header([
            "fault",
            "injected at",
            "weft named",
            "after [s]",
            "lost, said [%]",
            "lost, measured [%]",
            "",
        ]);
        for (index, truth) in ledger.truths.iter().enumerate() {
            let named = ledger.named.get(&index);
            table.add_row([
                truth.script_class.to_owned(),
                place(truth),
                named.map_or(nobody(truth), |n| format!("{} {}", n.class, part(&n.device, &n.port))),
                named.map_or(String::new(), |n| format!("{:.1}", n.seconds)),
                percent(named.and_then(|n| n.lost_said)),
                percent(truth.step_loss),
                if ledger.right(index) { "right" } else { "WRONG" }.to_owned(),
            ]);
            self.write(&fault_line(truth, named, ledger.right(index)))?;
        }
        for accused in &ledger.accusations {
            self.write(&accusation_line(accused))?;
        }
        println!("{table}");
        for truth in &ledger.truths {
            if let Some(decoy) = &truth.decoy {
                println!("  {} looked worse during {} and was innocent", decoy, truth.script_class);
            }
        }
        let right = (0..ledger.truths.len()).filter(|&t| ledger.right(t)).count();
        println!("{right} of {} right, {} wrongly accused", ledger.truths.len(), ledger.accusations.len());
        if ledger.dropped > 0 {
            println!(
                "  {} frames never reached the analyzer: this machine is too slow for so many GPUs",
                ledger.dropped
            );
        }
        Ok(())
    }

    fn write(&mut self, line: &Value) -> Result<()> {
        match &mut self.json {
            Some(file) => writeln!(file, "{line}").context("cannot write the --json file"),
            None => Ok(()),
        }
    }
}

fn nobody(truth: &Truth) -> String {
    if truth.nature == Nature::Benign { "nobody, as is right" } else { "nobody" }.to_owned()
}

fn percent(part: Option<f64>) -> String {
    part.map_or(String::new(), |p| format!("{:.1}", p * 100.0))
}

fn part(device: &str, port: &str) -> String {
    if port.is_empty() { device.to_owned() } else { format!("{device}/{port}") }
}

fn place(truth: &Truth) -> String {
    match truth.device.is_empty() {
        true => format!("job {}", truth.job),
        false if truth.peer_device.is_empty() => part(&truth.device, &truth.port),
        false => {
            format!("{} (far end {})", part(&truth.device, &truth.port), part(&truth.peer_device, &truth.peer_port))
        }
    }
}

fn fault_line(truth: &Truth, named: Option<&Named>, ok: bool) -> Value {
    let named_part =
        |n: &Named| json!({"class": n.class, "device": n.device, "port": n.port, "confidence": n.confidence});
    json!({
        "fault": truth.script_class,
        "expected": {"class": truth.class, "device": truth.device, "port": truth.port},
        "named": named.map(named_part),
        "seconds": named.map(|n| n.seconds),
        "lost_said": named.and_then(|n| n.lost_said),
        "lost_measured": truth.step_loss,
        "ok": ok,
    })
}

/// Somebody accused where nothing was wrong: a row without an expectation.
fn accusation_line(accused: &Accusation) -> Value {
    let Accusation { class, device, port, confidence, .. } = accused;
    json!({
        "fault": null,
        "expected": null,
        "named": {"class": class, "device": device, "port": port, "confidence": confidence},
        "seconds": null,
        "lost_said": null,
        "lost_measured": null,
        "ok": false,
    })
}
