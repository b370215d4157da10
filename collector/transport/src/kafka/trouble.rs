//! What the errors of a broker and of librdkafka mean for an operator: one row an error, each with its cause and mend.

use rdkafka::error::RDKafkaErrorCode as Code;

use crate::Cause;

/// Whether the same message may be offered again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// All messages wait alike until an operator, or the cluster, has mended it.
    Again,
    /// This message is refused as it is now, others may pass: it is put aside and tried again later.
    Aside,
}

/// What an error is about; `{}` in a row's words stands for its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    Topic,
    Group,
    Cluster,
    Broker,
}

#[derive(Debug)]
pub(super) struct Row {
    pub code: Code,
    pub cause: Cause,
    pub about: About,
    pub fate: Fate,
    what: &'static str,
    mend: &'static str,
}

const fn row(code: Code, cause: Cause, about: About, fate: Fate, what: &'static str, mend: &'static str) -> Row {
    Row { code, cause, about, fate, what, mend }
}

/// Errors that are not here pass by themselves (a leader is elected, a replica catches up) and are only logged.
const ROWS: &[Row] = {
    use About::{Broker, Cluster, Group, Topic};
    use Cause::{Denied, NoTopic, Refused, Unauthenticated};
    use Fate::{Again, Aside};
    &[
        row(
            Code::TopicAuthorizationFailed,
            Denied,
            Topic,
            Again,
            "not authorized: this client{user} lacks {right} on topic {name}",
            "grant it: kafka-acls.sh --add --allow-principal User:{principal} --operation {right} --topic {name}",
        ),
        row(
            Code::GroupAuthorizationFailed,
            Denied,
            Group,
            Again,
            "not authorized: this client{user} lacks READ on group {name}",
            "grant it: kafka-acls.sh --add --allow-principal User:{principal} --operation READ --group {name}",
        ),
        row(
            Code::ClusterAuthorizationFailed,
            Denied,
            Cluster,
            Again,
            "not authorized: this client{user} lacks IDEMPOTENT_WRITE on the cluster",
            "grant it: kafka-acls.sh --add --allow-principal User:{principal} --operation IdempotentWrite --cluster \
             (since Kafka 3.0 WRITE on a topic is enough)",
        ),
        row(
            Code::SaslAuthenticationFailed,
            Unauthenticated,
            Broker,
            Again,
            "authentication failed{user}",
            "check sasl.mechanism, sasl.username and sasl.password in [transport.kafka]",
        ),
        row(
            Code::Authentication,
            Unauthenticated,
            Broker,
            Again,
            "authentication failed{user}",
            "check security.protocol, sasl.mechanism, sasl.username and sasl.password in [transport.kafka]",
        ),
        row(
            Code::UnknownTopicOrPartition,
            NoTopic,
            Topic,
            Again,
            "topic {name} is not there",
            "weft creates it when it may; otherwise create it",
        ),
        row(
            Code::UnknownTopic,
            NoTopic,
            Topic,
            Again,
            "topic {name} is not there",
            "weft creates it when it may; otherwise create it",
        ),
        row(
            Code::UnknownPartition,
            NoTopic,
            Topic,
            Again,
            "topic {name} has fewer partitions than before",
            "it was made anew; weft looks at it again",
        ),
        row(
            Code::MessageSizeTooLarge,
            Refused,
            Topic,
            Aside,
            "topic {name} takes no message of this size: too large",
            "raise max.message.bytes of the topic, or message.max.bytes of the broker: kafka-configs.sh --alter \
             --topic {name} --add-config max.message.bytes=8388608",
        ),
        row(
            Code::InvalidMessageSize,
            Refused,
            Topic,
            Aside,
            "topic {name} takes no message of this size",
            "check max.message.bytes of the topic and message.max.bytes of the broker",
        ),
        row(
            Code::InvalidTimestamp,
            Refused,
            Topic,
            Aside,
            "topic {name} takes no message with this host's time",
            "set this host's clock, or the topic's message.timestamp.type to LogAppendTime",
        ),
        row(
            Code::InvalidRecord,
            Refused,
            Topic,
            Aside,
            "topic {name} finds a message invalid",
            "check the topic for a schema or a policy of its own (such as confluent.value.schema.validation)",
        ),
        row(
            Code::InvalidMessage,
            Refused,
            Topic,
            Aside,
            "topic {name} found a message damaged on its way",
            "check the network to the broker if it lasts",
        ),
        row(
            Code::UnsupportedCompressionType,
            Refused,
            Topic,
            Again,
            "topic {name} does not take this compression",
            "set \"compression.type\" in [transport.kafka] to one that it takes, such as \"lz4\" or \"none\"",
        ),
        row(
            Code::UnsupportedForMessageFormat,
            Refused,
            Topic,
            Again,
            "topic {name} keeps messages in too old a format",
            "raise the topic's message.format.version to 2.1 or above",
        ),
        row(
            Code::PolicyViolation,
            Refused,
            Topic,
            Aside,
            "a policy of the cluster refuses this on topic {name}",
            "ask the cluster's operator which policy it is",
        ),
    ]
};

