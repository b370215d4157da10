//! truth.csv of a recording: what the lab did, for `weft score` and other judges.

use crate::verdict::Row;
use anyhow::{Context, Result};
use std::fmt::Write;
use std::path::Path;

#[derive(Default)]
pub struct Truth(String);

impl Truth {
    /// `interval`: from injection to mending, ns.
    pub fn add(&mut self, row: &Row, interval: (i64, i64)) {
        let loss = row.lost_measured.map(|l| format!("{l:.4}")).unwrap_or_default();
        let number = self.0.lines().count() + 1;
        let place = &row.expected;
        let (start, end) = interval;
        let _ = writeln!(self.0, "{number},{},{},{},{start},{end},{loss},", place.class, place.device, place.port);
    }

    pub fn write(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join("truth.csv");
        let text = format!("fault,class,device,port,start_ns,end_ns,step_loss,note\n{}", self.0);
        std::fs::write(&path, text).with_context(|| path.display().to_string())
    }
}
