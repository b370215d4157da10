//! weft itself, as an operator would run it: a broker, a collector in every host and switch, an analyzer, the page.

use crate::broker::Broker;
use crate::cgroup::Cgroups;
use crate::lab::Lab;
use crate::process::{Managed, Spawn};
use crate::topology::{Kind, Node};
use crate::training::HOST_CORES;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::time::Duration;

const READY_WITHIN: Duration = Duration::from_secs(60);
/// Cores that broker, analyzer, page and the switches' collectors may use together.
const REST_CORES: f64 = 2.0;
pub const SECRET: &str = "lab-webhook-secret";

/// Where things are, and what listens where. Both ports are reachable from outside the lab under the same number.
#[derive(Clone, Debug)]
pub struct Settings {
    pub weft: PathBuf,
    pub analyzer_port: u16,
    pub page_port: u16,
    pub webhook_url: String,
    pub cables: Cables,
}

/// From whom weft knows who is cabled to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Cables {
    /// A plan folder.
    Plan,
    /// The collectors, which hear their neighbours by LLDP; of the plan folder weft is given jobs.csv alone.
    Lldp,
    /// Both, so that a cable that lies otherwise than planned is seen.
    Both,
}

pub struct Pipeline {
    pub bootstrap: String,
    recorder: Option<Managed>,
    collectors: Vec<Managed>,
    page: Managed,
    analyzer: Managed,
    _broker: Broker,
}

impl Pipeline {
    /// A fresh broker and state: nothing of an earlier pass is known. `record` is a folder for `weft record`.
    pub fn start(lab: &Lab, settings: &Settings, pass: &str, record: Option<&Path>) -> Result<Self> {
        let folder = lab.workdir.join(pass);
        let cgroups = lab.cgroups.as_ref();
        let group = cgroups.map(|c| c.group("weft", REST_CORES)).transpose()?;
        let broker = Broker::start(&folder.join("kafka"), group.as_deref())?;
        let plan = &lab.plan_folder();
        let weft = Weft { settings, folder: &folder, bootstrap: &broker.bootstrap, plan, group };
        let recorder = record.map(|out| weft.recorder(out)).transpose()?;
        let analyzer = weft.analyzer()?;
        let page = weft.page()?;
        let collectors = lab.topology.nodes.iter().map(|n| weft.collector(n, cgroups)).collect::<Result<_>>()?;
        Ok(Self { bootstrap: broker.bootstrap.clone(), recorder, collectors, page, analyzer, _broker: broker })
    }

    /// An error when any part has ended.
    pub fn check(&mut self) -> Result<()> {
        let rest = self.recorder.iter_mut().chain(&mut self.collectors);
        rest.chain([&mut self.page, &mut self.analyzer]).try_for_each(Managed::check)
    }

    /// Lets the recording end in order before the rest goes.
    pub fn stop(mut self) {
        if let Some(recorder) = &mut self.recorder {
            recorder.end(Duration::from_secs(20));
        }
    }
}

/// The step marks' socket of a node's collector.
pub fn step_socket(lab: &Lab, pass: &str, node: &str) -> PathBuf {
    lab.workdir.join(pass).join(format!("{node}.step.sock"))
}

/// The lab's cables are veth pairs, which weft by itself takes for no ports: they have no wire.
const COLLECTOR_CONFIG: &str = "[collector.interfaces]\ninclude = [\"eth*\", \"swp*\", \"mgmt*\"]\n";
const TRANSMIT_LLDP: &str = "\n[collector.lldp]\ntransmit = true\n";

struct Weft<'a> {
    settings: &'a Settings,
    folder: &'a Path,
    bootstrap: &'a str,
    plan: &'a Path,
    /// CPU group of what runs on no host.
    group: Option<PathBuf>,
}

