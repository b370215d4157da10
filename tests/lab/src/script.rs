//! What is to be done in a pass: rounds drawn by the seed, or a judge's `faults.csv`.

use crate::faults::{FAULTS, Fault, Place};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::path::Path;
use std::time::Duration;

/// One fault to come; what is `None` is drawn.
#[derive(Clone, Debug)]
pub struct Planned {
    pub class: String,
    /// Since the pass began; `None`: as soon as the job is back at its pace.
    pub at: Option<Duration>,
    pub lasts: Duration,
    pub strength: f64,
    pub device: Option<String>,
    pub port: Option<String>,
}

impl Planned {
    pub fn fault(&self) -> Result<&'static Fault> {
        Fault::of(&self.class)
    }

    /// Whether a drawn place agrees with what was asked for.
    pub fn admits(&self, place: &Place) -> bool {
        self.device.as_ref().is_none_or(|d| *d == place.device) && self.port.as_ref().is_none_or(|p| *p == place.port)
    }

    /// The place, when it is asked for in full.
    pub fn place(&self) -> Option<Place> {
        let device = self.device.clone()?;
        let whole_device = self.class == "host_straggler";
        let port = if whole_device { String::new() } else { self.port.clone()? };
        Some(Place { device, port })
    }
}

/// `rounds` of every fault, class after class within each round, so that a flap follows its first pull.
pub fn drawn(rounds: usize, quick: bool) -> Vec<Planned> {
    let row = |fault: &Fault| Planned {
        class: fault.class.into(),
        at: None,
        lasts: if quick { fault.lasts.min(Duration::from_secs(12)) } else { fault.lasts },
        strength: fault.strength,
        device: None,
        port: None,
    };
    (0..rounds).flat_map(|_| FAULTS.iter().map(row)).collect()
}

#[derive(Deserialize)]
struct ScriptRow {
    at_s: f64,
    for_s: Option<f64>,
    class: String,
    #[serde(default)]
    device: String,
    #[serde(default)]
    port: String,
    strength: Option<f64>,
}

/// Reads `at_s,for_s,class,device,port,strength`. Faults of the lab come one after the other: rows may not overlap.
pub fn read(path: &Path) -> Result<Vec<Planned>> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_path(path)
        .with_context(|| path.display().to_string())?;
    let mut planned: Vec<Planned> = Vec::new();
    for row in reader.deserialize() {
        let row: ScriptRow = row.with_context(|| path.display().to_string())?;
        let next = plan_row(row).with_context(|| format!("{}:{}", path.display(), planned.len() + 2))?;
        if let (Some(last), Some(at)) = (planned.last(), next.at) {
            let end = last.at.unwrap_or_default() + last.lasts;
            ensure!(
                at >= end,
                "{}:{}: begins before the row above has ended; the lab has one fault at a time",
                path.display(),
                planned.len() + 2
            );
        }
        planned.push(next);
    }
    Ok(planned)
}

fn plan_row(row: ScriptRow) -> Result<Planned> {
    let fault = Fault::of(&row.class)?;
    let strength = row.strength.unwrap_or(fault.strength);
    ensure!((0.0..=1.0).contains(&strength), "strength {strength}: want 0 to 1");
    let seconds = |s: f64| Duration::try_from_secs_f64(s).with_context(|| format!("{s} s: want a time from 0 on"));
    let some = |text: String| (!text.is_empty()).then_some(text);
    Ok(Planned {
        class: row.class,
        at: Some(seconds(row.at_s)?),
        lasts: row.for_s.map(seconds).transpose()?.unwrap_or(fault.lasts),
        strength,
        device: some(row.device),
        port: some(row.port),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(rows: &str) -> Result<Vec<Planned>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("faults.csv");
        std::fs::write(&path, format!("at_s,for_s,class,device,port,strength\n{rows}")).unwrap();
        read(&path)
    }

    #[test]
    fn empty_fields_are_left_to_the_seed() {
        let rows = script("10,20,slow_link,,,\n60,8,link_down,h1,eth1,1\n").unwrap();
        assert_eq!((rows[0].place(), rows[0].strength), (None, 0.5));
        assert_eq!(rows[1].place(), Some(Place { device: "h1".into(), port: "eth1".into() }));
    }

    #[test]
    fn wrong_rows_are_told_with_their_line() {
        for (rows, word) in [
            ("10,20,slowlink,,,\n", "slow_link"),
            ("10,20,slow_link,,,7\n", "0 to 1"),
            ("0,20,slow_link,,,\n5,2,slow_link,,,\n", ":3"),
        ] {
            let error = format!("{:#}", script(rows).unwrap_err());
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn a_flap_follows_the_pull_of_its_round() {
        let classes: Vec<String> = drawn(1, true).into_iter().map(|p| p.class).collect();
        let at = |class: &str| classes.iter().position(|c| c == class);
        assert!(at("link_down") < at("link_flap") && at("link_down").is_some());
    }
}
