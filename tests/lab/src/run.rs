//! `weft-lab run`: the whole of it, pass by pass, and the judgement.

use crate::api::Api;
use crate::lab::Lab;
use crate::pass::Pass;
use crate::pipeline::{self, Cables, Pipeline, Settings};
use crate::random::Random;
use crate::receiver::Receiver;
use crate::sandbox::Inside;
use crate::script::{self, Planned};
use crate::summary::Summary;
use crate::training::Training;
use crate::truth::Truth;
use crate::verdict::Row;
use crate::worker::now_ns;
use crate::{ending, forward, hold, plan, table};
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

#[derive(clap::Args, Clone, Debug)]
pub struct RunArgs {
    /// Write a row a round to this file (NDJSON).
    #[arg(long)]
    json: Option<PathBuf>,
    /// Keep everything up until Ctrl-C, break nothing, and write lab.env for those who do.
    #[arg(long, conflicts_with_all = ["quick", "script"])]
    hold: bool,
    /// One round of each fault, without marks, and half a minute without fault. Asserts that every part is named right and
    /// nothing else is accused; seconds and lost time, which other load on the machine moves, are reported alone.
    #[arg(long)]
    quick: bool,
    /// Rounds of each fault, in each pass.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Faults to inject instead of drawn ones: at_s,for_s,class,device,port,strength.
    #[arg(long)]
    script: Option<PathBuf>,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The weft program; by default the one beside this.
    #[arg(long)]
    weft: Option<PathBuf>,
    /// Record each pass as a trace (`weft record`) in a folder below this one.
    #[arg(long)]
    record: Option<PathBuf>,
    /// What weft is given: counters alone (`bytes`), step marks too (`marks`), or one after the other.
    #[arg(long, value_enum)]
    pass: Option<Passes>,
    /// From whom weft knows the cables.
    #[arg(long, value_enum, default_value_t = Cables::Plan)]
    cables: Cables,
    /// Where --hold writes addresses, process ids and the patch panel's devices.
    #[arg(long, default_value = "lab.env")]
    env_file: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Passes {
    Bytes,
    Marks,
    Both,
}

impl RunArgs {
    fn passes(&self) -> &'static [&'static str] {
        let otherwise = if self.hold || self.quick { Passes::Bytes } else { Passes::Both };
        match self.pass.unwrap_or(if self.hold { Passes::Marks } else { otherwise }) {
            Passes::Bytes => &["bytes"],
            Passes::Marks => &["marks"],
            Passes::Both => &["bytes", "marks"],
        }
    }

    fn plan(&self) -> Result<Vec<Planned>> {
        match &self.script {
            Some(path) => script::read(path),
            None => Ok(script::drawn(if self.quick { 1 } else { self.rounds }, self.quick)),
        }
    }

    fn fault_free(&self) -> Duration {
        Duration::from_secs(if self.quick { 30 } else { 180 })
    }

    fn resolve_within(&self) -> Duration {
        Duration::from_secs(if self.quick { 30 } else { 60 })
    }
}

/// Exit code 0: all named right and nothing else; 1: not so.
pub fn main(inside: Inside, args: &RunArgs, runtime: &Handle) -> Result<i32> {
    ending::follow(Duration::from_secs(10));
    // Wrong input is told before anything is built.
    let (planned, weft) = (args.plan()?, pipeline::find_weft(args.weft.as_deref())?);
    if let Some(path) = &args.json {
        std::fs::write(path, "").with_context(|| path.display().to_string())?;
    }
    let [analyzer_port, page_port] = inside.ports;
    let mut lab = Lab::build(inside)?;
    plan::write(lab.topology, &lab.plan_folder())?;
    let (receiver, webhook_url) = runtime.block_on(Receiver::start(pipeline::SECRET))?;
    let settings = Settings { weft, analyzer_port, page_port, webhook_url, cables: args.cables };
    for port in [analyzer_port, page_port] {
        forward::offer(&lab.workdir, port)?;
    }
    let mut session = Session {
        args,
        settings,
        receiver,
        api: Api::new(analyzer_port, runtime.clone())?,
        rows: Vec::new(),
        left_out: 0,
    };
    if args.hold {
        return session.hold(&mut lab);
    }
    let mut quiet = true;
    for pass in args.passes() {
        quiet &= session.pass(&mut lab, pass, &planned)?;
    }
    println!("{}", table::of(&session.rows));
    Ok(i32::from(!session.verdict(quiet)))
}

struct Session<'a> {
    args: &'a RunArgs,
    settings: Settings,
    receiver: Receiver,
    api: Api,
    rows: Vec<Row>,
    /// Faults for which no place was found.
    left_out: usize,
}

