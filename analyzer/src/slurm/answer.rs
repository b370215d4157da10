//! What Slurm answers, in the shapes of its versions.
//!
//! | | data_parser v0.0.37, v0.0.38 | v0.0.39 | v0.0.40 and later |
//! |---|---|---|---|
//! | a number | `7` | `7`, or `{set, infinite, number}` | `{set, infinite, number}` |
//! | states of a job | `"RUNNING"` | `"RUNNING"` | `["RUNNING"]` |
//! | states of a node | `"idle"` and `state_flags: ["DRAIN"]` | `["IDLE", "DRAIN"]` | `["IDLE", "DRAIN"]` |
//!
//! Fields that are not read are left out, and one that is absent is empty.

use serde::{Deserialize, Deserializer};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Jobs {
    pub jobs: Vec<Job>,
    pub errors: Vec<Error>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Nodes {
    pub nodes: Vec<Node>,
    pub errors: Vec<Error>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Reservations {
    pub reservations: Vec<Reservation>,
    pub errors: Vec<Error>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Error {
    #[serde(deserialize_with = "text")]
    pub error: String,
    #[serde(deserialize_with = "text")]
    pub description: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Job {
    pub job_id: u64,
    #[serde(deserialize_with = "number")]
    pub array_job_id: Option<u64>,
    #[serde(deserialize_with = "number")]
    pub array_task_id: Option<u64>,
    #[serde(deserialize_with = "number")]
    pub het_job_id: Option<u64>,
    #[serde(deserialize_with = "number")]
    pub het_job_offset: Option<u64>,
    #[serde(deserialize_with = "words")]
    pub job_state: Vec<String>,
    /// A list of nodes in Slurm's notation.
    #[serde(deserialize_with = "text")]
    pub nodes: String,
    /// One a node.
    #[serde(deserialize_with = "words")]
    pub gres_detail: Vec<String>,
    /// Seconds since 1970; 0 where it has none.
    #[serde(deserialize_with = "number")]
    pub start_time: Option<u64>,
    #[serde(deserialize_with = "number")]
    pub end_time: Option<u64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Node {
    pub name: String,
    #[serde(deserialize_with = "words")]
    pub state: Vec<String>,
    #[serde(deserialize_with = "words")]
    pub state_flags: Vec<String>,
    #[serde(deserialize_with = "text")]
    pub reason: String,
    #[serde(deserialize_with = "number")]
    pub reason_changed_at: Option<u64>,
    #[serde(deserialize_with = "text")]
    pub reason_set_by_user: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Reservation {
    pub name: String,
    #[serde(deserialize_with = "words")]
    pub flags: Vec<String>,
    #[serde(deserialize_with = "text")]
    pub node_list: String,
    #[serde(deserialize_with = "number")]
    pub start_time: Option<u64>,
    #[serde(deserialize_with = "number")]
    pub end_time: Option<u64>,
    #[serde(deserialize_with = "text")]
    pub users: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Bare(i64),
    Set {
        #[serde(default)]
        set: bool,
        #[serde(default)]
        infinite: bool,
        #[serde(default)]
        number: f64,
    },
    Other(serde::de::IgnoredAny),
}

/// `None` where it is not set, infinite, below 0 or no number.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(match Number::deserialize(from)? {
        Number::Bare(number) => u64::try_from(number).ok(),
        Number::Set { set: true, infinite: false, number } if number >= 0.0 => Some(number as u64),
        Number::Set { .. } | Number::Other(_) => None,
    })
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Many(Vec<String>),
    Other(serde::de::IgnoredAny),
}

/// One word or several.
fn words<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(match Words::deserialize(from)? {
        Words::One(word) if word.is_empty() => Vec::new(),
        Words::One(word) => vec![word],
        Words::Many(words) => words,
        Words::Other(_) => Vec::new(),
    })
}

/// Empty where it is null or no text.
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(match Words::deserialize(from)? {
        Words::One(text) => text,
        _ => String::new(),
    })
}

/// Whether one of the states or flags is this one; older versions write them small.
pub fn has(words: &[String], word: &str) -> bool {
    words.iter().any(|has| has.eq_ignore_ascii_case(word))
}
