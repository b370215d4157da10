//! The readings of a job's hosts side by side: one row an interval, with what each host has sent and received by then.
//!
//! ```text
//! h0 eth0     |·····················|·····················|          every collector reads at a moment of its own
//! h1 eth0        |·····················|·····················|       but always after the same time
//! rows     └─────── row 7 ───────┘└─────── row 8 ───────┘            a row is as long as the interval
//!
//! h0 eth0         |·········|·······················|··········|     collectors read at uneven distances, and all together:
//! h1 eth0         |·········|·······················|··········|     each once in each second (`weft_wire::instants`)
//! rows     └──── row 7 ───┘└──── row 8 ───┘└──── row 9 ───┘└── …
//! ```
//! Where a row begins is looked for in the readings (`cuts.rs`): where in the interval hardly any are.
//!
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
use super::cuts::Cuts;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Rows that wait to be complete. Those of one tick of 1 s at readings of 100 Hz, and one beside them.
const MOST_PENDING: usize = 128;
/// Hosts are read together whose moments lie within so large a part of the interval; half of it is as far apart as can be …
const TOGETHER: f64 = 0.45;
/// … or within this time, a quarter of the shortest iteration of training (0.4 s), which no collector's jitter exceeds.
const TOGETHER_NS: i64 = 100_000_000;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Aligned {
    interval_ns: i64,
    cuts: Cuts,
    ports: Vec<PortBytes>,
    pending: VecDeque<Pending>,
    /// The last row that was handed out, and of which hosts it was.
    closed: i64,
    told: Vec<bool>,
}

/// What one port has sent and received since it was first read.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct PortBytes {
    sent: f64,
    received: f64,
    last: Option<Last>,
    /// The last row that it is told in: the first reading of a row counts.
    row: i64,
}

impl Default for PortBytes {
    fn default() -> PortBytes {
        PortBytes { sent: 0.0, received: 0.0, last: None, row: i64::MIN }
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
    hosts: Vec<Told>,
}

/// What a host told in a row: by how many of its ports, and when these were read, added up, ns after the row's begin.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Told {
    sent: f64,
    received: f64,
    ports: u16,
    after_ns: i64,
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
        let readings = hosts.iter().flatten().flat_map(|own| own.iter().map(|(_, sample)| sample.ts_ns));
        self.cuts.update(interval_ns, readings);
        let mut port = 0;
        for (host, own) in hosts.iter().enumerate() {
            for readings in own {
                readings.iter().for_each(|(_, sample)| self.add(hosts.len(), host, port, sample));
                port += 1;
            }
        }
        let cut_ns = self.cuts.cut_ns();
        let complete = self.pending.iter().take_while(|row| (row.row + 1) * interval_ns + cut_ns <= now_ns).count();
        let complete = complete.max(self.pending.len().saturating_sub(MOST_PENDING));
        let rows: Vec<Pending> = self.pending.drain(..complete).collect();
        self.closed = rows.last().map_or(self.closed, |row| row.row);
        rows.into_iter().filter_map(|row| self.row(row, hosts)).collect()
    }

    fn add(&mut self, hosts: usize, host: usize, port: usize, sample: &Sample) {
        if sample.tx_bytes.is_none() || sample.rx_bytes.is_none() {
            return;
        }
        let after_cut_ns = sample.ts_ns - self.cuts.cut_ns();
        let (row, after_ns) = (after_cut_ns.div_euclid(self.interval_ns), sample.ts_ns);
        let of_port = &mut self.ports[port];
        if let Some(last) = of_port.last.replace(Last { sent: sample.tx_bytes, received: sample.rx_bytes }) {
            let more = |before: Count, now: Count| rise(before, now).map_or(0.0, |rose| rose.max(0) as f64);
            of_port.sent += more(last.sent, sample.tx_bytes);
            of_port.received += more(last.received, sample.rx_bytes);
        }
        if row <= of_port.row || row <= self.closed {
            return;
        }
        of_port.row = row;
        let (sent, received) = (of_port.sent, of_port.received);
        let interval_ns = self.interval_ns;
        let told = &mut self.pending(row, hosts).hosts[host];
        *told = Told {
            sent: told.sent + sent,
            received: told.received + received,
            ports: told.ports + 1,
            after_ns: told.after_ns + (after_ns - row * interval_ns),
        };
    }

    fn pending(&mut self, row: i64, hosts: usize) -> &mut Pending {
        let at = self.pending.partition_point(|pending| pending.row < row);
        if self.pending.get(at).is_none_or(|pending| pending.row != row) {
            self.pending.insert(at, Pending { row, hosts: vec![Told::default(); hosts] });
        }
        &mut self.pending[at]
    }

    /// `None` where no host told all of its ports.
    fn row(&mut self, row: Pending, hosts: &[Vec<&[(usize, Sample)]>]) -> Option<Row> {
        self.told.resize(hosts.len(), false);
        let whole = |(told, ports): (&Told, &Vec<_>)| told.ports > 0 && usize::from(told.ports) == ports.len();
        let moments = row.hosts.iter().zip(hosts).map(|(told, ports)| whole((told, ports)).then(|| told.moment_ns()));
        let moments: Vec<Option<i64>> = moments.collect();
        let (first_ns, last_ns) = most_together(&moments, &self.told, together_ns(self.interval_ns))?;
        let is_in = |moment: &Option<i64>| moment.is_some_and(|ns| (first_ns..=last_ns).contains(&ns));
        self.told = moments.iter().map(is_in).collect();
        let own = |bytes: fn(&Told) -> f64| {
            let of = |(told, is_in): (&Told, &bool)| if *is_in { bytes(told) } else { f64::NAN };
            row.hosts.iter().zip(&self.told).map(of).collect()
        };
        let read: Vec<i64> =
            moments.into_iter().zip(&self.told).filter(|(_, is_in)| **is_in).filter_map(|(ns, _)| ns).collect();
        let mean_ns = read.iter().sum::<i64>() / read.len().max(1) as i64;
        let ts_ns = row.row * self.interval_ns + mean_ns;
        Some(Row { ts_ns, sent: own(|told| told.sent), received: own(|told| told.received) })
    }
}

