//! Frames for the transport and, if wished, the same readings as a trace.

use super::{FrameSink, Row, Sink, TraceSink};
use crate::job::Mark;
use crate::topology::DeviceId;
use crate::world::Happening;
use anyhow::Result;

pub struct Tee {
    pub frames: FrameSink,
    pub trace: Option<TraceSink>,
}

impl Sink for Tee {
    fn row(&mut self, row: Row<'_>) -> Result<()> {
        self.frames.row(row)?;
        self.trace.as_mut().map_or(Ok(()), |trace| trace.row(row))
    }

    fn event(&mut self, device: DeviceId, entity: usize, ts_ns: i64, what: Happening) -> Result<()> {
        self.frames.event(device, entity, ts_ns, what)?;
        self.trace.as_mut().map_or(Ok(()), |trace| trace.event(device, entity, ts_ns, what))
    }

    fn mark(&mut self, device: DeviceId, job: &str, mark: &Mark, start_ns: i64, end_ns: i64) -> Result<()> {
        self.frames.mark(device, job, mark, start_ns, end_ns)?;
        self.trace.as_mut().map_or(Ok(()), |trace| trace.mark(device, job, mark, start_ns, end_ns))
    }

    fn flush(&mut self, device: DeviceId, ts_ns: i64) -> Result<()> {
        self.frames.flush(device, ts_ns)
    }
}
