//! Which GPUs of a node a job has: `gres_detail`, one text for each of its nodes in their order.
//!
//! ```text
//! gpu:8(IDX:0-7)                            gpu0 … gpu7
//! gpu:h100:3(IDX:0,2-3),nic:1(IDX:0)        gpu0, gpu2, gpu3
//! gpu:2                                     not told which
//! ```

/// The most GPUs of one node that are believed.
const MOST: u64 = 64;

/// By number, in order; empty where the text does not tell.
pub fn indices(detail: &str) -> Vec<u64> {
    let mut found: Vec<u64> = Vec::new();
    for gres in detail.split(')') {
        let Some((what, index)) = gres.split_once("(IDX:") else { continue };
        let is_gpu = what.trim_start_matches(',').split(':').next() == Some("gpu");
        let ranges = index.split(',').filter(|_| is_gpu).filter_map(range);
        found.extend(ranges.flatten());
    }
    found.retain(|gpu| *gpu < MOST);
    found.sort_unstable();
    found.dedup();
    found
}

fn range(text: &str) -> Option<std::ops::RangeInclusive<u64>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse::<u64>().ok()?);
    Some(first..=last.min(MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gpus_are_read_off_their_indices() {
        for (detail, expected) in [
            ("gpu:8(IDX:0-7)", &[0, 1, 2, 3, 4, 5, 6, 7][..]),
            ("gpu:l40s:4(IDX:0-3)", &[0, 1, 2, 3]),
            ("gpu:h100:3(IDX:0,2-3),nic:1(IDX:7)", &[0, 2, 3]),
            ("nic:1(IDX:7),gpu:h100:1(IDX:5)", &[5]),
            ("gpu:2", &[]),
            ("gpu:2(IDX:N/A)", &[]),
            ("gpu:2(CNT:2)", &[]),
            ("gpu:a:2(IDX:3-1)", &[]),
            ("gpu:a:9(IDX:0-99999999999)", &(0..64).collect::<Vec<u64>>()),
        ] {
            assert_eq!(indices(detail), expected, "{detail}");
        }
    }
}
