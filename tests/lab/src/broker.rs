//! A real Kafka broker on the lab's management network, from the jars that deploy/kafka/fetch.sh has put into the cache.

use crate::fabric::MGMT_ADDR;
use crate::process::{Managed, Spawn};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::time::Duration;

const PORT: u16 = 9092;
/// Any 16 bytes in URL-safe base64 will do: each lab formats its own folder.
const CLUSTER_ID: &str = "d2VmdC1sYWItY2x1c3Rlcg";
const JAVA: &[&str] = &["-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
const STARTS_WITHIN: Duration = Duration::from_secs(60);

pub struct Broker {
    pub bootstrap: String,
    _process: Managed,
}

impl Broker {
    /// Formats `folder` and starts the broker in a CPU group; back when it answers.
    pub fn start(folder: &Path, group: Option<&Path>) -> Result<Self> {
        let jars = jars()?;
        std::fs::create_dir_all(folder)?;
        let properties = folder.join("server.properties");
        let text = include_str!("broker.properties")
            .replace("{ADDR}", MGMT_ADDR)
            .replace("{DIR}", &folder.display().to_string());
        let text = text.replace("{CONTROLLER_PORT}", &(PORT + 1).to_string()).replace("{PORT}", &PORT.to_string());
        std::fs::write(&properties, text)?;
        let log = folder.join("broker.log");
        let java = |class: &str, more: &[&str]| {
            let words = JAVA.iter().copied().chain(["-cp", &jars, class]).chain(more.iter().copied());
            let args: Vec<String> = words.map(str::to_owned).collect();
            Spawn { netns: "", group: group.map(Path::to_owned), log: &log, program: Path::new("java") }
                .start(&args, &[])
        };
        let properties = properties.display().to_string();
        let format = java("kafka.tools.StorageTool", &["format", "-t", CLUSTER_ID, "-c", &properties])?.wait()?;
        if !format.success() {
            bail!("the broker's folder cannot be formatted:\n{}", crate::process::tail(&log, 5));
        }
        let mut process = Managed::new("broker", java("kafka.Kafka", &[&properties])?, log.clone());
        process.wait_for_port((MGMT_ADDR, PORT), STARTS_WITHIN)?;
        Ok(Self { bootstrap: format!("{MGMT_ADDR}:{PORT}"), _process: process })
    }
}

/// The class path; an error says how to get the jars.
fn jars() -> Result<String> {
    let cache = std::env::var_os("WEFT_CACHE").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/weft")));
    let lib = cache.context("neither WEFT_CACHE nor HOME is set")?.join("kafka/lib");
    let found = std::fs::read_dir(&lib).into_iter().flatten().flatten();
    if !found.into_iter().any(|f| f.file_name().to_string_lossy().starts_with("kafka_")) {
        bail!("no Kafka jars in {}: run deploy/kafka/fetch.sh", lib.display());
    }
    Ok(format!("{}/*", lib.display()))
}
