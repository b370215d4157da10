//! A read model that holds what it is given, and answers queries with it.

use std::sync::{Arc, Mutex};
use std::thread::ThreadId;

use arrow_array::{Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use async_trait::async_trait;
use weft_analyzer::operations::{Book, JobCalls, views};
use weft_analyzer::read::*;
use weft_analyzer::sql::{Sql, SqlAnswer, SqlError, SqlQuery};
use weft_judge::fabric::{Part, PortRef};
use weft_judge::incident::Incident;
use weft_judge::kinds::{Fact, LateOnset, LinkDown};

#[derive(Default)]
pub struct Memory {
    pub incidents: Vec<Arc<Incident>>,
    pub ports: Vec<PortView>,
    pub gaps: Vec<GapView>,
    pub book: Arc<Book>,
    pub calls: Arc<JobCalls>,
    /// The server has no token: nothing can be announced.
    pub is_without_token: bool,
    /// Empty: the one job `train`.
    pub jobs: Vec<JobView>,
    pub health: Mutex<Health>,
    /// What the next queries are answered with; the canned rows when there is none.
    pub failures: Mutex<Vec<SqlError>>,
    pub asked: Mutex<Vec<SqlQuery>>,
    /// The threads that read ports and jobs.
    pub readers: Mutex<Vec<ThreadId>>,
}

impl Memory {
    fn note_reader(&self) {
        self.readers.lock().expect("no test panics here").push(std::thread::current().id());
    }
}

#[async_trait]
impl ReadModel for Memory {
    fn incidents(&self) -> Vec<Arc<Incident>> {
        self.incidents.clone()
    }

    fn incident(&self, id: &str) -> Option<Arc<Incident>> {
        self.incidents.iter().find(|incident| incident.id == id).cloned()
    }

    fn facts(&self, limit: usize) -> Vec<Fact> {
        let fact = |n: i64| Fact {
            ts_ns: n,
            part: Part::Port(PortRef::new("leaf-1", format!("eth{n}"))),
            shown_at: None,
            since_ns: n,
            until_ns: None,
            one_sided: false,
            strength: 0.5,
            job: None,
            payload: match n % 2 {
                0 => LinkDown { was_up: true }.into(),
                _ => LateOnset { lateness_s: 0.1, iteration_s: 1.0, resolution_s: 0.1 }.into(),
            },
        };
        (0..4).map(fact).take(limit).collect()
    }

    fn devices(&self) -> Vec<DeviceView> {
        vec![DeviceView {
            device: "leaf-1".into(),
            kind: "switch".into(),
            rack: "r7".into(),
            ports: 4,
            ..DeviceView::default()
        }]
    }

    fn ports(&self) -> Vec<PortView> {
        self.note_reader();
        self.ports.clone()
    }

    fn jobs(&self) -> Vec<JobView> {
        self.note_reader();
        let train = JobView { job: "train".into(), ranks: 8, devices: 8, step_time_s: Some(0.5), ..JobView::default() };
        if self.jobs.is_empty() { vec![train] } else { self.jobs.clone() }
    }

    fn job_steps(&self, job: &str) -> Option<Vec<JobStep>> {
        let step = JobStep {
            job: job.into(),
            ts_ns: 10_000_000_000,
            known_by: "levels".into(),
            reason: String::new(),
            step_time_s: Some(2.0),
            usual_step_time_s: Some(1.6),
            lost_step_time: Some(0.2),
            lost_error: Some(0.01),
            slow_since_ns: Some(4_000_000_000),
            steps: Some(41.5),
        };
        (job == "train").then(|| vec![JobStep { ts_ns: 0, ..step.clone() }, step])
    }

    fn collectors(&self) -> Vec<CollectorView> {
        vec![CollectorView { collector: "host-1".into(), state: "live".into(), ..CollectorView::default() }]
    }

    fn armed(&self) -> Vec<Armed> {
        let off = Off {
            reason: "speed unknown".into(),
            count: self.ports.len(),
            of: "ports".into(),
            arm: "plan ports.csv speed_bps".into(),
        };
        let facts = vec!["low_service_rate".into()];
        vec![Armed { detector: "slow_link".into(), facts, armed: false, ports: 0, jobs: 0, off: vec![off] }]
    }

    fn watching(&self) -> Watching {
        Watching { ports_heard: self.ports.len(), closed_s: Some(0.5), ..Watching::default() }
    }

    fn maintenance(&self) -> Vec<MaintenanceView> {
        views(self.book.list(), &Default::default(), 0)
    }

    fn gaps(&self) -> Vec<GapView> {
        self.gaps.clone()
    }

    fn cables_at_odds(&self) -> usize {
        self.ports.iter().filter(|port| port.ends_agree == Some(false)).count()
    }

    fn health(&self) -> Health {
        self.health.lock().expect("no test panics here").clone()
    }

    async fn series(&self, query: SeriesQuery) -> Result<Series, SeriesError> {
        let (device, port) = (query.at.device, query.at.port);
        if port != "eth3" {
            return Err(SeriesError::UnknownCounter { device, port, counter: query.counter });
        }
        let marks = vec![Mark { ts_ns: 2, kind: "reset".into() }];
        Ok(Series { unit: "bytes/s".into(), points: vec![(1, Some(0.5)), (2, None)], marks })
    }
}

#[async_trait]
impl Sql for Memory {
    async fn query(&self, query: SqlQuery) -> Result<SqlAnswer, SqlError> {
        self.asked.lock().expect("no test panics here").push(query);
        match self.failures.lock().expect("no test panics here").pop() {
            Some(failure) => Err(failure),
            None => Ok(rows()),
        }
    }
}

fn rows() -> SqlAnswer {
    let unit = [("unit".to_owned(), "bytes".to_owned())].into();
    let schema = Arc::new(Schema::new(vec![
        Field::new("port", DataType::Utf8, false),
        Field::new("rx_bytes", DataType::Int64, true).with_metadata(unit),
        Field::new("share", DataType::Float64, true),
    ]));
    let ports = StringArray::from(vec!["eth1", "a,\"b\""]);
    let bytes = Int64Array::from(vec![Some(i64::MAX), None]);
    let shares = Float64Array::from(vec![0.25, f64::NAN]);
    let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(ports), Arc::new(bytes), Arc::new(shares)]);
    SqlAnswer { schema, batches: vec![batch.expect("columns fit the schema")], truncated: true }
}
