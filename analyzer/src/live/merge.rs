//! Messages of several partitions, put in order of time while the past is read again.
//!
//! After a restart each partition is read from minutes ago, and a broker hands out minutes of one partition before it hands
//! out any of another. By event time most of the second partition's frames would come too late. So messages older than
//! [`FRESH_MS`] are put in order of the time at which the broker appended them: the oldest message waits until every partition
//! that still has messages has shown a later one. Fresh messages pass at once. This file decides only *when* a message is
//! taken in, never what is made of it, so that it may look at the wall clock.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};
use weft_transport::{Delivery, UNCOMMITTED};

/// Younger than this, by the broker's clock against ours: nothing to catch up with.
const FRESH_MS: i64 = 2_000;
/// A partition silent for this long has nothing to say.
const QUIET: Duration = Duration::from_secs(1);
/// Held messages are bounded; beyond that the oldest goes on.
const MAX_HELD: usize = 200_000;
const MAX_HELD_BYTES: usize = 256 << 20;

#[derive(Debug, Default)]
pub struct Merge {
    partitions: BTreeMap<i32, Partition>,
    /// Passed at once: no order to keep.
    through: VecDeque<Delivery>,
    held: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Partition {
    waiting: VecDeque<Delivery>,
    heard: Instant,
}

impl Merge {
    pub fn assign(&mut self, partitions: &[i32], now: Instant) {
        for &partition in partitions {
            self.partitions.entry(partition).or_insert_with(|| Partition { waiting: VecDeque::new(), heard: now });
        }
    }

    /// What was read of them and not taken in comes to whoever has them now.
    pub fn revoke(&mut self, partitions: &[i32]) {
        for gone in partitions.iter().filter_map(|p| self.partitions.remove(p)) {
            self.held -= gone.waiting.len();
            self.bytes -= gone.waiting.iter().map(|d| d.payload.len()).sum::<usize>();
        }
    }

    pub fn add(&mut self, delivery: Delivery, now: Instant) {
        if delivery.broker_ts_ms.is_none() || delivery.partition == UNCOMMITTED {
            return self.through.push_back(delivery);
        }
        let new = || Partition { waiting: VecDeque::new(), heard: now };
        let partition = self.partitions.entry(delivery.partition).or_insert_with(new);
        partition.heard = now;
        self.held += 1;
        self.bytes += delivery.payload.len();
        partition.waiting.push_back(delivery);
    }

    /// The next message whose turn it is. `wall_ms`: now, Unix ms.
    pub fn next(&mut self, now: Instant, wall_ms: i64) -> Option<Delivery> {
        if let Some(delivery) = self.through.pop_front() {
            return Some(delivery);
        }
        let heads = self.partitions.iter().filter_map(|(id, p)| Some((p.waiting.front()?.broker_ts_ms?, *id)));
        let (oldest_ms, partition) = heads.min()?;
        let is_full = self.held > MAX_HELD || self.bytes > MAX_HELD_BYTES;
        if !(is_full || wall_ms - oldest_ms < FRESH_MS || self.all_have_spoken(now)) {
            return None;
        }
        let delivery = self.partitions.get_mut(&partition)?.waiting.pop_front()?;
        self.held -= 1;
        self.bytes -= delivery.payload.len();
        Some(delivery)
    }

    fn all_have_spoken(&self, now: Instant) -> bool {
        self.partitions.values().all(|p| !p.waiting.is_empty() || now.duration_since(p.heard) > QUIET)
    }

    pub fn is_empty(&self) -> bool {
        self.held == 0 && self.through.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_transport::Topic;

    fn delivery(partition: i32, at_ms: i64) -> Delivery {
        Delivery {
            topic: Topic::Frames,
            partition,
            offset: at_ms,
            key: String::new(),
            payload: bytes::Bytes::from_static(b"x"),
            broker_ts_ms: Some(at_ms),
        }
    }

    fn taken(merge: &mut Merge, now: Instant, wall_ms: i64) -> Vec<(i32, i64)> {
        std::iter::from_fn(|| merge.next(now, wall_ms)).map(|d| (d.partition, d.offset)).collect()
    }

    #[test]
    fn the_past_comes_in_order_of_time() {
        let (mut merge, now) = (Merge::default(), Instant::now());
        merge.assign(&[0, 1, 2], now);
        (1..4).for_each(|n| merge.add(delivery(0, n * 1000), now));
        assert_eq!(taken(&mut merge, now, 1_000_000), []);
        (1..3).for_each(|n| merge.add(delivery(1, n * 1000 + 1), now));
        assert_eq!(taken(&mut merge, now, 1_000_000), []);
        // Partition 2 has nothing to say: after a while nobody waits for it.
        let later = now + Duration::from_millis(1500);
        merge.add(delivery(1, 9000), later);
        assert_eq!(
            taken(&mut merge, later, 1_000_000),
            [(0, 1000), (1, 1001), (0, 2000), (1, 2001), (0, 3000), (1, 9000)]
        );
        assert!(merge.is_empty());
    }

    #[test]
    fn the_present_waits_for_nobody() {
        let (mut merge, now) = (Merge::default(), Instant::now());
        merge.assign(&[0, 1], now);
        merge.add(delivery(0, 999_000), now);
        assert_eq!(taken(&mut merge, now, 1_000_000), [(0, 999_000)]);
        merge.add(Delivery { broker_ts_ms: None, ..delivery(5, 1) }, now);
        assert_eq!(taken(&mut merge, now, 1_000_000), [(5, 1)]);
    }

    #[test]
    fn a_partition_that_left_leaves_nothing() {
        let (mut merge, now) = (Merge::default(), Instant::now());
        merge.assign(&[0, 1], now);
        merge.add(delivery(0, 1), now);
        merge.revoke(&[0]);
        assert!(merge.is_empty());
    }
}
