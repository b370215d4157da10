//! The four topics and how they are laid out on a Kafka cluster.

use std::time::Duration;

use serde::Deserialize;

/// What a message is about. Names are a contract: `weft.v1.<name>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// What a collector says at one flush, keyed by collector.
    Frames,
    /// What a collector's port indices mean, keyed by collector; only the latest of a key matters.
    Inventory,
    /// What stage-one detectors hand to the diagnosers of jobs and planes.
    Facts,
    /// Messages that could not be read, as they came, for a person to look at.
    DeadLetter,
}

impl Topic {
    pub const ALL: [Topic; 4] = [Topic::Frames, Topic::Inventory, Topic::Facts, Topic::DeadLetter];

    /// The name on the broker, before [`TopicLayout::prefix`].
    pub fn name(self) -> &'static str {
        match self {
            Topic::Frames => "weft.v1.frames",
            Topic::Inventory => "weft.v1.inventory",
            Topic::Facts => "weft.v1.facts",
            Topic::DeadLetter => "weft.v1.dead-letter",
        }
    }

    /// The number that stands for the topic on a direct connection.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    pub(crate) fn from_code(code: u8) -> Option<Topic> {
        Topic::ALL.get(usize::from(code)).copied()
    }
}

/// How topics are created where they are absent. Topics that exist are used as they are.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TopicLayout {
    /// Put before every topic's name, so that several fabrics or test runs can share a cluster.
    pub prefix: String,
    /// Bounds how many analyzers can share the frames. Cannot shrink, and growing it moves collectors between partitions.
    pub frame_partitions: i32,
    pub fact_partitions: i32,
    /// −1 asks for the cluster's `default.replication.factor`.
    pub replication: i32,
    /// How long an analyzer may be away without loss.
    pub frame_retention_s: u64,
    /// The largest message the topics take, bytes.
    pub max_message_bytes: usize,
}

impl Default for TopicLayout {
    fn default() -> Self {
        TopicLayout {
            prefix: String::new(),
            frame_partitions: 24,
            fact_partitions: 12,
            replication: -1,
            frame_retention_s: 6 * 3600,
            max_message_bytes: 8 << 20,
        }
    }
}

impl TopicLayout {
    pub fn name(&self, topic: Topic) -> String {
        format!("{}{}", self.prefix, topic.name())
    }

    pub(crate) fn partitions(&self, topic: Topic) -> i32 {
        match topic {
            Topic::Frames => self.frame_partitions,
            Topic::Facts => self.fact_partitions,
            // Every analyzer reads all of the inventory, so more partitions would buy nothing.
            Topic::Inventory | Topic::DeadLetter => 1,
        }
    }

    /// Topic configurations in Kafka's words.
    pub(crate) fn settings(&self, topic: Topic) -> Vec<(&'static str, String)> {
        let mut settings = match topic {
            Topic::Frames | Topic::Facts => retained(Duration::from_secs(self.frame_retention_s)),
            Topic::DeadLetter => retained(Duration::from_secs(7 * 86_400)),
            Topic::Inventory => vec![
                ("cleanup.policy", "compact".into()),
                ("min.cleanable.dirty.ratio", "0.1".into()),
                ("segment.ms", "3600000".into()),
            ],
        };
        settings.push(("max.message.bytes", self.max_message_bytes.to_string()));
        settings
    }
}

/// Deleted after `keep`. Times are the broker's: a collector with a wrong clock must not move what a rewind finds.
fn retained(keep: Duration) -> Vec<(&'static str, String)> {
    let keep_ms = keep.as_millis();
    vec![
        ("cleanup.policy", "delete".into()),
        ("message.timestamp.type", "LogAppendTime".into()),
        ("retention.ms", keep_ms.to_string()),
        // Only closed segments are deleted: keep them short beside the retention.
        ("segment.ms", (keep_ms / 12).max(60_000).to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_topics_are_one_to_one() {
        for topic in Topic::ALL {
            assert_eq!(Topic::from_code(topic.code()), Some(topic));
        }
        assert_eq!(Topic::from_code(4), None);
    }

    #[test]
    fn inventory_is_compacted_and_frames_expire() {
        let layout = TopicLayout::default();
        let policy = |topic| layout.settings(topic).into_iter().find(|(key, _)| *key == "cleanup.policy").unwrap().1;
        assert_eq!(policy(Topic::Inventory), "compact");
        assert_eq!(policy(Topic::Frames), "delete");
    }
}
