//! `[analyzer]`.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use weft_judge::features::FALSE_ALARMS;
use weft_settings::Wrong;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnalyzerConfig {
    /// Folder of devices.csv, ports.csv, cables.csv, jobs.csv: what should be there.
    pub plan: Option<PathBuf>,
    /// File of jobs (job,device,start_ns,end_ns,rank,group) that is watched; jobs.csv of the plan folder when absent.
    pub jobs: Option<PathBuf>,
    /// Folder of the analyzer's own database; nothing is kept over a restart without it.
    pub state: Option<PathBuf>,
    /// Event time that is held in memory for queries and the page, s.
    pub window_s: u64,
    /// The window takes no more memory than this; its oldest ticks go first.
    pub window_bytes: u64,
    /// A tick closes this much event time after its end, told by all live collectors or not, s.
    pub lateness_s: f64,
    /// False alarms that are allowed in a day, of all detectors in the whole fabric together: fewer take more evidence, and so
    /// more time.
    pub false_alarms_a_day: f64,
}

impl Default for AnalyzerConfig {
    fn default() -> Self {
        AnalyzerConfig {
            plan: None,
            jobs: None,
            state: None,
            window_s: 900,
            window_bytes: 2 << 30,
            lateness_s: 2.0,
            false_alarms_a_day: FALSE_ALARMS,
        }
    }
}

impl AnalyzerConfig {
    pub fn jobs_file(&self) -> Option<PathBuf> {
        self.jobs.clone().or_else(|| self.plan.as_ref().map(|plan| plan.join("jobs.csv")))
    }

    /// What the types cannot say.
    pub fn check(&self) -> Result<(), Wrong> {
        if !(0.0..=3600.0).contains(&self.lateness_s) {
            return Err(Wrong::new("analyzer.lateness_s", format!("{} is not within 0 to 3600", self.lateness_s)));
        }
        if let Err(what) = check_false_alarms(self.false_alarms_a_day) {
            return Err(Wrong::new("analyzer.false_alarms_a_day", what));
        }
        if self.window_s == 0 {
            return Err(Wrong::new("analyzer.window_s", "0 holds nothing; write 1 or more"));
        }
        if self.window_bytes < 1 << 20 {
            let what = format!("{} holds nothing; write 1048576 or more", self.window_bytes);
            return Err(Wrong::new("analyzer.window_bytes", what));
        }
        Ok(())
    }
}

/// Between one in 27 years and 1,000 a day.
fn check_false_alarms(allowed: f64) -> Result<f64, String> {
    let is_sound = (0.0001..=1_000.0).contains(&allowed);
    if is_sound { Ok(allowed) } else { Err(format!("{allowed} is not within 0.0001 to 1000")) }
}

/// The same of a flag.
pub fn false_alarms(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("{text} is no number")).and_then(check_false_alarms)
}
