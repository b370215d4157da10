//! Where to listen: `127.0.0.1:9870`, `[::1]:9870`, `localhost:9870`, `:9870` for all interfaces; port 0 takes a free one.

use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;

const HOW: &str = "write HOST:PORT, as 127.0.0.1:9870, localhost:9870 or [::1]:9870; :9870 for all interfaces";

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Address {
    /// Empty for all interfaces; an IPv6 address without its brackets.
    host: String,
    port: u16,
}

impl Address {
    /// This machine only: `127.0.0.1`.
    pub fn loopback(port: u16) -> Address {
        Address { host: Ipv4Addr::LOCALHOST.to_string(), port }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The same host with another port.
    pub fn with_port(&self, port: u16) -> Address {
        Address { host: self.host.clone(), port }
    }

    /// Reached from this machine only.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// What to bind, in order: the first that works is meant. A name other than `localhost` is looked up.
    pub fn socket_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        let both = |v6: Ipv6Addr, v4: Ipv4Addr| [IpAddr::from(v6), IpAddr::from(v4)];
        let hosts = match self.host.as_str() {
            // On Linux the first takes IPv4 as well; the second serves a kernel without IPv6.
            "" => both(Ipv6Addr::UNSPECIFIED, Ipv4Addr::UNSPECIFIED),
            "localhost" => {
                let [v6, v4] = both(Ipv6Addr::LOCALHOST, Ipv4Addr::LOCALHOST);
                [v4, v6]
            }
            host => return (host, self.port).to_socket_addrs().map(Iterator::collect),
        };
        Ok(hosts.map(|host| SocketAddr::new(host, self.port)).to_vec())
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Address, String> {
        let wrong = |why: &str| format!("{text:?}: {why}; {HOW}");
        let (host, port) = text.trim().rsplit_once(':').ok_or_else(|| wrong("no port"))?;
        let port = port.parse().map_err(|_| wrong("the port is no number from 0 to 65535"))?;
        let v6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match (v6, host) {
            (Some(v6), _) if v6.parse::<Ipv6Addr>().is_ok() => v6,
            (None, "*") => "",
            (None, host) if host.is_empty() || is_name(host) => host,
            (None, host) if host.contains("://") => return Err(wrong("a URL is no address")),
            (None, host) if host.contains(':') => return Err(wrong("an IPv6 address stands in brackets")),
            _ => return Err(wrong("no such host can be")),
        };
        Ok(Address { host: host.to_ascii_lowercase(), port })
    }
}

/// A host's name or an IPv4 address. What looks like an address must be one: `127.0.0.1.5` is no name.
fn is_name(host: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    let numeric = host.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    host.trim_end_matches('.').split('.').all(part) && (!numeric || host.parse::<Ipv4Addr>().is_ok())
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Address, String> {
        text.parse()
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_one_is_taken_and_shown_again() {
        for (text, binds) in [
            ("127.0.0.1:9870", "127.0.0.1:9870"),
            ("localhost:9870", "127.0.0.1:9870 [::1]:9870"),
            ("LocalHost:1", "127.0.0.1:1 [::1]:1"),
            (":9870", "[::]:9870 0.0.0.0:9870"),
            ("*:9870", "[::]:9870 0.0.0.0:9870"),
            ("[::1]:9870", "[::1]:9870"),
            ("[::]:0", "[::]:0"),
            ("0.0.0.0:0", "0.0.0.0:0"),
        ] {
            let address: Address = text.parse().unwrap();
            let bound: Vec<String> = address.socket_addrs().unwrap().iter().map(ToString::to_string).collect();
            assert_eq!(bound.join(" "), binds, "{text}");
            assert_eq!(address.to_string().parse::<Address>().unwrap(), address, "{text}");
        }
        assert_eq!("weft.example:80".parse::<Address>().unwrap().to_string(), "weft.example:80");
    }

    #[test]
    fn a_wrong_one_says_how_to_write_it() {
        for (text, word) in [
            ("9870", "no port"),
            ("", "no port"),
            ("localhost", "no port"),
            ("127.0.0.1:", "0 to 65535"),
            ("127.0.0.1:99999", "0 to 65535"),
            ("::1:9870", "brackets"),
            ("http://localhost:9870", "a URL is no address"),
            ("[localhost]:9870", "no such host"),
            ("127.0.0.1.5:9870", "no such host"),
            ("a b:1", "no such host"),
        ] {
            let error = text.parse::<Address>().unwrap_err();
            assert!(error.contains(word) && error.contains("write HOST:PORT"), "{text}: {error}");
        }
    }

    #[test]
    fn loopback_is_known_by_any_of_its_names() {
        let loopback = |text: &str| text.parse::<Address>().unwrap().is_loopback();
        assert!(["127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"].into_iter().all(loopback));
        assert!(![":1", "0.0.0.0:1", "[::]:1", "10.0.0.1:1", "weft.example:1"].into_iter().any(loopback));
    }
}
