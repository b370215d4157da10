//! A small seeded generator (xoshiro256++): the same seed gives the same fabric on every machine and in every release.

#[derive(Clone, Debug)]
pub struct Rng {
    state: [u64; 4],
    /// The second normal variate of a pair, kept.
    spare: Option<f64>,
}

impl Rng {
    pub fn new(seed: u64) -> Rng {
        let mut x = seed ^ 0x5851_f42d_4c95_7f2d;
        let state = std::array::from_fn(|_| split_mix(&mut x));
        Rng { state, spare: None }
    }

    /// A generator of its own for one purpose, so that a draw added here changes nothing elsewhere.
    pub fn stream(seed: u64, purpose: u64) -> Rng {
        let mut x = purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Rng::new(seed.wrapping_mul(0xd134_2543_de82_ef95) ^ split_mix(&mut x))
    }

    pub fn next_u64(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// In [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// In `0..n`; `n` must not be 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Standard normal, by Box and Muller.
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * self.unit()).sin_cos();
        self.spare = Some(radius * sin);
        radius * cos
    }

    /// Poisson's count of few events, by Knuth's product of uniform numbers (The Art of Computer Programming, 3.4.1): a number each event.
    pub fn few(&mut self, mean: f64) -> f64 {
        let (least, mut count) = ((-mean).exp(), 0.0);
        let mut product = self.unit();
        while product > least {
            product *= self.unit();
            count += 1.0;
        }
        count
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

fn split_mix(x: &mut u64) -> u64 {
    *x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *x;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_events_have_poissons_mean_and_variance() {
        let mut rng = Rng::new(1);
        for mean in [0.05, 0.8, 3.0, 7.5] {
            let counts: Vec<f64> = (0..100_000).map(|_| rng.few(mean)).collect();
            let average = counts.iter().sum::<f64>() / 1e5;
            let variance = counts.iter().map(|count| (count - average).powi(2)).sum::<f64>() / 1e5;
            assert!(
                (average / mean - 1.0).abs() < 0.05 && (variance / mean - 1.0).abs() < 0.05,
                "{mean}: {average} {variance}"
            );
        }
    }
}
