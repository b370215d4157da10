//! A set of sequence numbers as ranges: contiguous arrival keeps it at one range, whatever the count.

use std::collections::BTreeMap;

/// Ranges are bounded; beyond that the lowest two are joined, so that old holes are forgotten, never new frames.
const MAX_RANGES: usize = 1024;

/// Start → end, both inclusive; ranges neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SequenceSet {
    ranges: BTreeMap<u64, u64>,
}

impl SequenceSet {
    pub fn contains(&self, sequence: u64) -> bool {
        self.ranges.range(..=sequence).next_back().is_some_and(|(_, &end)| sequence <= end)
    }

    /// False when it was there already.
    pub fn insert(&mut self, sequence: u64) -> bool {
        if self.contains(sequence) {
            return false;
        }
        let mut start = sequence;
        let mut end = sequence;
        if let Some((&below, &below_end)) = self.ranges.range(..sequence).next_back()
            && below_end.checked_add(1) == Some(sequence)
        {
            start = below;
        }
        if let Some(above_end) = sequence.checked_add(1).and_then(|next| self.ranges.remove(&next)) {
            end = above_end;
        }
        self.ranges.insert(start, end);
        self.forget_old_holes();
        true
    }

    fn forget_old_holes(&mut self) {
        if self.ranges.len() <= MAX_RANGES {
            return;
        }
        if let (Some((first, _)), Some((_, end))) = (self.ranges.pop_first(), self.ranges.pop_first()) {
            self.ranges.insert(first, end);
        }
    }

    pub fn max(&self) -> Option<u64> {
        self.ranges.last_key_value().map(|(_, &end)| end)
    }

    pub fn ranges(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.ranges.iter().map(|(&start, &end)| (start, end))
    }

    pub fn from_ranges(ranges: impl IntoIterator<Item = (u64, u64)>) -> SequenceSet {
        SequenceSet { ranges: ranges.into_iter().filter(|(start, end)| start <= end).collect() }
    }

    /// The parts of `from..=to` that are not in the set, lowest first.
    pub fn holes(&self, from: u64, to: u64) -> Vec<(u64, u64)> {
        let mut holes = Vec::new();
        let mut next = from;
        let first = self.ranges.range(..=from).next_back().map_or(from, |(&start, _)| start);
        for (&start, &end) in self.ranges.range(first..=to.max(first)) {
            if end < next {
                continue;
            }
            if start > next {
                holes.push((next, start - 1));
            }
            match end.checked_add(1) {
                Some(after) => next = after,
                None => return holes,
            }
        }
        if next <= to {
            holes.push((next, to));
        }
        holes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn it_behaves_as_a_set() {
        let mut set = SequenceSet::default();
        let mut model = BTreeSet::new();
        // A multiplicative walk over 0..97 visits each number in a scattered order, twice.
        for i in 0..194u64 {
            let n = i * 37 % 97;
            assert_eq!(set.insert(n), model.insert(n));
            assert_eq!(set.holes(0, 96).iter().map(|(a, b)| b - a + 1).sum::<u64>(), 97 - model.len() as u64);
        }
        assert_eq!(set.ranges().collect::<Vec<_>>(), [(0, 96)]);
        assert!(set.insert(u64::MAX) && !set.insert(u64::MAX));
        assert_eq!(set.holes(90, 100), [(97, 100)]);
    }
}
