//! One incarnation of one collector: repeats, order, holes.
//!
//! ```text
//!            seen in this run                  head
//!  0 1 2 3 4 5 6 7 8 · · 11 12 13 14 · 16      = 9: first number not yet seen or given up
//!                    └┬┘             └┬┘
//!                  a hole, given up when frame 11 is older than the lateness bound
//! ```

use super::sequence::SequenceSet;
use std::collections::BTreeMap;

/// Frames that may wait behind a hole before it is given up whatever their age.
const MAX_AHEAD: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Came before, in this run: drop it.
    Repeat,
    New {
        /// False when an earlier run of this analyzer counted it: it rebuilds the window, and is not counted again.
        counted: bool,
        /// It is below the head: a hole already given up may hold it.
        behind: bool,
    },
}

/// Sequence numbers given up, with the flush times around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    pub from: u64,
    pub to: u64,
    pub from_ns: i64,
    pub to_ns: i64,
    /// Frames the collector says it dropped in this span.
    pub dropped: u64,
    /// No number is missing: the frame `from` = `to` came, and tells of drops that had none.
    pub is_in_sequence: bool,
}

/// What is kept of a frame that came: the part of its header that holes are described by.
#[derive(Clone, Copy, Debug)]
struct FrameMark {
    flush_ns: i64,
    /// Frames that the collector had dropped by then, in all.
    dropped: u64,
}

/// What came before the first frame of this run: where a hole at the very beginning starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Before {
    /// Flush time of the last frame before, ns.
    pub flush_ns: i64,
    /// Frames that the collector had dropped by then; `None`: not known.
    pub dropped: Option<u64>,
}

#[derive(Debug)]
pub struct BootStream {
    pub boot: u64,
    /// Sequence numbers that came in this run or in an earlier one: what the marks in the state database hold.
    pub counted: SequenceSet,
    /// Sequence numbers that came in this run.
    seen: SequenceSet,
    head: u64,
    ahead: BTreeMap<u64, FrameMark>,
    /// The frame below the head.
    last: Option<FrameMark>,
    /// What was known before this run, while no frame of it has come.
    before: Option<Before>,
    holes: Vec<Hole>,
}

impl BootStream {
    /// `head`: 0 when the incarnation began under our eyes, else the number of the first frame heard of it.
    pub fn new(boot: u64, head: u64, counted: SequenceSet, before: Option<Before>) -> BootStream {
        let (seen, ahead) = Default::default();
        BootStream { boot, counted, seen, head, ahead, last: None, before, holes: Vec::new() }
    }

    /// Frames that the collector said it had dropped, by the frame below the head.
    pub fn dropped(&self) -> Option<u64> {
        self.last.map(|last| last.dropped)
    }

    /// Every frame flushed up to this time has come: the flush time of the latest frame without a hole below it.
    pub fn complete_through_ns(&self) -> Option<i64> {
        self.last.map(|last| last.flush_ns)
    }

    pub fn arrive(&mut self, sequence: u64, flush_ns: i64, dropped: u64) -> Arrival {
        if !self.seen.insert(sequence) {
            return Arrival::Repeat;
        }
        let counted = self.counted.insert(sequence);
        let behind = sequence < self.head;
        if !behind {
            self.ahead.insert(sequence, FrameMark { flush_ns, dropped });
            self.advance();
            if self.ahead.len() > MAX_AHEAD {
                self.give_up_first();
            }
        }
        Arrival::New { counted, behind }
    }

    /// Gives up the holes below frames flushed before `before_ns`, and returns all that were given up since the last call.
    pub fn age(&mut self, before_ns: i64) -> Vec<Hole> {
        while self.ahead.first_key_value().is_some_and(|(_, frame)| frame.flush_ns < before_ns) {
            self.give_up_first();
        }
        std::mem::take(&mut self.holes)
    }

    fn give_up_first(&mut self) {
        if let Some((&first, &above)) = self.ahead.first_key_value() {
            self.pass(first.saturating_sub(1), above);
            self.head = first;
            self.advance();
        }
    }

    fn advance(&mut self) {
        while let Some(frame) = self.ahead.remove(&self.head) {
            // A drop that took no sequence number: the frame that tells of it stands for it.
            if self.last.is_some_and(|last| frame.dropped > last.dropped) {
                self.note(self.head, self.head, frame, true);
            }
            self.last = Some(frame);
            self.head = self.head.saturating_add(1);
        }
    }

