//! `[http] allowed_hosts`: names by which a server may be asked for, beside `localhost` and bare addresses.

use axum::http::uri::Authority;
use std::net::IpAddr;
use std::sync::Arc;

/// A name of DNS with brackets and port has fewer letters.
const LONGEST: usize = 270;

/// `weft.example`; `*.example` for every name below it; `weft-*.example`, where a star stands for part of one label;
/// `*` for any host at all, which turns the check off.
#[derive(Clone, Debug, Default)]
pub struct AllowedHosts(Arc<[Vec<String>]>);

impl AllowedHosts {
    /// The first that is no host's name, with how to write it.
    pub fn new(hosts: &[String]) -> Result<AllowedHosts, String> {
        hosts.iter().map(|host| labels_of(host)).collect::<Result<Vec<_>, _>>().map(|hosts| AllowedHosts(hosts.into()))
    }

    /// Of a Host header, with or without a port.
    pub fn is_ours(&self, host: &str) -> bool {
        let is_bare = |name: &str| name.parse::<IpAddr>().is_ok() || name == "localhost";
        self.is_any() || name_of(host).is_some_and(|name| is_bare(&name) || self.is_listed(&name))
    }

    /// An allowed origin covers a proxy that ends TLS under a name of its own and asks us by address.
    pub fn is_same_origin(&self, origin: &str, host: &str) -> bool {
        let Some((_, authority)) = origin.split_once("://") else { return self.is_any() };
        let is_listed = || name_of(authority).is_some_and(|name| self.is_listed(&name));
        self.is_any() || authority.eq_ignore_ascii_case(host) || is_listed()
    }

    fn is_any(&self) -> bool {
        self.0.iter().any(|labels| labels.as_slice() == ["*"])
    }

    fn is_listed(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| covers(pattern, name))
    }
}

/// In small letters, without port and brackets; `None` for what names no host.
fn name_of(host: &str) -> Option<String> {
    let authority = host.parse::<Authority>().ok().filter(|_| !host.contains('@') && host.len() <= LONGEST)?;
    let name = authority.host();
    let port = host[name.len()..].strip_prefix(':');
    if !host[name.len()..].is_empty() && !port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit())) {
        return None;
    }
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    Some(name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase())
}

fn labels_of(pattern: &str) -> Result<Vec<String>, String> {
    let wrong =
        |why: &str| Err(format!("{pattern:?}: {why}; write a host's name, as weft.example, *.example, or * for any"));
    let name = pattern.trim();
    if name.contains("://") {
        return wrong("a URL is no name");
    }
    if name.contains(':') || name.contains('/') {
        return wrong("leave out port and path");
    }
    let labels: Vec<String> = name.trim_end_matches('.').split('.').map(str::to_ascii_lowercase).collect();
    match labels.iter().any(String::is_empty) {
        true => wrong("a part of the name is empty"),
        false => Ok(labels),
    }
}

/// From the last label on. A first label `*` stands for one label or more, another one for just one.
fn covers(pattern: &[String], name: &str) -> bool {
    let labels: Vec<&str> = name.split('.').collect();
    let (pattern, labels) = match pattern.split_first() {
        Some((first, rest)) if first == "*" && !rest.is_empty() && labels.len() > rest.len() => {
            (rest, &labels[labels.len() - rest.len()..])
        }
        _ => (pattern, labels.as_slice()),
    };
    pattern.len() == labels.len() && pattern.iter().zip(labels).all(|(p, label)| glob(p.as_bytes(), label.as_bytes()))
}

fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => glob(rest, text) || text.split_first().is_some_and(|(_, text)| glob(pattern, text)),
        (Some((p, pattern)), Some((t, text))) if p == t => glob(pattern, text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(hosts: &[&str]) -> AllowedHosts {
        AllowedHosts::new(&hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_pattern_covers_names_label_by_label() {
        for (pattern, name, covered) in [
            ("weft.example", "WEFT.example:80", true),
            ("Weft.Example.", "weft.example.", true),
            ("weft.example", "a.weft.example", false),
            ("weft.example", "weft.example.evil", false),
            ("*.example", "weft.example", true),
            ("*.example", "a.weft.example", true),
            ("*.example", "example", false),
            ("*.example", "evilexample", false),
            ("weft.*.svc", "weft.monitoring.svc", true),
            ("weft.*.svc", "weft.a.b.svc", false),
            ("weft-*.example", "weft-7.example", true),
            ("weft-*.example", "weft-7.evil.example", false),
            ("weft", "weft:9870", true),
        ] {
            assert_eq!(allowed(&[pattern]).is_ours(name), covered, "{pattern} of {name}");
        }
    }

    #[test]
    fn addresses_and_localhost_need_no_entry_and_disguises_have_none() {
        let nobody = allowed(&[]);
        for host in ["127.0.0.1:9870", "[::1]:9870", "[::1]", "localhost", "LOCALHOST:1", "10.1.2.3", "localhost."] {
            assert!(nobody.is_ours(host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.nip.io:9870",
            "",
            "?",
            "[evil]",
            "a@127.0.0.1",
            "127.0.0.1:x",
        ] {
            assert!(!nobody.is_ours(host), "{host}");
        }
    }

    #[test]
    fn what_is_no_name_is_told_with_how_to_write_it() {
        for (host, word) in
            [("http://weft.example", "URL"), ("weft.example:80", "port"), ("weft..example", "empty"), ("", "empty")]
        {
            let error = AllowedHosts::new(&[host.to_owned()]).unwrap_err();
            assert!(error.contains(word) && error.contains("weft.example"), "{error}");
        }
    }
}
