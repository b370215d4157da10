//! How the features' rings, bins and counts are written in a snapshot, for `#[serde(with = "…")]`: their own types have no
//! serde of their own.

/// A ring that drops its oldest value: its values as a list, oldest first. A list that is longer than the ring has room
/// keeps its newest values.
pub mod ring {
    use arraydeque::{ArrayDeque, behavior::Wrapping};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<T: Serialize, const N: usize, S: Serializer>(
        ring: &ArrayDeque<T, N, Wrapping>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(ring)
    }

    pub fn deserialize<'de, T: Deserialize<'de>, const N: usize, D: Deserializer<'de>>(
        from: D,
    ) -> Result<ArrayDeque<T, N, Wrapping>, D::Error> {
        Ok(Vec::<T>::deserialize(from)?.into_iter().collect())
    }
}

/// The bins of a grid: two bytes a bin, the low byte first.
pub mod bins {
    use crate::features::BINS;
    use half::bf16;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bins: &[bf16; BINS], to: S) -> Result<S::Ok, S::Error> {
        let mut bytes = [0; 2 * BINS];
        for (pair, bin) in bytes.chunks_exact_mut(2).zip(bins) {
            pair.copy_from_slice(&bin.to_le_bytes());
        }
        to.serialize_bytes(&bytes)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[bf16; BINS], D::Error> {
        let bytes = <&[u8]>::deserialize(from)?;
        if bytes.len() != 2 * BINS {
            return Err(D::Error::invalid_length(bytes.len(), &"two bytes a bin"));
        }
        Ok(std::array::from_fn(|bin| bf16::from_le_bytes([bytes[2 * bin], bytes[2 * bin + 1]])))
    }
}

/// A count that may be absent. `i64::MAX`, which a count cannot be, reads as absent.
pub mod count {
    use crate::features::Count;
    use nonmax::NonMaxI64;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(count: &Count, to: S) -> Result<S::Ok, S::Error> {
        count.map(|value| value.get()).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Count, D::Error> {
        Ok(Option::<i64>::deserialize(from)?.and_then(NonMaxI64::new))
    }
}

/// Counts that may be absent, in a fixed order.
pub mod counts {
    use crate::features::Count;
    use nonmax::NonMaxI64;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer, const N: usize>(counts: &[Count; N], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(counts.iter().map(|count| count.map(|value| value.get())))
    }

    pub fn deserialize<'de, D: Deserializer<'de>, const N: usize>(from: D) -> Result<[Count; N], D::Error> {
        let counts = Vec::<Option<i64>>::deserialize(from)?;
        let found = counts.len();
        let counts: Vec<Count> = counts.into_iter().map(|count| count.and_then(NonMaxI64::new)).collect();
        counts.try_into().map_err(|_| D::Error::invalid_length(found, &"as many counts as are kept"))
    }
}

/// A map whose keys are no strings: a list of its pairs, so that a text format, whose keys must be strings, can write it.
pub mod pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::collections::BTreeMap;

    pub fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(map)
    }

    pub fn deserialize<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<K, V>, D::Error> {
        Ok(Vec::<(K, V)>::deserialize(from)?.into_iter().collect())
    }
}
