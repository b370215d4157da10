//! Fetches the page of an exporter, on a thread of its own: an exporter that hangs must hold up no tick.

use crate::clock::now_ns;
use std::io::Read;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::time::Duration;

/// A page is no longer than this: 16 GPUs with 100 fields each and labels of 300 bytes are half a megabyte.
const LONGEST: u64 = 8 << 20;
const TIMEOUT: Duration = Duration::from_secs(5);

/// The page and when it was fetched, ns, or why there is none.
pub type Page = Result<(String, i64), String>;

pub struct Scraper {
    ask: Sender<()>,
    answered: Receiver<Page>,
    is_asked: bool,
}

impl Scraper {
    pub fn start(url: String) -> std::io::Result<Scraper> {
        let (ask, asked) = mpsc::channel();
        let (answer, answered) = mpsc::channel();
        std::thread::Builder::new().name("weft-dcgm".into()).spawn(move || serve(&url, &asked, &answer))?;
        Ok(Scraper { ask, answered, is_asked: false })
    }

    /// The page that has come since it was asked for last, if any; asks for the next one.
    pub fn turn(&mut self, wait: Duration) -> Option<Page> {
        if !self.is_asked {
            self.is_asked = self.ask.send(()).is_ok();
        }
        let page = match self.answered.try_recv() {
            Err(TryRecvError::Empty) => self.answered.recv_timeout(wait).ok(),
            Err(TryRecvError::Disconnected) => {
                Some(Err("the thread that reads it has ended: restart the collector".into()))
            }
            Ok(page) => Some(page),
        };
        self.is_asked &= page.is_none();
        page
    }
}

fn serve(url: &str, asked: &Receiver<()>, answer: &Sender<Page>) {
    let config = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).max_redirects(0);
    let agent: ureq::Agent = config.build().into();
    while asked.recv().is_ok() {
        if answer.send(fetch(&agent, url)).is_err() {
            return;
        }
    }
}

fn fetch(agent: &ureq::Agent, url: &str) -> Page {
    let asked_ns = now_ns();
    let response = agent.get(url).call().map_err(|error| format!("{url}: {error}"))?;
    if response.status() != 200 {
        return Err(format!("{url} answers {}", response.status()));
    }
    let mut page = Vec::new();
    let body = response.into_body().into_reader();
    body.take(LONGEST + 1).read_to_end(&mut page).map_err(|error| format!("{url}: {error}"))?;
    if page.len() as u64 > LONGEST {
        return Err(format!("{url}: the page is longer than {} MiB", LONGEST >> 20));
    }
    let page = String::from_utf8(page).map_err(|_| format!("{url}: the page is no text"))?;
    Ok((page, asked_ns))
}
