//! What `[[notify]]` of the kind `alertmanager` asks for beside what all kinds share.

use reqwest::Url;

/// Weft adds `/api/v2/alerts` itself. What is copied from a browser or from another program's settings is often a page or a
/// path of Alertmanager instead of its root.
pub fn check_url(url: &Url) -> Result<(), String> {
    let path = url.path().trim_end_matches('/');
    let is_root = !["/api/v1", "/api/v2", "/alerts"].iter().any(|end| path.ends_with(end));
    if is_root && url.query().is_none() && url.fragment().is_none() {
        return Ok(());
    }
    let root = url.origin().ascii_serialization();
    Err(format!("this is a page or a path of Alertmanager; write its root, as {root}, since weft adds /api/v2/alerts"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alertmanager_is_named_by_its_root() {
        let check = |url: &str| check_url(&Url::parse(url).unwrap());
        for url in
            ["http://am:9093", "http://am:9093/", "https://am.example/alertmanager", "https://am.example/alertmanager/"]
        {
            assert_eq!(check(url), Ok(()), "{url}");
        }
        for url in [
            "http://am:9093/api/v2/alerts",
            "http://am:9093/api/v2/alerts/",
            "http://am:9093/api/v1/alerts",
            "http://am:9093/api/v2",
            "https://am.example/alertmanager/api/v2/alerts",
            "http://am:9093/#/alerts",
            "http://am:9093/?filter=x",
        ] {
            let said = check(url).unwrap_err();
            assert!(said.contains("write its root"), "{url}: {said}");
        }
    }
}
