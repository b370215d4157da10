//! The readings of a job's hosts side by side: one row an interval, with what each host has sent and received by then.
//!
//! ```text
//! h0 eth0     |·····················|·····················|          every collector reads at a moment of its own
//! h1 eth0        |·····················|·····················|       but always after the same time
//! rows     └─────── row 7 ───────┘└─────── row 8 ───────┘            a row reaches half an interval to either side
//! ```
//! Hosts that are read far from the others (half an interval, say) are at another place of the iteration, and cannot be compared
//! with them. A row holds the largest group of hosts that are read together, and the others as hosts that did not tell:
//!
//! ```text
//! within the interval of 2 s     h0 h1 h4          h2 h3          h0, h1 and h4 are read at 0.02 s, h2 and h3 at 1.01 s:
//!                               └─ a row ─┘                       rows are of h0, h1 and h4
//! ```
//! Of a host with several ports the bytes are added up; a host of which one port did not tell is not known in that row. Counts
//! that fall were set back: what was sent meanwhile is not known, so that the host goes on from where it stood.

use super::super::sample::{Count, Sample, rise};
use nonmax::NonMaxI64;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::VecDeque;

/// Rows that wait to be complete. Those of one tick of 1 s at readings of 100 Hz, and one beside them.
const MOST_PENDING: usize = 128;
/// Hosts are read together whose moments lie within so large a part of the interval; half of it is as far apart as can be …
const TOGETHER: f64 = 0.45;
/// … or within this time, a quarter of the shortest iteration of training (0.4 s), which no collector's jitter exceeds.
const TOGETHER_NS: i64 = 100_000_000;
/// Ticks with readings until all collectors are taken to have told.
const FIRST_TICKS: u32 = 8;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Aligned {
    interval_ns: i64,
    /// The middle of a row lies so long after a multiple of the interval.
    phase_ns: Option<i64>,
    /// Ticks with readings so far.
    ticks: u32,
    ports: Vec<PortBytes>,
    pending: VecDeque<Pending>,
    /// The last row that was handed out.
    closed: i64,
}

/// What one port has sent and received since it was first read.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct PortBytes {
    sent: f64,
    received: f64,
    last: Option<Last>,
    /// The last row that it is told in: the first reading of a row counts.
    row: i64,
    /// How long after a multiple of the interval it was read the last time.
    #[serde(with = "super::super::packed::count")]
    phase_ns: Count,
}

