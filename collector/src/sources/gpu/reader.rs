//! Reads the GPUs, on a thread of its own.

use super::asked::{Asked, Xids};
use super::counters::{Counter, counters};
use super::reading::{GpuReading, LinkReading, Reading};
use crate::clock::now_ns;
use crate::nvml::{Code, Device, Fate, Field, Identity, Library, OpenError, Value};
use crate::sources::SourceError;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use weft_wire::{Table, Tier};

/// The largest nodes hold 16 GPUs; a count beyond four times that is no count.
const MOST_GPUS: u32 = 64;
/// NVML_NVLINK_MAX_LINKS.
const MOST_LINKS: u32 = 36;
/// NVML_FI_DEV_NVLINK_LINK_COUNT.
const LINK_COUNT: u32 = 91;
/// Xid errors taken up in one pass; a GPU that tells of more tells the rest in the next.
const MOST_XIDS: usize = 64;

/// The library's path, and what is known of the GPUs while it is open.
pub struct Reader {
    path: PathBuf,
    of_gpu: Arc<[Counter]>,
    of_link: Arc<[Counter]>,
    open: Option<Open>,
}

struct Open {
    library: Library,
    driver_version: Arc<str>,
    gpus: Vec<Gpu>,
}

struct Gpu {
    index: u32,
    /// None when the library never gave a handle: the GPU was lost before we came, or a cgroup keeps it from us.
    device: Option<Device>,
    identity: Arc<Identity>,
    asked: Asked,
    links: Vec<Link>,
    xids: Result<Xids, Code>,
    new_xids: Vec<u64>,
    lost: Option<Code>,
}

struct Link {
    link: u32,
    far_end: Arc<str>,
    asked: Asked,
}

impl Reader {
    pub fn new(path: PathBuf) -> Reader {
        let (of_gpu, of_link) = (counters(Table::Gpu).into(), counters(Table::GpuLink).into());
        Reader { path, of_gpu, of_link, open: None }
    }

    /// Reads all that a tick wants. The library is looked for, and GPUs are counted anew, at slow ticks.
    pub fn read(&mut self, slowest: Tier) -> Result<Reading, SourceError> {
        if slowest == Tier::Slow {
            self.discover()?;
        }
        let Some(open) = &mut self.open else { return Err(SourceError::Absent("looked for at slow ticks".into())) };
        open.take_xids();
        let Open { gpus, library, driver_version } = open;
        let gpus = gpus.iter_mut().map(|gpu| gpu.read(library, slowest)).collect();
        Ok(Reading { driver_version: driver_version.clone(), gpus })
    }

    fn discover(&mut self) -> Result<(), SourceError> {
        let opened = match self.open.take() {
            Some(open) => Ok(open),
            None => Open::new(&self.path),
        };
        let mut open = opened.map_err(|e| open_error(&self.path, &e))?;
        // A driver that was unloaded and loaded again knows nothing of what was opened before: then it is opened anew.
        let count =
            open.library.count().map_err(|code| SourceError::Failed(format!("nvmlDeviceGetCount_v2: {code}")))?;
        let count = count.min(MOST_GPUS);
        open.gpus.retain(|gpu| gpu.index < count);
        for index in 0..count {
            self.refresh(&mut open, index);
        }
        self.open = Some(open);
        Ok(())
    }

    /// A GPU that was reset, or exchanged, has another handle or another name.
    fn refresh(&self, open: &mut Open, index: u32) {
        let known = open.gpus.iter_mut().find(|gpu| gpu.index == index);
        let gpu = match (known, open.library.device(index)) {
            (Some(gpu), Ok(device)) if gpu.is_still(device, &open.library.uuid(device)) => {
                // Lost or not, it is asked again.
                gpu.lost = None;
                return;
            }
            (Some(gpu), Err(code)) => {
                gpu.lost = Some(code);
                return;
            }
            (_, Ok(device)) => Gpu::new(&open.library, index, device, &self.of_gpu, &self.of_link),
            (None, Err(code)) => Gpu::unreachable(index, code),
        };
        open.gpus.retain(|gpu| gpu.index != index);
        open.gpus.push(gpu);
    }
}

