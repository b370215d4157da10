//! Variables that Kubernetes puts into every pod for each Service of its namespace. Beside a Service called
//! `weft-analyzer` there are `WEFT_ANALYZER_SERVICE_HOST`, `WEFT_ANALYZER_PORT=tcp://10.96.31.7:9870` and more: they look
//! like settings, and are none.
//!
//! Source: <https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>.

/// `value` decides where the name alone could be a misspelt key: `WEFT_HTTP_PORT=9870` is a person's, not the kubelet's.
pub fn is_service_link(name: &str, value: &str) -> bool {
    let is_url = || ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    if name.ends_with("_SERVICE_HOST") || has_port_name(name) {
        return true;
    }
    let Some((_, rest)) = name.rsplit_once("_PORT_").filter(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()))
    else {
        return name.ends_with("_SERVICE_PORT") || (name.ends_with("_PORT") && is_url());
    };
    let (number, rest) = rest.split_once('_').unwrap_or((rest, ""));
    let (protocol, rest) = rest.split_once('_').unwrap_or((rest, ""));
    number.bytes().all(|byte| byte.is_ascii_digit())
        && ["TCP", "UDP", "SCTP"].contains(&protocol)
        && (["PROTO", "ADDR"].contains(&rest) || (rest.is_empty() && is_url()))
}

/// `…_SERVICE_PORT_<NAME>`: one a named port. `…_PORT_9870_TCP_PORT` ends in `_PORT` as well.
fn has_port_name(name: &str) -> bool {
    let named = name.split_once("_SERVICE_PORT_").is_some_and(|(_, port)| !port.is_empty());
    let of_port = name.strip_suffix("_PORT").is_some_and(|rest| {
        let mut parts = rest.rsplit('_');
        let protocol = parts.next().is_some_and(|p| ["TCP", "UDP", "SCTP"].contains(&p));
        let number = parts.next().is_some_and(|p| !p.is_empty() && p.bytes().all(|byte| byte.is_ascii_digit()));
        protocol && number && parts.next() == Some("PORT")
    });
    named || of_port
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the kubelet makes them.
    fn links(service: &str, port: u16, protocol: &str, named: &str) -> Vec<(String, String)> {
        let n = service.to_uppercase().replace('-', "_");
        let p = protocol.to_uppercase();
        let url = format!("{protocol}://10.96.31.7:{port}");
        vec![
            (format!("{n}_SERVICE_HOST"), "10.96.31.7".into()),
            (format!("{n}_SERVICE_PORT"), port.to_string()),
            (format!("{n}_SERVICE_PORT_{named}"), port.to_string()),
            (format!("{n}_PORT"), url.clone()),
            (format!("{n}_PORT_{port}_{p}"), url),
            (format!("{n}_PORT_{port}_{p}_PROTO"), protocol.into()),
            (format!("{n}_PORT_{port}_{p}_PORT"), port.to_string()),
            (format!("{n}_PORT_{port}_{p}_ADDR"), "10.96.31.7".into()),
        ]
    }

    #[test]
    fn what_the_kubelet_says_of_any_service_is_known() {
        for service in
            ["weft", "weft-analyzer", "weft-notify", "weft-transport-kafka", "weft-http-port", "weft-silence"]
        {
            for protocol in ["tcp", "udp", "sctp"] {
                for (name, value) in links(service, 9870, protocol, "HTTP_METRICS") {
                    assert!(is_service_link(&name, &value), "{name}={value}");
                }
            }
        }
    }

    #[test]
    fn what_a_person_says_is_not() {
        for (name, value) in [
            ("WEFT_HTTP_PORT", "9870"),
            ("WEFT_ANALYZER_PORT", "10.0.0.1:9870"),
            ("WEFT_HTTP_PORT_9870", "tcp://10.96.31.7:9870"),
            ("WEFT_HTTP_PORT_9870_TCP", "9870"),
            ("WEFT_HTTP_PORT_9870_TCP_HOST", "10.96.31.7"),
            ("WEFT_HTTP_HOST", "10.96.31.7"),
            ("WEFT_ANALYZER_WINDOW", "60"),
            ("WEFT_COLLECTOR_LABELS__PORT", "7"),
        ] {
            assert!(!is_service_link(name, value), "{name}={value}");
        }
    }
}
