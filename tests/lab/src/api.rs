//! What the judge asks weft's HTTP API: is it ready, which incidents are open, what does one say of the job's loss.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::runtime::Handle;

pub struct Api {
    base: String,
    client: reqwest::Client,
    runtime: Handle,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Incident {
    #[serde(default)]
    pub kind: String,
    #[serde(default)]
    pub class: String,
    pub opened_ns: Option<i64>,
    #[serde(default)]
    pub jobs: Vec<JobLoss>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct JobLoss {
    pub lost_step_time: Option<f64>,
}

#[derive(Deserialize)]
struct Port {
    #[serde(default)]
    peer_device: String,
}

#[derive(Deserialize)]
struct Items<T> {
    items: Vec<T>,
}

impl Api {
    pub fn new(port: u16, runtime: Handle) -> Result<Self> {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy().build()?;
        Ok(Self { base: format!("http://127.0.0.1:{port}"), client, runtime })
    }

    pub fn is_ready(&self) -> bool {
        let answer = self.runtime.block_on(self.client.get(format!("{}/readyz", self.base)).send());
        answer.is_ok_and(|a| a.status().is_success())
    }

    /// How many collectors have spoken.
    pub fn collectors(&self) -> Result<usize> {
        Ok(self.get::<Items<serde_json::Value>>("/api/v1/collectors")?.items.len())
    }

    /// Ports that weft knows the other end of, by the plan or by what it heard.
    pub fn cabled_ports(&self) -> Result<usize> {
        let ports = self.get::<Items<Port>>("/api/v1/ports?limit=10000")?.items;
        Ok(ports.into_iter().filter(|port| !port.peer_device.is_empty()).count())
    }

    /// Hardware incidents that are open.
    pub fn open_incidents(&self) -> Result<Vec<Incident>> {
        let items = self.get::<Items<Incident>>("/api/v1/incidents?state=open")?.items;
        Ok(items.into_iter().filter(|i| i.kind == "hardware").collect())
    }

    /// Incidents of any kind that opened at or after a moment: class and state.
    pub fn opened_since(&self, since_ns: i64) -> Result<Vec<String>> {
        let items = self.get::<Items<Incident>>("/api/v1/incidents?limit=1000")?.items;
        let opened = items.into_iter().filter(|i| i.opened_ns.is_some_and(|t| t >= since_ns));
        Ok(opened.map(|i| i.class).collect())
    }

    /// The largest loss that the incident names, `None` when it does not know.
    pub fn lost_step_time(&self, incident: &str) -> Result<Option<f64>> {
        let incident = self.get::<Incident>(&format!("/api/v1/incidents/{incident}"))?;
        Ok(incident.jobs.iter().filter_map(|j| j.lost_step_time).reduce(f64::max))
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let url = format!("{}{path}", self.base);
        let answer = async { self.client.get(&url).send().await?.error_for_status()?.json::<T>().await };
        self.runtime.block_on(answer).with_context(|| format!("GET {url}"))
    }
}
