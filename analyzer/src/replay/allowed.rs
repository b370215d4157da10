//! `--false-alarms-a-day`, of every command that judges a trace.

use crate::live::false_alarms;
use weft_judge::features::FALSE_ALARMS;

#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Allowed {
    /// False alarms that are allowed in a day, of the whole fabric, as `[analyzer] false_alarms_a_day`
    #[arg(long = "false-alarms-a-day", value_name = "N", default_value_t = FALSE_ALARMS, value_parser = false_alarms)]
    pub false_alarms: f64,
}

impl Default for Allowed {
    fn default() -> Allowed {
        Allowed { false_alarms: FALSE_ALARMS }
    }
}
