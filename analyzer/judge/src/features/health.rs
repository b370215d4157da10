//! What a port's slower counters tell: its link, and packets that arrive damaged, are dropped or are held up.

use super::{Count, packed, rise};
use crate::fabric::TickBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, Int64Array};
use nonmax::NonMaxI64;
use serde::{Deserialize, Serialize};
use weft_wire::TableSchema;

/// Which counter of the catalogue tells which sign. Where several counters tell one sign, the first that has a value in a row
/// of the table tells it: a row with 7 `rx_errors` and 5 `rx_crc_errors` has 7 damaged packets.
const READS: &[(Sign, &str)] = &[
    (Sign::LinkUp, "link_up"),
    (Sign::DownEvents, "link_down_events"),
    (Sign::Damaged, "rx_errors"),
    (Sign::Damaged, "rx_crc_errors"),
    (Sign::Discarded, "rx_discards"),
    (Sign::PausedUs, "rx_pause_us"),
    (Sign::PauseFrames, "rx_pause_frames"),
    (Sign::Dropped, "tx_discards"),
    (Sign::Marked, "tx_ecn_marked_packets"),
];

/// What a port's slower counters tell. The number of a sign is its place in [`Health`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// 1 while the link has a carrier.
    LinkUp,
    /// How often the link went down.
    DownEvents,
    /// Packets that arrived damaged.
    Damaged,
    /// Packets that arrived well, and that the receiver dropped.
    Discarded,
    /// µs for which the other end held this port's sending up.
    PausedUs,
    /// Frames that asked this port to hold up its sending.
    PauseFrames,
    /// Packets that were dropped instead of sent.
    Dropped,
    /// Packets that were marked on the way out, because a queue was long.
    Marked,
}

/// How many signs there are: one more than the number of the last.
const SIGNS: usize = Sign::Marked as usize + 1;

/// The signs of one row, or the last ones that are known of a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Health(#[serde(with = "packed::counts")] [Count; SIGNS]);

impl Health {
    pub fn get(&self, sign: Sign) -> Option<i64> {
        self.0[sign as usize].map(|count| count.get())
    }

    pub fn link_up(&self) -> Option<bool> {
        self.get(Sign::LinkUp).map(|up| up != 0)
    }

    /// What the port drops on arrival is counted.
    pub fn tells_discards(&self) -> bool {
        self.get(Sign::Discarded).is_some()
    }

    /// For how long the port was held up is counted.
    pub fn tells_pauses(&self) -> bool {
        self.get(Sign::PausedUs).is_some()
    }

    /// How much a count rose from here to a later row; 0 where it fell, or where one of the two does not tell it.
    pub fn rose(&self, sign: Sign, later: &Health) -> i64 {
        rise(self.0[sign as usize], later.0[sign as usize]).unwrap_or(0).max(0)
    }

    /// Takes in a later row: what that row does not tell stays.
    pub fn update(&mut self, later: &Health) {
        self.0.iter_mut().zip(later.0).for_each(|(known, told)| *known = told.or(*known));
    }

    /// The counters begin anew; the link's state is none.
    pub fn restart(&mut self) {
        let link_up = self.0[Sign::LinkUp as usize];
        *self = Health::default();
        self.0[Sign::LinkUp as usize] = link_up;
    }
}

/// The columns of a batch that tell signs, in the order of [`READS`].
pub struct HealthColumns<'a>([Option<&'a Int64Array>; READS.len()]);

impl<'a> HealthColumns<'a> {
    pub fn of(batch: &'a TickBatch) -> HealthColumns<'a> {
        let column = |name: &str| {
            let column = batch.batch.column(batch.schema.column(name)? + TableSchema::KEYS);
            column.as_primitive_opt::<Int64Type>()
        };
        HealthColumns(std::array::from_fn(|at| column(READS[at].1)))
    }

    /// `None` when the row tells nothing of health.
    pub fn row(&self, row: usize) -> Option<Health> {
        let mut health = Health::default();
        for ((sign, _), column) in READS.iter().zip(self.0) {
            let known = &mut health.0[*sign as usize];
            *known = known.or_else(|| read(column?, row));
        }
        (health != Health::default()).then_some(health)
    }
}

/// The count of a row; `None` where the row does not tell it.
pub fn read(column: &Int64Array, row: usize) -> Count {
    column.is_valid(row).then(|| NonMaxI64::new(column.value(row))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::told;

    /// Rows of a network card that tell these counters, and the sign that they tell.
    #[test]
    fn of_several_counters_of_a_sign_the_first_that_a_row_has_tells_it() {
        let check = |counters: &[(&str, f64)], sign: Sign, expected: Option<i64>| {
            let batch = told(counters);
            let health = HealthColumns::of(&batch).row(0);
            assert_eq!(health.and_then(|health| health.get(sign)), expected, "{counters:?}");
        };
        check(&[("rx_errors", 7.0), ("rx_crc_errors", 5.0)], Sign::Damaged, Some(7));
        check(&[("rx_crc_errors", 5.0)], Sign::Damaged, Some(5));
        check(&[("rx_discards", 3.0)], Sign::Discarded, Some(3));
        check(&[("tx_bytes", 9.0)], Sign::Discarded, None);
    }

    fn health(told: &[(Sign, i64)]) -> Health {
        let mut health = Health::default();
        told.iter().for_each(|&(sign, value)| health.0[sign as usize] = NonMaxI64::new(value));
        health
    }

    #[test]
    fn what_a_row_does_not_tell_stays_and_a_restart_leaves_the_link() {
        let mut known = health(&[(Sign::LinkUp, 1), (Sign::Damaged, 5)]);
        let later = health(&[(Sign::Damaged, 9), (Sign::PausedUs, 7)]);
        assert_eq!([Sign::Damaged, Sign::PausedUs, Sign::Discarded].map(|sign| known.rose(sign, &later)), [4, 0, 0]);
        known.update(&later);
        assert_eq!(known, health(&[(Sign::LinkUp, 1), (Sign::Damaged, 9), (Sign::PausedUs, 7)]));
        assert_eq!(known.rose(Sign::Damaged, &health(&[(Sign::Damaged, 2)])), 0, "a count that fell");
        known.restart();
        assert_eq!((known.link_up(), known.get(Sign::Damaged)), (Some(true), None));
    }
}