impl Weft<'_> {
    fn analyzer(&self) -> Result<Managed> {
        let config = self.write("analyzer.toml", &self.analyzer_config())?;
        let mut analyzer = self.start("analyzer", "", self.group.clone(), &["analyzer", "--config", &config])?;
        analyzer.wait_for_port(("127.0.0.1", self.settings.analyzer_port), READY_WITHIN)?;
        Ok(analyzer)
    }

    fn analyzer_config(&self) -> String {
        let Settings { analyzer_port, page_port, webhook_url, .. } = self.settings;
        let given = match self.settings.cables {
            Cables::Plan | Cables::Both => format!("plan = \"{}\"", self.plan.display()),
            Cables::Lldp => format!("jobs = \"{}\"", self.plan.join("jobs.csv").display()),
        };
        format!(
            "[transport]\nkind = \"kafka\"\nbootstrap = \"{}\"\n\n[analyzer]\n{given}\nstate = \"{}\"\n\n\
             [http]\nlisten = \"127.0.0.1:{analyzer_port}\"\nexternal_url = \"http://127.0.0.1:{page_port}\"\n\n\
             [[notify]]\nkind = \"webhook\"\nurl = \"{webhook_url}\"\nsecret = \"{SECRET}\"\n",
            self.bootstrap,
            self.folder.join("state").display(),
        )
    }

    fn page(&self) -> Result<Managed> {
        let Settings { analyzer_port, page_port, .. } = self.settings;
        let (analyzer, listen) = (format!("http://127.0.0.1:{analyzer_port}"), format!("127.0.0.1:{page_port}"));
        let mut page = self.start(
            "dashboard",
            "",
            self.group.clone(),
            &["dashboard", "--analyzer", &analyzer, "--listen", &listen],
        )?;
        page.wait_for_port(("127.0.0.1", *page_port), READY_WITHIN)?;
        Ok(page)
    }

    fn collector(&self, node: &Node, cgroups: Option<&Cgroups>) -> Result<Managed> {
        let name = &node.name;
        let socket = self.folder.join(format!("{name}.step.sock")).display().to_string();
        let kind = if node.kind == Kind::Host { "node" } else { "switch" };
        let transport = format!("kafka://{}", self.bootstrap);
        let group = match (cgroups, node.kind) {
            (Some(cgroups), Kind::Host) => Some(cgroups.group(name, HOST_CORES)?),
            _ => self.group.clone(),
        };
        // A file each: one that is written again is empty for a moment, while the collector before reads it.
        let lldp = if self.settings.cables == Cables::Plan { "" } else { TRANSMIT_LLDP };
        let config = self.write(&format!("collector-{name}.toml"), &format!("{COLLECTOR_CONFIG}{lldp}"))?;
        let args = ["collector", "--config", &config, "--id", name, "--kind", kind];
        let args = [&args[..], &["--transport", &transport, "--step-socket", &socket]].concat();
        self.start(&format!("collector-{name}"), name, group, &args)
    }

    fn recorder(&self, out: &Path) -> Result<Managed> {
        let (transport, plan) = (format!("kafka://{}", self.bootstrap), self.plan.display().to_string());
        let args = ["record", "--transport", &transport, "--plan", &plan, "--out", &out.display().to_string()];
        self.start("record", "", self.group.clone(), &args)
    }

    fn start(&self, name: &str, netns: &str, group: Option<PathBuf>, args: &[&str]) -> Result<Managed> {
        let log = self.folder.join(format!("{name}.log"));
        let args: Vec<String> = args.iter().map(|a| (*a).to_owned()).collect();
        let child = Spawn { netns, group, log: &log, program: &self.settings.weft }.start(&args, &[])?;
        Ok(Managed::new(name, child, log))
    }

    fn write(&self, name: &str, text: &str) -> Result<String> {
        let path = self.folder.join(name);
        std::fs::write(&path, text).with_context(|| path.display().to_string())?;
        Ok(path.display().to_string())
    }
}

/// `--weft`, else the `weft` beside this executable.
pub fn find_weft(given: Option<&Path>) -> Result<PathBuf> {
    let beside = std::env::current_exe()?.with_file_name("weft");
    let path = given.map_or(beside, Path::to_owned);
    if !path.is_file() {
        bail!("{}: no such program; build it (cargo build -p weft) or name it with --weft", path.display());
    }
    path.canonicalize().with_context(|| path.display().to_string())
}
