//! The way to the API server: the service account of weft's own pod, or a kubeconfig.

use super::config::KubernetesConfig;
use axum::http::Response;
use kube::Client;
use kube::client::ClientBuilder;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tower::util::MapResponseLayer;

/// A server that does not take a connection within so long is not there.
const CONNECT: Duration = Duration::from_secs(10);
/// An answer may be silent for so long beyond the life of a watch.
const SILENCE: Duration = Duration::from_secs(10);

/// When the API server last answered well. A watch that begins again says nothing until something changes: that it was taken is
/// seen by the status of the answer alone.
#[derive(Clone, Debug, Default)]
pub struct Heard(Arc<Mutex<Option<Instant>>>);

impl Heard {
    pub fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    pub fn last(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Read anew for every connection: a kubeconfig may be renewed. In words, what is wrong and how to mend it.
pub async fn settings(config: &KubernetesConfig) -> Result<Config, String> {
    let mut found = match (&config.kubeconfig, config.context.as_str()) {
        (None, "") => Config::incluster().map_err(|error| {
            failed(&error, "weft runs in no pod with a service account: name a file in [kubernetes] kubeconfig")
        })?,
        (path, context) => {
            let context = Some(context.to_owned()).filter(|context| !context.is_empty());
            let options = KubeConfigOptions { context, ..KubeConfigOptions::default() };
            match path {
                Some(path) => {
                    let mend = format!("mend {}, or name another file in [kubernetes] kubeconfig", path.display());
                    let file = Kubeconfig::read_from(path).map_err(|error| failed(&error, &mend))?;
                    Config::from_custom_kubeconfig(file, &options).await.map_err(|error| failed(&error, &mend))?
                }
                None => Config::from_kubeconfig(&options)
                    .await
                    .map_err(|error| failed(&error, "name a file in [kubernetes] kubeconfig, or another context"))?,
            }
        }
    };
    found.connect_timeout = Some(CONNECT);
    found.read_timeout = Some(Duration::from_secs(config.timeout_s.into()) + SILENCE);
    found.reset_reader_on_write = true;
    Ok(found)
}

fn failed(error: &dyn Display, mend: &str) -> String {
    format!("the way to the API server is not known ({error}); {mend}")
}

pub fn client(settings: &Config, heard: &Heard) -> Result<Client, String> {
    let builder = ClientBuilder::try_from(settings.clone()).map_err(|error| {
        format!("no client for {} ({error}); see the certificates of its kubeconfig", settings.cluster_url)
    })?;
    let heard = heard.clone();
    let note = move |answer: Response<_>| {
        if answer.status().is_success() {
            heard.note();
        }
        answer
    };
    Ok(builder.with_layer(&MapResponseLayer::new(note)).build())
}