impl Session<'_> {
    /// True when nothing was accused in the fault-free minutes.
    fn pass(&mut self, lab: &mut Lab, name: &str, planned: &[Planned]) -> Result<bool> {
        let record = self.args.record.as_ref().map(|folder| std::path::absolute(folder.join(name))).transpose()?;
        let began_ns = now_ns();
        let mut pipeline = self.start(lab, name, record.as_deref())?;
        let mut truth = Truth::default();
        let mut pass = Pass {
            name: name.to_owned(),
            lab,
            pipeline: &mut pipeline,
            api: &self.api,
            receiver: &self.receiver,
            random: Random::new(self.args.seed),
            resolve_within: self.args.resolve_within(),
            began: Instant::now(),
            pace: 0.0,
            judged_until_ns: began_ns,
            told: Default::default(),
        };
        pass.settle()?;
        let bar = progress(name, planned.len());
        for planned in planned {
            bar.set_message(planned.class.clone());
            match pass.round(planned)? {
                Some((row, interval)) => {
                    truth.add(&row, interval);
                    bar.suspend(|| println!("{}", table::line(&row)));
                    self.rows.push(row);
                    self.write_last_row()?;
                }
                None => {
                    self.left_out += 1;
                    bar.suspend(|| {
                        println!("{}: no place where it would cost 5 % of step time; left out", planned.class)
                    });
                }
            }
            bar.inc(1);
        }
        bar.set_message("without fault");
        let length = self.args.fault_free();
        let accused = pass.fault_free(length)?;
        bar.finish_and_clear();
        println!(
            "{name}: {} s without fault, with a checkpoint: {} incidents {}",
            length.as_secs(),
            accused.len(),
            accused.join(", ")
        );
        pipeline.stop();
        lab.training = None;
        record.map_or(Ok(()), |folder| truth.write(&folder))?;
        Ok(accused.is_empty())
    }

    /// Starts weft and the job, and waits until both are well.
    fn start(&self, lab: &mut Lab, name: &str, record: Option<&Path>) -> Result<Pipeline> {
        let spinner = progress(name, 0);
        spinner.set_message("starting the broker, weft and the job");
        let mut pipeline = Pipeline::start(lab, &self.settings, name, record)?;
        // Another pass is another life: its weft knows of no earlier pull.
        lab.pulled.clear();
        let socket = |host: &str| pipeline::step_socket(lab, name, host);
        let marks: Option<&dyn Fn(&str) -> PathBuf> = if name == "marks" { Some(&socket) } else { None };
        let mut training = Training::start(lab.topology, lab.cgroups.as_ref(), &lab.workdir, self.args.seed, marks)?;
        training.wait_for_steps(5, Duration::from_secs(60))?;
        let nodes = lab.topology.nodes.len();
        let deadline = Instant::now() + Duration::from_secs(60);
        let cabled_ports = 2 * lab.topology.cables.len();
        let hears_all = || self.api.collectors().is_ok_and(|n| n >= nodes);
        let knows_cables = || self.api.cabled_ports().is_ok_and(|n| n >= cabled_ports);
        while !(self.api.is_ready() && hears_all() && knows_cables()) {
            anyhow::ensure!(
                Instant::now() < deadline,
                "the analyzer does not hear all {nodes} collectors, or know the ends of all {cabled_ports} cabled ports, after \
                 60 s; see {}",
                lab.workdir.display()
            );
            ending::sleep(Duration::from_millis(200), || pipeline.check())?;
        }
        lab.training = Some(training);
        spinner.finish_and_clear();
        eprintln!("{name}: the page is at http://127.0.0.1:{}", self.settings.page_port);
        Ok(pipeline)
    }

    fn hold(&mut self, lab: &mut Lab) -> Result<i32> {
        let name = self.args.passes()[0];
        let record = self.args.record.as_ref().map(|folder| std::path::absolute(folder.join(name))).transpose()?;
        let mut pipeline = self.start(lab, name, record.as_deref())?;
        hold::publish(lab, &self.settings, &pipeline.bootstrap, &std::path::absolute(&self.args.env_file)?)?;
        while !ending::requested() {
            pipeline.check()?;
            lab.training.as_mut().context("no job is running")?.check()?;
            std::thread::sleep(Duration::from_millis(200));
        }
        pipeline.stop();
        Ok(0)
    }

    fn write_last_row(&self) -> Result<()> {
        let (Some(path), Some(row)) = (&self.args.json, self.rows.last()) else { return Ok(()) };
        let mut file = std::fs::File::options().append(true).create(true).open(path)?;
        writeln!(file, "{}", serde_json::to_string(row)?).with_context(|| path.display().to_string())
    }

    /// Says the summary; whether all that this run asserts holds.
    fn verdict(&self, quiet: bool) -> bool {
        let summary = Summary::of(&self.rows, self.args.passes());
        println!("{summary}");
        // A judge's own script may hold faults that cost little; those drawn here must not, and none may be left out.
        let as_drawn = self.args.script.is_some() || (summary.cheap == 0 && self.left_out == 0);
        let figures = summary.lost_time_is_near() && summary.is_prompt() && as_drawn;
        if self.args.quick && !figures {
            println!(
                "a figure is off its goal; with --quick figures are reported, not asserted: other load moves them"
            );
        }
        summary.all_right() && quiet && (figures || self.args.quick)
    }
}

fn progress(pass: &str, rounds: usize) -> ProgressBar {
    let bar = if rounds == 0 { ProgressBar::new_spinner() } else { ProgressBar::new(rounds as u64) };
    let template = if rounds == 0 {
        "{spinner} {prefix}: {msg} {elapsed}"
    } else {
        "{spinner} {prefix} {pos}/{len} {msg} {elapsed}"
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar.with_prefix(pass.to_owned())
}
