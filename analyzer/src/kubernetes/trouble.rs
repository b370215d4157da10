//! What is wrong with a watch, in words: what failed, and how to mend it.

use crate::operations::one_line;
use kube::core::Status;
use kube::runtime::watcher::Error;
use std::error::Error as _;

/// Of what the API server says of a failure, characters that are shown.
const MOST_SAID: usize = 400;

/// What has to be done about an error beside saying so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The watch tries again by itself, later each time.
    TriesAgain,
    /// It lists all anew: what it had heard last is older than the API server remembers. Nothing is wrong.
    ListsAnew,
    /// The way in has to be looked up anew: its token or certificate is over.
    ConnectAnew,
}

/// `what`: pods, or nodes. `server`: its address.
pub fn trouble(error: &Error, what: &str, server: &str) -> (Then, String) {
    let (failed, verb) = match error {
        Error::InitialListFailed(failed) => (failed, "list"),
        Error::WatchStartFailed(failed) => (failed, "watch"),
        Error::WatchFailed(failed) => (failed, "watch"),
        Error::WatchError(status) => return of_status(status, what, "watch"),
        Error::NoResourceVersion => {
            return (
                Then::TriesAgain,
                format!("{server} answers without a resourceVersion: is it an API server of Kubernetes?"),
            );
        }
    };
    match failed {
        kube::Error::Api(status) => of_status(status, what, verb),
        kube::Error::SerdeError(_) => {
            let said = shown(failed);
            (Then::TriesAgain, format!("its answer about {what} cannot be read ({said}): please report it"))
        }
        kube::Error::Auth(_) => {
            let said = shown(failed);
            (Then::ConnectAnew, format!("{said}; mend how the kubeconfig of [kubernetes] gets its token"))
        }
        _ => {
            let said = shown(failed);
            let mend = match said.contains("certificate") {
                true => "see certificate-authority in its kubeconfig",
                false => "is it up, and its address right?",
            };
            (Then::TriesAgain, format!("{server} cannot be asked to {verb} {what} ({said}); {mend}"))
        }
    }
}

fn of_status(status: &Status, what: &str, verb: &str) -> (Then, String) {
    let said: String = one_line(&status.message).chars().take(MOST_SAID).collect();
    let resource = what.split(' ').next().unwrap_or(what);
    match status.code {
        410 => (Then::ListsAnew, format!("{what} are listed anew ({said})")),
        401 => {
            let mend = "renew the token or certificate of its kubeconfig, or of weft's service account";
            (Then::ConnectAnew, format!("the API server does not know who asks about {what} ({said}); {mend}"))
        }
        403 => {
            let rule = format!("{{apiGroups: [\"\"], resources: [{resource}], verbs: [get, list, watch]}}");
            let mend = format!("add the rule {rule} to weft's ClusterRole (deploy/kubernetes/rbac.yaml)");
            (Then::TriesAgain, format!("the API server forbids weft to {verb} {what} ({said}); {mend}"))
        }
        400 => {
            let mend = "see [kubernetes] selector";
            (Then::TriesAgain, format!("the API server does not take what weft asks of {what} ({said}); {mend}"))
        }
        code => (Then::TriesAgain, format!("the API server answers {code} when asked to {verb} {what} ({said})")),
    }
}

/// An error with all that caused it, of which the last names the matter itself: `Connection refused`.
fn shown(error: &kube::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(because) = cause {
        let text = because.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        cause = because.source();
    }
    one_line(&said).chars().take(MOST_SAID).collect()
}
