//! Asking Slurm: by its commands or by slurmrestd, within a time and a length.

use super::config::{SlurmConfig, SlurmKind};
use crate::operations::one_line;
use reqwest::Client;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::{ChildStderr, Command};

/// Of what a command or a server says of its failure, bytes that are shown.
const MOST_SAID: usize = 300;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    Jobs,
    Nodes,
    Reservations,
}

impl Question {
    fn command(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Question::Jobs => ("squeue", &["--all", "--array", "--json"]),
            Question::Nodes => ("scontrol", &["show", "nodes", "--json"]),
            Question::Reservations => ("scontrol", &["show", "reservations", "--json"]),
        }
    }

    fn path(self) -> &'static str {
        match self {
            Question::Jobs => "jobs",
            Question::Nodes => "nodes",
            Question::Reservations => "reservations",
        }
    }
}

#[derive(Debug)]
pub struct Asker {
    config: SlurmConfig,
    client: Result<Client, Failure>,
}

/// In words: what failed, and how to mend it.
type Failure = String;

impl Asker {
    pub fn new(config: SlurmConfig) -> Asker {
        // Slurm stands beside the analyzer: no proxy lies between them. A redirect is not followed: it would carry the token of
        // X-SLURM-USER-TOKEN to another host. Only a machine whose TLS cannot be set up has no such client.
        let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
        Asker { config, client: client.map_err(|error| format!("the HTTP client: {error}")) }
    }

    pub async fn ask(&self, question: Question) -> Result<Vec<u8>, Failure> {
        let asked = async {
            match self.config.kind {
                SlurmKind::Rest => self.request(question).await,
                SlurmKind::Command | SlurmKind::Off => self.run(question).await,
            }
        };
        let timeout = Duration::from_secs(self.config.timeout_s);
        let late =
            || format!("{} gave no answer in {} s; is slurmctld up?", self.name(question), self.config.timeout_s);
        tokio::time::timeout(timeout, asked).await.unwrap_or_else(|_| Err(late()))
    }

    fn name(&self, question: Question) -> String {
        let (command, arguments) = question.command();
        match self.config.kind {
            SlurmKind::Rest => self.url(question),
            SlurmKind::Command | SlurmKind::Off => format!("{command} {}", arguments.join(" ")),
        }
    }

    fn url(&self, question: Question) -> String {
        format!("{}/slurm/{}/{}", self.config.url.trim_end_matches('/'), self.config.version, question.path())
    }

    fn too_long(&self, question: Question) -> Failure {
        format!(
            "{} answers with more than {} bytes; raise [slurm] max_bytes",
            self.name(question),
            self.config.max_bytes
        )
    }

    async fn run(&self, question: Question) -> Result<Vec<u8>, Failure> {
        let (command, arguments) = question.command();
        let program = self.config.bin.as_ref().map_or_else(|| command.into(), |bin| bin.join(command));
        let failed = |error: std::io::Error| format!("{}: {error}; name its folder in [slurm] bin", program.display());
        let mut command = Command::new(&program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(failed)?;
        // Its words about a failure are read beside its answer: a command that fills one of two pipes waits for ever.
        let said = tokio::spawn(first_words(child.stderr.take()));
        let mut answer = Vec::new();
        if let Some(out) = child.stdout.take() {
            out.take(self.config.max_bytes + 1).read_to_end(&mut answer).await.map_err(failed)?;
        }
        if answer.len() as u64 > self.config.max_bytes {
            return Err(self.too_long(question));
        }
        let status = child.wait().await.map_err(failed)?;
        if status.success() {
            return Ok(answer);
        }
        let said = shown(&said.await.unwrap_or_default());
        let mend = match said.contains("unrecognized option") {
            true => {
                "; `scontrol` has it since Slurm 23.02: ask slurmrestd ([slurm] kind = \"rest\"), or set maintenance = false"
            }
            false => "",
        };
        Err(format!("{} failed ({status}): {said}{mend}", self.name(question)))
    }

    async fn request(&self, question: Question) -> Result<Vec<u8>, Failure> {
        let url = self.url(question);
        let mut request = self.client.as_ref().map_err(Failure::clone)?.get(&url);
        if !self.config.user.is_empty() {
            request = request.header("X-SLURM-USER-NAME", &self.config.user);
        }
        if let Some(token) = self.config.token()? {
            request = request.header("X-SLURM-USER-TOKEN", token.expose());
        }
        let mut answer = request.send().await.map_err(|error| format!("{url}: {error}"))?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| format!("{url}: {error}"))? {
            body.extend_from_slice(&chunk);
            if body.len() as u64 > self.config.max_bytes {
                return Err(self.too_long(question));
            }
        }
        match status.as_u16() {
            200..=299 => Ok(body),
            401 | 403 | 511 => Err(format!("{url}: {status}; renew the token of [slurm] (`scontrol token`)")),
            300..=399 => {
                Err(format!("{url}: {status}; redirects are not followed: write the address itself in [slurm] url"))
            }
            404 => Err(format!("{url}: {status}; does it serve [slurm] version {}?", self.config.version)),
            _ => Err(format!("{url}: {status}: {}", shown(&body))),
        }
    }
}

/// What a command says of its failure; the rest is read and left.
async fn first_words(pipe: Option<ChildStderr>) -> Vec<u8> {
    let mut said = Vec::new();
    if let Some(mut pipe) = pipe {
        // What cannot be read is not said.
        let _ = (&mut pipe).take(MOST_SAID as u64).read_to_end(&mut said).await;
        let _ = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
    }
    said
}

fn shown(said: &[u8]) -> String {
    one_line(&String::from_utf8_lossy(&said[..said.len().min(MOST_SAID)]))
}
