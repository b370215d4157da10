//! From names to dense ids. The names themselves are not kept here, for a fabric has millions of them and their owner has
//! them already: the index holds the hash of each name with its id, 16 bytes, and asks the owner whether the id that it
//! finds has the name that was asked for.

use hashbrown::HashTable;
use std::hash::{BuildHasher, Hash, RandomState};

#[derive(Debug, Default)]
pub struct NameIndex {
    /// The hash of a name, and the id of the thing that has the name.
    ids: HashTable<(u64, u32)>,
    hasher: RandomState,
}

impl NameIndex {
    /// The id of a name; `is` says whether an id has the name, since two names may have the same hash.
    pub fn find(&self, name: impl Hash, is: impl Fn(u32) -> bool) -> Option<u32> {
        let hash = self.hasher.hash_one(name);
        self.ids.find(hash, |&(h, id)| h == hash && is(id)).map(|&(_, id)| id)
    }

    /// Takes in a name that is not in the index yet.
    pub fn insert(&mut self, name: impl Hash, id: u32) {
        let hash = self.hasher.hash_one(name);
        self.ids.insert_unique(hash, (hash, id), |&(hash, _)| hash);
    }
}
