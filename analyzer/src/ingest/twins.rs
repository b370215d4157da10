//! Two collectors of one name: a cloned machine that is still called `localhost`, or one `--id` copied to a second node. Their
//! frames come in turns, and if they were taken for one collector's, counters would leap and links would flap.
//!
//! A restart looks the same at first, since it too is a new incarnation under a known name. But after a restart the earlier
//! incarnation falls silent, while a twin goes on: the flush times of both rise side by side. From then on the frames of the
//! incarnation that began later are taken, and those of the other are set aside, until either has ended.

/// Incarnations of one name that are watched at once.
const MAX_WATCHED: usize = 4;
/// Frames by which an incarnation goes on after a later one was first heard. A restart leaves none: whatever the order of
/// arrival, its last flush is before the first of the next.
const GOES_ON: u32 = 2;
/// For how long the flush times of both overlap before they are taken for twins, ns.
const OVERLAP_NS: i64 = 1_000_000_000;
/// An incarnation of which no frame came while so many of the others came has ended.
const ENDED: u32 = 30;

#[derive(Debug)]
struct Watched {
    boot: u64,
    first_ns: i64,
    last_ns: i64,
    /// Frames that brought its time forward since a later incarnation was first heard.
    goes_on: u32,
    /// Frames of others since its last one.
    silent: u32,
}

/// The incarnations of one name, in the order in which they were first heard.
#[derive(Debug, Default)]
pub struct Twins {
    watched: Vec<Watched>,
    was_said: bool,
}

/// What to do with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Its collector is the only one of that name, or the one that is heard.
    Alone,
    /// Another of that name is heard instead.
    Twin { heard: u64, is_first: bool },
}

impl Twins {
    pub fn hear(&mut self, boot: u64, flush_ns: i64) -> Heard {
        self.note(boot, flush_ns);
        let twin = self.twins_of(boot).max().filter(|heard| *heard > boot);
        match twin {
            None => Heard::Alone,
            Some(heard) => Heard::Twin { heard, is_first: !std::mem::replace(&mut self.was_said, true) },
        }
    }

    fn note(&mut self, boot: u64, flush_ns: i64) {
        self.watched.iter_mut().filter(|w| w.boot != boot).for_each(|w| w.silent += 1);
        self.watched.retain(|w| w.silent <= ENDED);
        self.was_said &= self.watched.iter().any(|w| w.boot != boot);
        let Some(at) = self.watched.iter().position(|w| w.boot == boot) else {
            if self.watched.len() == MAX_WATCHED {
                self.watched.remove(0);
            }
            self.watched.push(Watched { boot, first_ns: flush_ns, last_ns: flush_ns, goes_on: 0, silent: 0 });
            return;
        };
        let is_followed = at + 1 < self.watched.len();
        let watched = &mut self.watched[at];
        watched.silent = 0;
        if flush_ns > watched.last_ns {
            watched.last_ns = flush_ns;
            watched.goes_on = watched.goes_on.saturating_add(u32::from(is_followed));
        }
    }

    fn twins_of(&self, boot: u64) -> impl Iterator<Item = u64> + '_ {
        let own = self.watched.iter().position(|w| w.boot == boot);
        let is_twin = move |at: usize| own.is_some_and(|own| own != at && self.are_twins(own.min(at), own.max(at)));
        (0..self.watched.len()).filter(move |at| is_twin(*at)).map(|at| self.watched[at].boot)
    }

    fn are_twins(&self, earlier: usize, later: usize) -> bool {
        let (earlier, later) = (&self.watched[earlier], &self.watched[later]);
        let overlap_ns = earlier.last_ns.min(later.last_ns).saturating_sub(earlier.first_ns.max(later.first_ns));
        earlier.goes_on >= GOES_ON && overlap_ns >= OVERLAP_NS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000_000;

    /// How many of the frames (incarnation, second) are set aside, by incarnation.
    fn check(frames: impl IntoIterator<Item = (u64, i64)>) -> Vec<u64> {
        let mut twins = Twins::default();
        let mut aside = |(boot, second): (u64, i64)| twins.hear(boot, second * S) != Heard::Alone;
        let mut boots: Vec<(u64, i64)> = frames.into_iter().filter(|frame| aside(*frame)).collect();
        boots.sort_unstable();
        boots.into_iter().map(|(boot, _)| boot).collect()
    }

    #[test]
    fn of_two_that_go_on_the_later_one_is_heard() {
        for (first, second) in [(5, 9), (9, 5)] {
            let aside = check((0..60).flat_map(|s| [(first, s), (second, s)]).skip(20));
            assert!(aside.len() >= 46 && aside.iter().all(|boot| *boot == 5), "{first} {second}: {aside:?}");
        }
    }

    #[test]
    fn three_of_one_name_leave_one() {
        let aside = check((0..60).flat_map(|s| [(5, s), (9, s), (7, s)]));
        assert!(!aside.contains(&9) && aside.iter().filter(|b| **b == 7).count() > 50, "{aside:?}");
    }

    #[test]
    fn a_restart_sets_nothing_aside_in_whatever_order_its_frames_come() {
        let story = |second: i64| (if second < 30 { 5 } else { 9 }, second);
        for shift in 0..7 {
            // A second of lateness for every so many frames, both ways across the restart.
            let frames = (0..60).map(|n| story(if n % 7 == shift { (n - 2).max(0) } else { (n + 2).min(59) }));
            assert_eq!(check(frames), [0; 0], "{shift}");
        }
        assert_eq!(check((0..200).map(|s| (1 + s as u64 / 20, s))), [0; 0], "restarts over and over");
    }

    #[test]
    fn a_clock_set_back_by_an_hour_at_a_restart_sets_nothing_aside() {
        assert_eq!(check((0..7200).map(|s| (9, s)).chain((3600..7300).map(|s| (5, s)))), [0; 0]);
    }

    #[test]
    fn when_the_one_that_was_heard_ends_the_other_is_heard_again() {
        let both = (0..20).flat_map(|s| [(5, s), (9, s)]);
        let aside = check(both.chain((20..200).map(|s| (5, s))));
        assert!(aside.len() < 20 + ENDED as usize, "{}", aside.len());
    }

    #[test]
    fn it_is_said_once_while_it_lasts() {
        let mut twins = Twins::default();
        let heard: Vec<Heard> = (0..60).flat_map(|s| [(5, s), (9, s)]).map(|(b, s)| twins.hear(b, s * S)).collect();
        let firsts = heard.iter().filter(|h| matches!(h, Heard::Twin { is_first: true, .. })).count();
        assert_eq!(firsts, 1);
    }
}