/// `None`: nothing an operator has to mend.
pub(super) fn find(code: Code) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.code == code)
}

/// Who asks, for the words.
#[derive(Clone, Debug, Default)]
pub(super) struct Client {
    pub bootstrap: String,
    /// `sasl.username`; never the password.
    pub user: Option<String>,
    /// What it does to topics: `READ` or `WRITE`; each includes DESCRIBE.
    pub right: &'static str,
}

impl Row {
    /// One sentence: where, what, how to mend.
    pub fn sentence(&self, client: &Client, name: &str) -> String {
        let user = client.user.as_ref().map(|user| format!(" (user {user})")).unwrap_or_default();
        let fill = |words: &str| {
            let words = words.replace("{user}", &user).replace("{right}", client.right).replace("{name}", name);
            words.replace("{principal}", client.user.as_deref().unwrap_or("NAME"))
        };
        format!("kafka at {}: {}; {}", client.bootstrap, fill(self.what), fill(self.mend))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(code: Code, name: &str) -> String {
        let client = Client { bootstrap: "b:1".into(), user: Some("u".into()), right: "READ" };
        find(code).unwrap().sentence(&client, name)
    }

    #[test]
    fn every_row_names_where_and_leaves_no_blank() {
        for row in ROWS {
            let text = say(row.code, "fabric7.weft.v1.frames");
            assert!(text.starts_with("kafka at b:1: ") && text.contains("; "), "{text}");
            assert!(!text.contains(['{', '}']), "{text}");
            let names = matches!(row.about, About::Topic | About::Group);
            assert_eq!(text.contains("fabric7.weft.v1.frames"), names, "{text}");
            assert_eq!(ROWS.iter().filter(|other| other.code == row.code).count(), 1, "{:?} twice", row.code);
        }
    }

    #[test]
    fn a_missing_right_names_right_resource_and_user() {
        let text = say(Code::TopicAuthorizationFailed, "frames");
        assert!(text.contains("not authorized") && text.contains("READ on topic frames"), "{text}");
        assert!(text.contains("(user u)") && text.contains("User:u"), "{text}");
        let text = say(Code::GroupAuthorizationFailed, "weft-analyzer");
        assert!(text.contains("READ on group weft-analyzer"), "{text}");
        assert!(say(Code::ClusterAuthorizationFailed, "").contains("IDEMPOTENT_WRITE on the cluster"));
    }

    #[test]
    fn without_a_user_no_name_is_invented() {
        let client = Client { bootstrap: "b:1".into(), user: None, right: "WRITE" };
        let text = find(Code::TopicAuthorizationFailed).unwrap().sentence(&client, "t");
        assert!(text.contains("this client lacks WRITE") && text.contains("User:NAME"), "{text}");
    }

    /// The table of what waits, what is put aside, and what is left to librdkafka.
    #[test]
    fn fates() {
        use Code::*;
        let fate = |code| find(code).map(|row| row.fate);
        for code in [TopicAuthorizationFailed, GroupAuthorizationFailed, ClusterAuthorizationFailed, Authentication] {
            assert_eq!(fate(code), Some(Fate::Again), "{code:?}");
        }
        for code in [MessageSizeTooLarge, InvalidMessageSize, InvalidTimestamp, InvalidRecord, PolicyViolation] {
            assert_eq!(fate(code), Some(Fate::Aside), "{code:?}");
        }
        for code in [NotEnoughReplicas, LeaderNotAvailable, RequestTimedOut, BrokerTransportFailure, QueueFull] {
            assert_eq!(fate(code), None, "{code:?}");
        }
    }
}
