//! What ingest says.

use super::gaps::GapRow;
use super::resolve::KnownInventory;
use crate::cabling::Told;
use bytes::Bytes;
use std::sync::Arc;
use weft_judge::fabric::{LinkEvent, Tick};

#[derive(Clone, Debug)]
pub enum IngestEvent {
    /// A tick is complete, as far as it will ever be. In order of index.
    Tick(Tick),
    /// A link event on arrival; the tick that holds it follows.
    Preview(LinkEvent),
    /// A gap row to write over the one of the same key; with 0 frames (and no restart) it is void.
    Gap(GapRow),
    /// A collector's inventory is new or changed; what it says of cabling, apart.
    Inventory(Arc<KnownInventory>, Box<Told>),
    /// A message nobody can read, for a person to look at.
    DeadLetter { key: String, reason: String, payload: Option<Bytes> },
    /// A collector's clock stands impossibly far from the others': its frames are quarantined. Once a collector and jump.
    ClockJump { collector: String, flush_ns: i64, watermark_ns: i64 },
    /// A collector's clock says a time that is none, such as 1970: its frames are counted and left. Once a collector.
    ClockNotSet { collector: String, flush_ns: i64 },
    /// Two collectors report under one name; the incarnation that began later is heard. Once while it lasts.
    Twins { collector: String, heard: u64, set_aside: u64 },
}
