//! What the command line says of the settings.

use crate::tree::Given;

/// Flags that were given, each with the key that it sets. Flags go over the environment, and that over the file.
#[derive(Clone, Debug, Default)]
pub struct Flags(Vec<Given>);

impl Flags {
    /// `key` as `http.listen`. An absent flag sets nothing.
    pub fn set(&mut self, flag: &str, key: &str, value: Option<impl ToString>) -> &mut Flags {
        let path = key.split('.').map(str::to_owned).collect();
        self.0.extend(value.map(|value| Given { place: flag.to_owned(), path, text: value.to_string() }));
        self
    }

    pub(crate) fn given(&self) -> impl Iterator<Item = Given> {
        self.0.iter().cloned()
    }
}
