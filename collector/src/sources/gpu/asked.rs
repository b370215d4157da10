//! The counters of one GPU, or of one of its links: asked for, and remembered when the board does not offer them.

use super::counters::{Ask, Counter};
use super::reading::Answer;
use crate::nvml::{Code, Device, Fate, Field, Library, Value};
use std::sync::Arc;
use weft_wire::{Encoding, Tier};

/// NVML_NVLINK_STATE_SLEEP.
const ASLEEP: Value = Value::Uint(2);
/// NVML_FI_DEV_NVLINK_GET_STATE.
const LINK_STATE: u32 = 165;

/// Xid errors of a GPU, as far as they were heard.
#[derive(Clone, Copy, Debug, Default)]
pub struct Xids {
    pub count: u64,
    pub last: Option<u64>,
}

pub struct Asked {
    counters: Arc<[Counter]>,
    /// The link, or 0.
    scope: u32,
    /// By counter: not offered by this board. Asked for again at slow ticks only, because each refusal may cost a call to the driver.
    unsupported: Vec<bool>,
    fields: Vec<Field>,
    /// By field in `fields`: its counter.
    counter_of: Vec<u16>,
}

impl Asked {
    pub fn new(counters: Arc<[Counter]>, scope: u32) -> Asked {
        let unsupported = vec![false; counters.len()];
        Asked { counters, scope, unsupported, fields: Vec::new(), counter_of: Vec::new() }
    }

    /// Answers what the tick wants. The error is that of a GPU that no longer answers at all.
    pub fn read(
        &mut self,
        library: &Library,
        device: Device,
        xids: Result<Xids, Code>,
        slowest: Tier,
        answers: &mut Vec<Answer>,
    ) -> Result<(), Code> {
        self.fields.clear();
        self.counter_of.clear();
        for at in 0..self.counters.len() {
            let (ask, tier) = (self.counters[at].ask, self.counters[at].tier);
            if tier > slowest || (self.unsupported[at] && slowest != Tier::Slow) {
                continue;
            }
            let value = match ask {
                Ask::Field(id) => {
                    self.fields.push(Field::new(id, self.scope));
                    self.counter_of.push(at as u16);
                    continue;
                }
                Ask::Number(number) => library.number(device, number).map(Value::Uint),
                Ask::XidCount => xids.map(|xids| Value::Uint(xids.count)),
                Ask::LastXid => xids.and_then(|xids| xids.last.map(Value::Uint).ok_or(Code::NO_DATA)),
                Ask::LinkUp => link_up(library, device, self.scope),
            };
            self.take(at, value, answers)?;
        }
        self.read_fields(library, device, answers)
    }

    fn read_fields(&mut self, library: &Library, device: Device, answers: &mut Vec<Answer>) -> Result<(), Code> {
        if self.fields.is_empty() {
            return Ok(());
        }
        let whole = library.read(device, &mut self.fields);
        for at in 0..self.fields.len() {
            let value = match whole {
                Ok(()) => self.fields[at].answer(),
                // The call as a whole failed: one field may have spoiled it for the others.
                Err(code) if code.fate() != Fate::Lost => {
                    let one = &mut self.fields[at..=at];
                    library.read(device, one).and_then(|()| one[0].answer())
                }
                Err(code) => Err(code),
            };
            self.take(usize::from(self.counter_of[at]), value, answers)?;
        }
        Ok(())
    }

    fn take(&mut self, at: usize, value: Result<Value, Code>, answers: &mut Vec<Answer>) -> Result<(), Code> {
        let fate = value.as_ref().err().map(|code| code.fate());
        if let (Some(Fate::Lost), Err(code)) = (fate, &value) {
            return Err(*code);
        }
        self.unsupported[at] = fate == Some(Fate::Unsupported);
        let value = value.and_then(|value| decode(value, self.counters[at].encoding));
        answers.push(Answer { counter: at as u16, value });
        Ok(())
    }
}

/// A link that sleeps is not down: some drivers call it inactive, and say so in its state alone.
fn link_up(library: &Library, device: Device, link: u32) -> Result<Value, Code> {
    if library.link_is_active(device, link)? {
        return Ok(Value::Uint(1));
    }
    let mut state = [Field::new(LINK_STATE, link)];
    let asleep = library.read(device, &mut state).is_ok() && state[0].answer() == Ok(ASLEEP);
    Ok(Value::Uint(u64::from(asleep)))
}

fn decode(value: Value, encoding: Encoding) -> Result<Value, Code> {
    match value {
        Value::Uint(raw) if encoding != Encoding::Plain => encoding.decode(raw).map(Value::Float).ok_or(Code::UNKNOWN),
        value => Ok(value),
    }
}
