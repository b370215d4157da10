//! From the tree to the caller's types. Variables and flags are texts; the key's type says what each stands for.

use crate::SettingsError;
use crate::tree::{Given, Tree};
use crate::words::{plainly, section_of, shown, unknown_key};
use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// A text that its key does not take is tried as a number or boolean, then as a list.
pub fn read<T: DeserializeOwned>(tree: &mut Tree, given: Vec<Given>) -> Result<T, SettingsError> {
    let mut untried: Vec<(Given, Vec<Value>)> =
        given.into_iter().map(|given| (given.clone(), others(&given))).collect();
    for (given, _) in &untried {
        tree.set(given, Value::String(given.text.clone()));
    }
    let mut first_error = None;
    loop {
        let error = match serde_path_to_error::deserialize::<_, T>(tree.table.clone()) {
            Ok(settings) => return Ok(settings),
            Err(error) => error,
        };
        let key = error.path().to_string();
        let said = SettingsError::new(tree.place_of(&key), describe(&key, error.inner().message()));
        let place = said.place.clone();
        // What the text as it was written was told is what a person understands.
        let said = first_error.take_if(|first: &mut SettingsError| first.place == place).unwrap_or(said);
        let Some((given, values)) =
            untried.iter_mut().find(|(given, values)| given.place == place && !values.is_empty())
        else {
            return Err(said);
        };
        tree.set(given, values.remove(0));
        first_error = Some(said);
    }
}

/// What a text may stand for, beside itself: `5`, `true`, `["a", "b"]`, or a list as `a, b`.
fn others(given: &Given) -> Vec<Value> {
    let parsed = toml::from_str::<Table>(&format!("v = {}", given.text)).ok().and_then(|mut table| table.remove("v"));
    let items = given.text.split(',').map(str::trim).filter(|item| !item.is_empty());
    let list = Value::Array(items.map(|item| Value::String(item.to_owned())).collect());
    parsed.into_iter().filter(|value| !value.is_str()).chain([list]).collect()
}

fn describe(key: &str, message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    match (message.starts_with("unknown field"), quoted.next()) {
        (true, Some(unknown)) => {
            let known: Vec<&str> = quoted.collect();
            let parent = key.strip_suffix(unknown).unwrap_or(key).trim_end_matches('.');
            let section = section_of(parent);
            let inner = parent.rsplit_once(']').map_or(parent.strip_prefix(section), |(_, inner)| Some(inner));
            unknown_key(&format!("{section}{}", inner.unwrap_or("")), unknown, &known)
        }
        _ if key == "." => plainly(message),
        _ => format!("{}: {}", shown(key), plainly(message)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stands_for_itself_first() {
        let of = |text: &str| others(&Given { place: String::new(), path: Vec::new(), text: text.into() });
        let list = |items: &[&str]| Value::Array(items.iter().map(|item| Value::String((*item).into())).collect());
        assert_eq!(of("5"), [Value::Integer(5), list(&["5"])]);
        assert_eq!(of("true"), [Value::Boolean(true), list(&["true"])]);
        assert_eq!(of("a, b"), [list(&["a", "b"])]);
        assert_eq!(of("[\"a\"]")[0], list(&["a"]));
        assert_eq!(of(""), [list(&[])]);
    }
}
