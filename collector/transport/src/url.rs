//! Where the other side is: `kafka://HOST:PORT[,HOST:PORT]`, `direct://HOST:PORT`, or in this process.

use std::fmt;
use std::str::FromStr;

use crate::TransportError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportUrl {
    Kafka {
        /// Comma-separated `host:port`, as librdkafka takes it.
        bootstrap: String,
    },
    /// A collector connects here, an analyzer listens here.
    Direct { addr: String },
    /// One process; see [`crate::in_process`].
    InProcess,
}

impl FromStr for TransportUrl {
    type Err = TransportError;

    fn from_str(url: &str) -> Result<Self, TransportError> {
        let wrong = |reason| TransportError::Url { url: url.to_owned(), reason };
        match url.split_once("://") {
            Some(("kafka", hosts)) => Ok(TransportUrl::Kafka { bootstrap: brokers(hosts).map_err(wrong)? }),
            Some(("direct", addr)) => {
                let addr = addr.trim();
                host_port(addr).map_err(wrong)?;
                Ok(TransportUrl::Direct { addr: addr.to_owned() })
            }
            Some(_) => Err(wrong("unknown scheme")),
            None if url == "in-process" => Ok(TransportUrl::InProcess),
            None => Err(wrong("no scheme")),
        }
    }
}

/// Blanks around a comma and a comma at the end are plainly meant; nothing else is guessed.
fn brokers(hosts: &str) -> Result<String, &'static str> {
    let list = hosts.trim().trim_end_matches(',');
    let brokers: Vec<&str> = list.split(',').map(str::trim).collect();
    brokers.iter().try_for_each(|broker| host_port(broker))?;
    Ok(brokers.join(","))
}

/// `host:port` or `[v6]:port`.
fn host_port(text: &str) -> Result<(), &'static str> {
    if text.contains("://") {
        return Err("no scheme before a host (the protocol is `\"security.protocol\"` of [transport.kafka])");
    }
    if text.contains([';', ' ', '\t', '\n', '|']) {
        return Err("brokers are parted by commas");
    }
    if text.contains(',') {
        return Err("a direct transport has one address");
    }
    let inner = text.strip_prefix('[').map_or(text, |rest| rest.split_once("]:").map_or(text, |(inner, _)| inner));
    if inner.contains(['[', ']', '"', '\'', '(', ')', '{', '}']) {
        return Err("write it without brackets and quotes");
    }
    if text.is_empty() {
        return Err("no host");
    }
    let (host, port) = text.rsplit_once(':').ok_or("no port")?;
    if host.is_empty() || host.contains('/') {
        return Err("no host");
    }
    if host.contains(':') && !(host.starts_with('[') && host.ends_with(']')) {
        return Err("an IPv6 address stands in brackets");
    }
    port.parse::<u16>().map(drop).map_err(|_| "the port is not a number from 0 to 65535")
}

impl fmt::Display for TransportUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TransportUrl::Kafka { bootstrap } => write!(f, "kafka://{bootstrap}"),
            TransportUrl::Direct { addr } => write!(f, "direct://{addr}"),
            TransportUrl::InProcess => f.write_str("in-process"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_round_trip() {
        for url in
            ["kafka://a:9092", "kafka://a:9092,b:9093", "direct://[::1]:4180", "direct://10.0.0.1:0", "in-process"]
        {
            assert_eq!(url.parse::<TransportUrl>().unwrap().to_string(), url);
        }
    }

    #[test]
    fn wrong_urls_say_what_is_wrong() {
        for (url, word) in [
            ("localhost:9092", "scheme"),
            ("http://a:1", "unknown scheme"),
            ("kafka://a", "no port"),
            ("kafka://a:1,b", "no port"),
            ("direct://:1", "no host"),
            ("direct://a:70000", "65535"),
            ("direct://::1:5", "brackets"),
            ("direct://a:1/x", "65535"),
        ] {
            let error = url.parse::<TransportUrl>().unwrap_err().to_string();
            assert!(error.contains(word) && error.contains(url), "{url}: {error}");
        }
    }
}
