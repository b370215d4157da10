//! Chance that is the same for the same seed, whatever the order in which it is asked.

/// splitmix64: every seed is good.
#[derive(Clone, Copy, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(mixed(seed.wrapping_add(0x9e37_79b9_7f4a_7c15)))
    }

    /// A number that belongs to a key: the same key has always the same.
    pub fn of(self, key: &[u64]) -> u64 {
        key.iter().fold(self.0, |state, part| mixed(state.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ mixed(*part)))
    }

    /// From 0 to below 1.
    pub fn share(self, key: &[u64]) -> f64 {
        (self.of(key) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Puts things into another order (Fisher and Yates).
    pub fn shuffle<T>(self, key: u64, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            let other = self.of(&[key, last as u64]) % (last as u64 + 1);
            things.swap(last, other as usize);
        }
    }
}

/// A text as part of a key (FNV-1a).
pub fn number_of(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn mixed(state: u64) -> u64 {
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_even_and_belongs_to_its_key() {
        let dice = Dice::new(7);
        let shares: Vec<f64> = (0..10_000).map(|n| dice.share(&[n, 3])).collect();
        let mean = shares.iter().sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.01 && shares.iter().all(|s| (0.0..1.0).contains(s)), "{mean}");
        assert_eq!(dice.of(&[5, 3]), Dice::new(7).of(&[5, 3]));
        assert_ne!(dice.of(&[5, 3]), Dice::new(8).of(&[5, 3]));
        let mut things: Vec<u32> = (0..100).collect();
        dice.shuffle(1, &mut things);
        assert_ne!(things, (0..100).collect::<Vec<_>>());
        things.sort_unstable();
        assert_eq!(things, (0..100).collect::<Vec<_>>());
    }
}
