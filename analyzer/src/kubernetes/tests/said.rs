//! What is said of failures, and of settings that cannot work.

use crate::kubernetes::config::KubernetesConfig;
use crate::kubernetes::trouble::{Then, trouble};
use kube::core::Status;
use kube::runtime::watcher::Error;
use serde_json::Value;

#[test]
fn what_is_wrong_is_said_with_what_to_do() {
    let status = |text: &str| -> Box<Status> { serde_json::from_str(text).unwrap() };
    let forbidden = || status(include_str!("../fixtures/forbidden.json"));
    let unauthorized = || status(include_str!("../fixtures/unauthorized.json"));
    let expired: Value = serde_json::from_str(include_str!("../fixtures/expired.jsonl")).unwrap();
    let expired = || status(&expired["object"].to_string());
    let api = |status| kube::Error::Api(status);
    let service = |text: &'static str| kube::Error::Service(text.into());
    for (error, then, said) in [
        (
            Error::InitialListFailed(api(forbidden())),
            Then::TriesAgain,
            "forbids weft to list pods (pods is forbidden: User \"weft\" cannot list resource \"pods\" in API group \"\" at the \
             cluster scope); add the rule {apiGroups: [\"\"], resources: [pods], verbs: [get, list, watch]}",
        ),
        (Error::WatchStartFailed(api(forbidden())), Then::TriesAgain, "forbids weft to watch pods"),
        (Error::InitialListFailed(api(unauthorized())), Then::ConnectAnew, "renew the token"),
        (Error::WatchError(expired()), Then::ListsAnew, "too old resource version: 201 (373)"),
        (
            Error::InitialListFailed(service("Connection refused")),
            Then::TriesAgain,
            "https://k cannot be asked to list pods",
        ),
        (Error::WatchStartFailed(service("invalid peer certificate")), Then::TriesAgain, "see certificate-authority"),
        (Error::NoResourceVersion, Then::TriesAgain, "is it an API server"),
    ] {
        let (does, text) = trouble(&error, "pods", "https://k");
        assert!(does == then && text.contains(said), "{does:?} {text}");
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let sound = KubernetesConfig { enabled: true, namespaces: vec!["team-a".into()], ..KubernetesConfig::default() };
    assert_eq!((sound.check(), KubernetesConfig::default().check()), (Ok(()), Ok(())));
    for (config, said) in [
        (KubernetesConfig { gpus: Vec::new(), ..sound.clone() }, "write [\"nvidia.com/gpu\"]"),
        (KubernetesConfig { gpus: vec!["*".into()], ..sound.clone() }, "names no resource"),
        (KubernetesConfig { gpus: vec!["a*b".into()], ..sound.clone() }, "names no resource"),
        (KubernetesConfig { namespaces: vec!["a b".into()], ..sound.clone() }, "leave the key out"),
        (KubernetesConfig { timeout_s: 1, ..sound }, "5 to 3600"),
    ] {
        assert!(config.check().unwrap_err().to_string().contains(said), "{said}");
    }
}