impl Default for PortBytes {
    fn default() -> PortBytes {
        PortBytes { sent: 0.0, received: 0.0, last: None, row: i64::MIN, phase_ns: None }
    }
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Last {
    #[serde(with = "super::super::packed::count")]
    sent: Count,
    #[serde(with = "super::super::packed::count")]
    received: Count,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Pending {
    row: i64,
    /// The times of its readings after the middle of the row, added up, and how many there are.
    after_ns: i64,
    readings: i64,
    hosts: Vec<Told>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Told {
    sent: f64,
    received: f64,
    ports: u16,
}

/// One row. Bytes since the host was first read; NaN of hosts that did not tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The mean time of its readings.
    pub ts_ns: i64,
    pub sent: Vec<f64>,
    pub received: Vec<f64>,
}

impl Aligned {
    /// Takes in the readings of a tick that ends at `now_ns`, and hands out the rows that are complete by then. `hosts`: of each
    /// host its ports' readings in this tick, each port's in order of time.
    pub fn update(&mut self, interval_ns: i64, now_ns: i64, hosts: &[Vec<&[(usize, Sample)]>]) -> Vec<Row> {
        let ports: usize = hosts.iter().map(Vec::len).sum();
        if (self.interval_ns, self.ports.len()) != (interval_ns, ports) {
            *self = Aligned { interval_ns, closed: i64::MIN, ..Aligned::default() };
            self.ports.resize(ports, PortBytes::default());
        }
        self.find_phase(hosts);
        let mut port = 0;
        for (host, own) in hosts.iter().enumerate() {
            for readings in own {
                readings.iter().for_each(|(_, sample)| self.add(hosts.len(), host, port, sample));
                port += 1;
            }
        }
        let phase_ns = self.phase_ns.unwrap_or(0);
        let ends_ns = |row: i64| row * interval_ns + phase_ns + interval_ns / 2;
        let complete = self.pending.iter().take_while(|row| ends_ns(row.row) <= now_ns).count();
        let complete = complete.max(self.pending.len().saturating_sub(MOST_PENDING));
        let rows: Vec<Pending> = self.pending.drain(..complete).collect();
        self.closed = rows.last().map_or(self.closed, |row| row.row);
        rows.into_iter().map(|row| self.row(row, hosts)).collect()
    }

    /// Where in the interval most hosts are read: followed while half of the ports are read about there, for intervals of reading are
    /// a little longer or shorter than they say, and else, and in the first ticks, looked for anew.
    fn find_phase(&mut self, hosts: &[Vec<&[(usize, Sample)]>]) {
        let (interval_ns, mut told) = (self.interval_ns, false);
        for (port, readings) in self.ports.iter_mut().zip(hosts.iter().flatten()) {
            if let Some((_, first)) = readings.first() {
                (port.phase_ns, told) = (NonMaxI64::new(first.ts_ns.rem_euclid(interval_ns)), true);
            }
        }
        if !told {
            return;
        }
        self.ticks = self.ticks.saturating_add(1);
        let phases = || self.ports.iter().filter_map(|port| Some(port.phase_ns?.get()));
        let Some(phase_ns) = self.phase_ns.filter(|_| self.ticks > FIRST_TICKS) else {
            self.phase_ns = Some(middle_of_most(phases().collect(), interval_ns));
            return;
        };
        let later = |to_ns: i64| (to_ns - phase_ns + interval_ns / 2).rem_euclid(interval_ns) - interval_ns / 2;
        let near = phases().map(later).filter(|later| 2 * later.abs() <= together_ns(interval_ns));
        let (sum_ns, near) = near.fold((0, 0), |(sum, n), later| (sum + later, n + 1));
        let moved_ns = match 2 * near >= phases().count() as i64 {
            true => sum_ns / near,
            false => later(middle_of_most(phases().collect(), interval_ns)),
        };
        self.phase_ns = Some(phase_ns + moved_ns);
    }

    fn add(&mut self, hosts: usize, host: usize, port: usize, sample: &Sample) {
        let Some(phase_ns) = self.phase_ns.filter(|_| sample.tx_bytes.is_some() && sample.rx_bytes.is_some()) else {
            return;
        };
        let row = (sample.ts_ns - phase_ns + self.interval_ns / 2).div_euclid(self.interval_ns);
        let of_port = &mut self.ports[port];
        if let Some(last) = of_port.last.replace(Last { sent: sample.tx_bytes, received: sample.rx_bytes }) {
            let more = |before: Count, now: Count| rise(before, now).map_or(0.0, |rose| rose.max(0) as f64);
            of_port.sent += more(last.sent, sample.tx_bytes);
            of_port.received += more(last.received, sample.rx_bytes);
        }
        if row <= of_port.row || row <= self.closed {
            return;
        }
        let middle_ns = row * self.interval_ns + phase_ns;
        if 2 * (sample.ts_ns - middle_ns).abs() > together_ns(self.interval_ns) {
            return;
        }
        of_port.row = row;
        let (sent, received) = (of_port.sent, of_port.received);
        let pending = self.pending(row, hosts);
        pending.after_ns += sample.ts_ns - middle_ns;
        pending.readings += 1;
        let told = &mut pending.hosts[host];
        *told = Told { sent: told.sent + sent, received: told.received + received, ports: told.ports + 1 };
    }

    fn pending(&mut self, row: i64, hosts: usize) -> &mut Pending {
        let at = self.pending.partition_point(|pending| pending.row < row);
        if self.pending.get(at).is_none_or(|pending| pending.row != row) {
            let new = Pending { row, after_ns: 0, readings: 0, hosts: vec![Told::default(); hosts] };
            self.pending.insert(at, new);
        }
        &mut self.pending[at]
    }

    fn row(&self, row: Pending, hosts: &[Vec<&[(usize, Sample)]>]) -> Row {
        let of = |bytes: fn(&Told) -> f64| {
            let own = |(told, ports): (&Told, &Vec<_>)| {
                if usize::from(told.ports) == ports.len() && told.ports > 0 { bytes(told) } else { f64::NAN }
            };
            row.hosts.iter().zip(hosts).map(own).collect()
        };
        let middle_ns = row.row * self.interval_ns + self.phase_ns.unwrap_or(0);
        let ts_ns = middle_ns + row.after_ns / row.readings.max(1);
        Row { ts_ns, sent: of(|told| told.sent), received: of(|told| told.received) }
    }
}

/// Within what time hosts must be read to stand in one row.
fn together_ns(interval_ns: i64) -> i64 {
    ((interval_ns as f64 * TOGETHER) as i64).max(TOGETHER_NS)
}

/// The middle of the largest group of moments within the interval that are read together. The circle of the interval is cut at its
/// largest gap; while what is left is too long it is cut at its largest gap again, and the part with more moments is kept.
fn middle_of_most(mut phases: Vec<i64>, interval_ns: i64) -> i64 {
    phases.sort_unstable();
    let gap = |at: usize| match at {
        0 => phases[0] + interval_ns - phases[phases.len() - 1],
        _ => phases[at] - phases[at - 1],
    };
    let cut = (0..phases.len()).max_by_key(|&at| (gap(at), Reverse(at))).unwrap_or(0);
    let round = phases[cut..].iter().copied().chain(phases[..cut].iter().map(|phase| phase + interval_ns));
    let line: Vec<i64> = round.collect();
    let mut group = &line[..];
    while group[group.len() - 1] - group[0] > together_ns(interval_ns) {
        let cut = (1..group.len()).max_by_key(|&at| (group[at] - group[at - 1], Reverse(at))).unwrap_or(1);
        let (early, late) = group.split_at(cut);
        group = if early.len() >= late.len() { early } else { late };
    }
    ((group[0] + group[group.len() - 1]) / 2).rem_euclid(interval_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000_000;

    fn sample(ms: i64, sent: i64) -> (usize, Sample) {
        let count = |value: i64| Count::Some(value.try_into().expect("a count"));
        (0, Sample { ts_ns: ms * S / 1_000, tx_bytes: count(sent), rx_bytes: count(2 * sent), ..Sample::default() })
    }

    /// What the first and the second host have sent, row by row; each tick of 1 s says what the two tell.
    fn rows(ticks: &[[&[(i64, i64)]; 2]]) -> Vec<(i64, [f64; 2])> {
        let (mut aligned, mut rows) = (Aligned::default(), Vec::new());
        for (tick, told) in ticks.iter().enumerate() {
            let own: Vec<Vec<(usize, Sample)>> =
                told.iter().map(|own| own.iter().map(|&(ms, sent)| sample(ms, sent)).collect()).collect();
            let hosts: Vec<Vec<&[(usize, Sample)]>> = own.iter().map(|own| vec![&own[..]]).collect();
            for row in aligned.update(S, (tick as i64 + 1) * S, &hosts) {
                assert!(row.received.iter().zip(&row.sent).all(|(r, s)| r.is_nan() || *r == 2.0 * s));
                rows.push((row.ts_ns / (S / 1_000), [row.sent[0], row.sent[1]]));
            }
        }
        rows
    }

    #[test]
    fn hosts_that_are_read_at_other_moments_stand_in_one_row() {
        let told: [[&[(i64, i64)]; 2]; 3] =
            [[&[(0, 100)], &[(60, 500)]], [&[(1_000, 103)], &[(1_060, 507)]], [&[(2_000, 104)], &[(2_060, 509)]]];
        assert_eq!(rows(&told), [(30, [0.0, 0.0]), (1_030, [3.0, 7.0]), (2_030, [4.0, 9.0])]);
    }

    #[test]
    fn a_count_that_falls_goes_on_from_where_it_stood_and_who_is_missing_is_not_known() {
        let told: [[&[(i64, i64)]; 2]; 4] = [
            [&[(0, 100)], &[(0, 500)]],
            [&[(1_000, 110)], &[]],
            [&[(2_000, 3)], &[(2_000, 520)]],
            [&[(3_000, 8)], &[(3_000, 530)]],
        ];
        let rows = rows(&told);
        assert_eq!([rows[2].1, rows[3].1], [[10.0, 20.0], [15.0, 30.0]]);
        assert!(rows[1].1[0] == 10.0 && rows[1].1[1].is_nan());
    }

    #[test]
    fn the_middle_is_that_of_the_largest_group_wherever_the_interval_begins() {
        let ms = |phases: &[i64]| middle_of_most(phases.iter().map(|ms| ms * S / 1_000).collect(), S) / (S / 1_000);
        assert_eq!(ms(&[980, 20]), 0, "where a turn ends");
        assert_eq!(ms(&[0, 60]), 30);
        assert_eq!(ms(&[10, 20, 30, 520, 530]), 20, "two groups half an interval apart");
        assert_eq!(ms(&[10, 20, 500, 510, 540]), 520);
    }

    #[test]
    fn rows_follow_an_interval_that_is_longer_than_it_says() {
        let mut aligned = Aligned::default();
        let told = (0..200).flat_map(|reading| {
            let own = [vec![sample(1_030 * reading, reading)], vec![sample(1_030 * reading + 40, reading)]];
            aligned.update(S, 1_030 * (reading + 1) * S / 1_000, &[vec![&own[0][..]], vec![&own[1][..]]])
        });
        let rows: Vec<Row> = told.collect();
        assert!(rows.len() > 190 && rows.iter().all(|row| row.sent[0] == row.sent[1]), "{}", rows.len());
    }

    #[test]
    fn a_host_that_is_read_half_an_interval_later_is_not_told() {
        let told: [[&[(i64, i64)]; 2]; 3] =
            [[&[(0, 100)], &[(500, 500)]], [&[(1_000, 103)], &[(1_500, 507)]], [&[(2_000, 104)], &[(2_500, 509)]]];
        let rows = rows(&told);
        assert_eq!([rows[0].1[0], rows[1].1[0]], [0.0, 3.0]);
        assert!(rows.iter().all(|(_, sent)| sent[1].is_nan()), "{rows:?}");
    }
}