    /// Gives up `head..=to`, less what an earlier run already has.
    fn pass(&mut self, to: u64, above: FrameMark) {
        for (from, to) in self.counted.holes(self.head, to) {
            self.note(from, to, above, false);
        }
        // The holes stand for the drops, which must not be counted twice.
        self.last =
            Some(FrameMark { dropped: above.dropped, flush_ns: self.last.map_or(above.flush_ns, |l| l.flush_ns) });
    }

    fn note(&mut self, from: u64, to: u64, above: FrameMark, is_in_sequence: bool) {
        let below = self.last.unwrap_or_else(|| self.below_all(above));
        let dropped = above.dropped.saturating_sub(below.dropped);
        let (from_ns, to_ns) = (below.flush_ns, above.flush_ns);
        self.holes.push(Hole { from, to, from_ns, to_ns, dropped, is_in_sequence });
    }

    /// What stands for the frame below the first of this run.
    fn below_all(&self, above: FrameMark) -> FrameMark {
        let Some(Before { flush_ns, dropped }) = self.before else {
            return FrameMark { flush_ns: above.flush_ns, dropped: 0 };
        };
        FrameMark { flush_ns: flush_ns.min(above.flush_ns), dropped: dropped.unwrap_or(above.dropped) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(stream: &mut BootStream, sequences: &[u64]) -> Vec<Arrival> {
        sequences.iter().map(|&s| stream.arrive(s, s as i64 * 10, 0)).collect()
    }

    #[test]
    fn a_hole_is_given_up_only_when_old() {
        let mut stream = BootStream::new(1, 0, SequenceSet::default(), None);
        feed(&mut stream, &[0, 1, 4, 5]);
        assert_eq!(stream.complete_through_ns(), Some(10));
        assert_eq!(stream.age(40), []);
        let holes = stream.age(41);
        assert_eq!((holes[0].from, holes[0].to, holes[0].from_ns, holes[0].to_ns), (2, 3, 10, 40));
        assert_eq!(stream.complete_through_ns(), Some(50));
        assert_eq!(feed(&mut stream, &[3, 3]), [Arrival::New { counted: true, behind: true }, Arrival::Repeat]);
    }

    #[test]
    fn order_within_the_bound_leaves_no_trace() {
        let mut stream = BootStream::new(1, 0, SequenceSet::default(), None);
        feed(&mut stream, &[2, 0, 1, 3, 2]);
        assert_eq!((stream.complete_through_ns(), stream.age(i64::MAX)), (Some(30), vec![]));
    }

    #[test]
    fn what_an_earlier_run_counted_is_rebuilt_but_not_counted_nor_lost() {
        let counted = SequenceSet::from_ranges([(0, 6)]);
        let mut stream = BootStream::new(1, 3, counted, None);
        assert_eq!(feed(&mut stream, &[3, 8])[0], Arrival::New { counted: false, behind: false });
        let holes = stream.age(i64::MAX);
        assert_eq!(holes.iter().map(|h| (h.from, h.to)).collect::<Vec<_>>(), [(7, 7)]);
    }

    #[test]
    fn a_hole_before_the_first_frame_begins_where_the_earlier_run_ended() {
        let check = |dropped, above_dropped, expected| {
            let before = Some(Before { flush_ns: 60, dropped });
            let mut stream = BootStream::new(1, 7, SequenceSet::from_ranges([(0, 6)]), before);
            stream.arrive(19, 190, above_dropped);
            let holes: Vec<_> = stream.age(200).iter().map(|h| (h.from, h.to, h.from_ns, h.to_ns, h.dropped)).collect();
            assert_eq!(holes, [(7, 18, 60, 190, expected)]);
        };
        // What it had dropped long ago explains nothing of this.
        check(Some(5), 5, 0);
        check(Some(5), 8, 3);
        check(None, 5, 0);
    }

    #[test]
    fn drops_that_the_collector_reports_are_counted_once() {
        let mut stream = BootStream::new(1, 0, SequenceSet::default(), None);
        stream.arrive(0, 0, 0);
        stream.arrive(3, 30, 2);
        stream.arrive(4, 40, 2);
        stream.arrive(5, 50, 7);
        let holes: Vec<_> = stream.age(100).iter().map(|h| (h.from, h.to, h.dropped)).collect();
        assert_eq!(holes, [(1, 2, 2), (5, 5, 5)]);
    }
}
