//! Frames whose clocks are wrong, and the time that stands when most of them agree.

use super::super::collector::Collector;
use super::super::event::IngestEvent;
use super::super::split::tick_of;
use super::Ingest;
use weft_wire::Frame;

impl Ingest {
    pub(super) fn clock_is_sane(&self, id: u32, frame: &Frame) -> bool {
        let jump = self.config.clock_jump_ns;
        let near = |now: i64| frame.flush_ts_ns.abs_diff(now) <= jump.unsigned_abs();
        if self.collectors[id as usize].is_set_back(frame, self.bounds().patience_ns()) {
            return false;
        }
        // A lone collector is its own measure: a step of its clock is simply the new time.
        let alone = self.watermark.active() == 1 && self.watermark.is_active(id);
        let forward = self.watermark.now_ns().is_none_or(|now| frame.flush_ts_ns >= now);
        self.watermark.now_ns().is_none_or(near) || (alone && forward)
    }

    /// Frames far from all others, or of a clock that was set back, wait: when as many collectors are on that side as are on
    /// this, that side is right.
    pub(super) fn quarantine(&mut self, id: u32, frame: Box<Frame>) {
        self.stats.clock_jump_frames += 1;
        let watermark_ns = self.watermark.now_ns().unwrap_or_default();
        if self.quarantine.is_first_of(id) {
            let (collector, flush_ns) = (frame.collector.clone(), frame.flush_ts_ns);
            self.out.push(IngestEvent::ClockJump { collector, flush_ns, watermark_ns });
        }
        self.quarantine.add(id, frame);
        if self.quarantine.collectors() < self.watermark.active().max(1)
            || !self.quarantine.agree(self.config.clock_jump_ns)
        {
            return;
        }
        let frames = self.quarantine.take(self.config.clock_jump_ns);
        if let Some(oldest) = frames.iter().map(|f| f.flush_ts_ns).min() {
            self.go_back(oldest);
        }
        self.watermark.reset();
        self.closing.reset();
        // When they were last heard of is of another time; also, what is taken below must not be quarantined again for it.
        self.collectors.iter_mut().for_each(Collector::forget_times);
        if let Some(newest) = frames.iter().map(|f| f.flush_ts_ns).max() {
            let far = newest.saturating_add(self.config.clock_jump_ns);
            self.stats.bad_time_rows += self.aligner.drop_after(tick_of(far, self.config.tick_ns)) as u64;
        }
        frames.into_iter().for_each(|frame| self.take_frame(frame));
    }

    /// Ticks that were closed by clocks that have been set back since are reported anew.
    fn go_back(&mut self, flush_ns: i64) {
        let first = tick_of(flush_ns.saturating_sub(self.bounds().patience_ns()), self.config.tick_ns);
        if !self.aligner.is_closed(first) {
            return;
        }
        // What came in the old time is judged in that time.
        self.aligner.last_pending().into_iter().for_each(|last| self.close_through(last));
        self.aligner.reopen(first);
    }
}