impl Told {
    /// When its ports were read, by their mean.
    fn moment_ns(&self) -> i64 {
        self.after_ns / i64::from(self.ports.max(1))
    }
}

/// Within what time hosts must be read to stand in one row.
fn together_ns(interval_ns: i64) -> i64 {
    ((interval_ns as f64 * TOGETHER) as i64).max(TOGETHER_NS)
}

/// The first and the last moment of the largest group of hosts that are read together; `None` where no host was read. Who stood in
/// the row before counts twice, so that of two groups of the same size it is the same one in each row though a reading is lost.
fn most_together(moments: &[Option<i64>], told_before: &[bool], together_ns: i64) -> Option<(i64, i64)> {
    let weight = |host: usize| 1 + usize::from(told_before[host]);
    let read = moments.iter().enumerate().filter_map(|(host, moment)| Some(((*moment)?, weight(host))));
    let mut read: Vec<(i64, usize)> = read.collect();
    read.sort_unstable();
    let (mut best, mut from, mut sum) = (None, 0, 0);
    for &(last_ns, weight) in &read {
        sum += weight;
        while last_ns - read[from].0 > together_ns {
            sum -= read[from].1;
            from += 1;
        }
        if best.is_none_or(|(most, _)| sum > most) {
            best = Some((sum, (read[from].0, last_ns)));
        }
    }
    best.map(|(_, group)| group)
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
    fn the_largest_group_is_told_and_of_two_of_one_size_the_same_as_before() {
        let most = |moments: &[i64], told_before: &[bool]| {
            let moments: Vec<Option<i64>> = moments.iter().map(|&ms| (ms >= 0).then_some(ms)).collect();
            most_together(&moments, told_before, 450)
        };
        assert_eq!(most(&[10, 20, 30, 520, 530], &[false; 5]), Some((10, 30)), "two groups half an interval apart");
        assert_eq!(most(&[10, 20, 500, 510, 540], &[false; 5]), Some((500, 540)));
        let before = [true, true, true, false, false];
        assert_eq!(most(&[10, 20, -1, 520, 530], &before), Some((10, 20)), "one reading is lost");
        assert_eq!(most(&[-1, -1], &[false; 2]), None);
    }

    #[test]
    fn hosts_that_are_read_together_at_uneven_distances_stand_in_one_row_each_time() {
        for interval_ns in [S / 10, S] {
            let (mut aligned, mut rows) = (Aligned::default(), Vec::new());
            let a_tick = S / interval_ns;
            for tick in 0..200 {
                // The second host's clock is 4 ms behind, and each reading comes up to 2 ms late.
                let own = |late_ns: i64| -> Vec<(usize, Sample)> {
                    let reading = |k: i64| {
                        let ts_ns = weft_wire::instants::reading_ns(k, interval_ns) + late_ns + k % 3 * S / 1_000;
                        (0, Sample { ts_ns, ..sample(0, k).1 })
                    };
                    (tick * a_tick..(tick + 1) * a_tick).map(reading).collect()
                };
                let own = [own(0), own(-4_000_000)];
                rows.extend(aligned.update(interval_ns, (tick + 1) * S, &[vec![&own[0][..]], vec![&own[1][..]]]));
            }
            let late = rows.iter().rev().take(180 * a_tick as usize);
            let numbers: Vec<[f64; 2]> = late.map(|row| [row.sent[0], row.sent[1]]).collect();
            assert_eq!(numbers.len(), 180 * a_tick as usize);
            assert!(numbers.iter().all(|sent| sent[0] == sent[1]), "{numbers:?}");
            assert!(numbers.windows(2).all(|pair| pair[0][0] - pair[1][0] == 1.0), "each reading is a row");
            let off_ns = |row: &Row| row.ts_ns - weft_wire::instants::reading_ns(row.sent[0] as i64, interval_ns);
            assert!(rows.iter().skip(40).all(|row| off_ns(row).abs() < 5_000_000), "and has its own time");
        }
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
