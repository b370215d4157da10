//! From names to dense ids, without keeping the names a second time: a fabric has millions of them.

use hashbrown::HashTable;
use std::hash::{BuildHasher, Hash, RandomState};

#[derive(Debug, Default)]
pub struct NameIndex {
    /// Hash of the name, and its id.
    ids: HashTable<(u64, u32)>,
    hasher: RandomState,
}

impl NameIndex {
    /// `is`: whether an id has this name.
    pub fn find(&self, name: impl Hash, is: impl Fn(u32) -> bool) -> Option<u32> {
        let hash = self.hasher.hash_one(name);
        self.ids.find(hash, |&(h, id)| h == hash && is(id)).map(|&(_, id)| id)
    }

    /// Takes in a name that is not there yet.
    pub fn insert(&mut self, name: impl Hash, id: u32) {
        let hash = self.hasher.hash_one(name);
        self.ids.insert_unique(hash, (hash, id), |&(hash, _)| hash);
    }
}
