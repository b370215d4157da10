//! What a host has always received of an iteration before it began to send: its need. A parent in a tree sends only when its
//! children have sent, and is not late before that; a host of a ring needs nothing.
//!
//! ```text
//! leaf     sends at once                                  need 0
//! parent   sends when 1.0 of an iteration has come in     need 0.99
//! ```
//! Hosts that move the same bytes both ways have the same role, and so the same need.

use crate::statistics::median;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Samples kept, and how many make a need.
const SAMPLES: usize = 64;
const LEAST_SAMPLES: usize = 8;
/// A need is what four in five samples had received at least …
const RECEIVED: f64 = 0.2;
/// … when that is above this part of an iteration, and one in five has received so much more than it has sent: else the
/// samples only mirror a transfer that goes both ways at once.
const LEAST: f64 = 0.25;
const AHEAD: f64 = 0.8;
/// Bytes of hosts of one role differ by less than this: frames and retransmissions are far below it.
const SAME_ROLE: f64 = 1.1;

/// What one host had received when it had begun to send; at most 520 bytes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Need {
    /// Iterations received, and by how many these were ahead of those sent.
    samples: VecDeque<[f32; 2]>,
}

impl Need {
    /// A reading in which the host has begun to send.
    pub fn add(&mut self, received: f64, ahead: f64) {
        if self.samples.len() >= SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back([received as f32, ahead as f32]);
    }

    /// 0 for a host that needs nothing; `None` while too little is known.
    fn value(&self) -> Option<f64> {
        let quantile = |of: usize, part: f64| {
            let mut values: Vec<f64> = self.samples.iter().map(|sample| f64::from(sample[of])).collect();
            values.sort_by(f64::total_cmp);
            values[((values.len() - 1) as f64 * part).round() as usize]
        };
        (self.samples.len() >= LEAST_SAMPLES).then(|| {
            let need = quantile(0, RECEIVED);
            if need > LEAST && quantile(1, AHEAD) > LEAST { need } else { 0.0 }
        })
    }
}

/// The need of each host, by the median of its role; NaN where nothing is known of a role while something is of others.
/// While nothing is known of anyone, all are alike: 0.
pub fn by_role(needs: &[Need], per_iteration: &[[f64; 2]]) -> Vec<f64> {
    let own: Vec<Option<f64>> = needs.iter().map(Need::value).collect();
    if own.iter().all(Option::is_none) {
        return vec![0.0; needs.len()];
    }
    let mut all = vec![f64::NAN; needs.len()];
    for role in roles(per_iteration) {
        let mut known: Vec<f64> = role.iter().filter_map(|&host| own[host]).collect();
        let need = median(&mut known);
        role.into_iter().for_each(|host| all[host] = need);
    }
    all
}

/// Hosts that move the same bytes both ways, role by role.
pub fn roles(per_iteration: &[[f64; 2]]) -> Vec<Vec<usize>> {
    let mut hosts: Vec<usize> = (0..per_iteration.len()).collect();
    let split = |hosts: &mut [usize], way: usize| -> Vec<Vec<usize>> {
        hosts.sort_by(|&a, &b| per_iteration[a][way].total_cmp(&per_iteration[b][way]));
        let mut roles: Vec<Vec<usize>> = Vec::new();
        for &host in hosts.iter() {
            let first = roles.last().map(|role: &Vec<usize>| per_iteration[role[0]][way]);
            match roles.last_mut().filter(|_| first.is_some_and(|first| per_iteration[host][way] < first * SAME_ROLE)) {
                Some(role) => role.push(host),
                None => roles.push(vec![host]),
            }
        }
        roles
    };
    split(&mut hosts, 0).into_iter().flat_map(|mut same| split(&mut same, 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(samples: &[(f64, f64)]) -> Need {
        let mut need = Need::default();
        samples.iter().for_each(|&(received, ahead)| need.add(received, ahead));
        need
    }

    #[test]
    fn a_parent_needs_what_it_always_had() {
        assert_eq!(need(&[(1.0, 0.8); 7]).value(), None, "too few");
        assert!(need(&[(1.0, 0.8); 20]).value().is_some_and(|need| (need - 1.0).abs() < 1e-6));
        assert_eq!(need(&[(0.1, 0.0); 20]).value(), Some(0.0), "a ring");
        assert_eq!(need(&[(0.5, 0.01); 20]).value(), Some(0.0), "as much sent as received: a transfer both ways");
    }

    #[test]
    fn hosts_of_one_role_share_their_need() {
        let (parent, leaf) = (need(&[(0.9, 0.8); 9]), need(&[(0.0, -0.2); 9]));
        let bytes = [[200.0, 200.0], [100.0, 100.0], [202.0, 198.0], [101.0, 99.0], [100.0, 50.0]];
        let needs = by_role(&[parent, leaf, Need::default(), Need::default(), Need::default()], &bytes);
        let expected = [0.9, 0.0, 0.9, 0.0];
        assert!(needs.iter().zip(expected).all(|(need, expected)| (need - expected).abs() < 1e-6), "{needs:?}");
        assert!(needs[4].is_nan(), "nothing is known of that role");
        assert_eq!(by_role(&[Need::default(), Need::default()], &bytes[..2]), [0.0, 0.0]);
    }
}