fn open_error(path: &Path, error: &OpenError) -> SourceError {
    match error {
        OpenError::NoLibrary(why) => {
            SourceError::Absent(format!("no NVML, so no NVIDIA GPU to read ({why}); another place: [collector] nvml"))
        }
        OpenError::Init(code) if code.means_no_driver() => SourceError::Absent(format!("{}: {error}", path.display())),
        OpenError::Init(_) => SourceError::Failed(format!("{}: {error}", path.display())),
    }
}

impl Open {
    fn new(path: &Path) -> Result<Open, OpenError> {
        let library = Library::open(path)?;
        Ok(Open { gpus: Vec::new(), driver_version: library.driver_version().into(), library })
    }

    fn take_xids(&mut self) {
        for _ in 0..MOST_XIDS {
            let Some(xid) = self.library.next_xid() else { return };
            if let Some(gpu) = self.gpus.iter_mut().find(|gpu| gpu.device == Some(xid.device)) {
                gpu.new_xids.push(xid.code);
                if let Ok(xids) = &mut gpu.xids {
                    (xids.count, xids.last) = (xids.count + 1, Some(xid.code));
                }
            }
        }
    }
}

impl Gpu {
    fn new(library: &Library, index: u32, device: Device, of_gpu: &Arc<[Counter]>, of_link: &Arc<[Counter]>) -> Gpu {
        let link = |link| Link {
            link,
            far_end: library.link_far_end(device, link).unwrap_or_default().into(),
            asked: Asked::new(of_link.clone(), link),
        };
        Gpu {
            index,
            device: Some(device),
            identity: library.identity(device).into(),
            asked: Asked::new(of_gpu.clone(), 0),
            links: (0..link_count(library, device)).map(link).collect(),
            xids: library.watch_xids(device).map(|()| Xids::default()),
            new_xids: Vec::new(),
            lost: None,
        }
    }

    fn unreachable(index: u32, code: Code) -> Gpu {
        Gpu {
            index,
            device: None,
            identity: Arc::default(),
            asked: Asked::new(Arc::from([]), 0),
            links: Vec::new(),
            xids: Err(code),
            new_xids: Vec::new(),
            lost: Some(code),
        }
    }

    /// A lost GPU may have no name to tell.
    fn is_still(&self, device: Device, uuid: &str) -> bool {
        self.device == Some(device) && (uuid.is_empty() || uuid == self.identity.uuid)
    }

    fn read(&mut self, library: &Library, slowest: Tier) -> GpuReading {
        let mut reading = GpuReading {
            index: self.index,
            ts_ns: now_ns(),
            identity: self.identity.clone(),
            took_us: 0.0,
            lost: self.lost,
            answers: Vec::new(),
            links: Vec::new(),
            xids: std::mem::take(&mut self.new_xids),
        };
        // A lost GPU is asked again at slow ticks, not before: each call may wait for the bus.
        if let (None, Some(device)) = (self.lost, self.device) {
            self.lost = self.read_into(library, device, slowest, &mut reading).err();
            reading.lost = self.lost;
        }
        reading
    }

    fn read_into(
        &mut self,
        library: &Library,
        device: Device,
        slowest: Tier,
        reading: &mut GpuReading,
    ) -> Result<(), Code> {
        let start = Instant::now();
        self.asked.read(library, device, self.xids, slowest, &mut reading.answers)?;
        reading.took_us = start.elapsed().as_secs_f32() * 1e6;
        for link in &mut self.links {
            let (start, mut answers) = (Instant::now(), Vec::new());
            link.asked.read(library, device, self.xids, slowest, &mut answers)?;
            let took_us = start.elapsed().as_secs_f32() * 1e6;
            reading.links.push(LinkReading { link: link.link, far_end: link.far_end.clone(), took_us, answers });
        }
        Ok(())
    }
}

/// What the board says, or how many it answers for: boards of PCIe have none, and say that the link is no argument.
fn link_count(library: &Library, device: Device) -> u32 {
    let mut count = [Field::new(LINK_COUNT, 0)];
    let said = library.read(device, &mut count).and_then(|()| count[0].answer());
    match said {
        Ok(Value::Uint(count)) => u32::try_from(count).unwrap_or(MOST_LINKS).min(MOST_LINKS),
        _ => {
            let offers = |link: &u32| match library.link_is_active(device, *link) {
                Err(code) => code.fate() == Fate::Failed,
                Ok(_) => true,
            };
            (0..MOST_LINKS).take_while(offers).count() as u32
        }
    }
}
