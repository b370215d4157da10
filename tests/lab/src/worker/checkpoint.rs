//! A checkpoint: every rank stops for two seconds and writes to disk. Benign: weft must not accuse anyone.

use anyhow::Result;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

const TAKES: Duration = Duration::from_secs(2);
const PIECES: u32 = 8;
const PIECE_BYTES: usize = 1 << 20;

/// Writes in pieces spread over the two seconds, syncs, and takes the file away again.
pub fn write(folder: &Path, rank: usize) -> Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("rank{rank}.ckpt"));
    let start = Instant::now();
    let mut file = File::create(&path)?;
    let piece = vec![rank as u8; PIECE_BYTES];
    for n in 1..=PIECES {
        file.write_all(&piece)?;
        std::thread::sleep((TAKES * n / PIECES).saturating_sub(start.elapsed()));
    }
    file.sync_data()?;
    Ok(fs::remove_file(&path)?)
}
