//! Collectors: one a node and one a switch, each reading at its own moment by its own clock.

use crate::instants::{Due, Instants};
use crate::layout::{
    Column, GPU_NORMAL, HOST_NORMAL, LAYOUTS, NIC_FAST, NIC_NORMAL, SWITCH_FAST, SWITCH_NORMAL, Value,
};
use crate::rng::Rng;
use crate::sim::{Fabric, STEP_S};
use crate::sink::{Row, Sink};
use crate::topology::{DeviceId, PortId, RAILS};
use crate::world::{Activity, World};

const SECOND_NS: i64 = 1_000_000_000;
/// NVML's reasons of a clock that is held for heat: by software (0x20) and by hardware (0x40).
const HEAT_BITS: i64 = 0x60;
/// The temperature at which a GPU is held, °C; at work it has some 60.
const THROTTLE_C: f64 = 88.0;

#[derive(Clone, Copy, Debug)]
pub struct SamplerOptions {
    /// True time 0 of the simulation, ns since the epoch.
    pub start_ns: i64,
    /// Read bytes, packets, backlog and pause at 10 Hz.
    pub fast: bool,
    /// Training loops send marks of their steps.
    pub marks: bool,
    /// Readings are moved within their periods, as those of real collectors are; else they come at even distances.
    pub dither: bool,
}

/// One collector's own time.
#[derive(Debug)]
struct Clock {
    /// After an instant at which it is due to read, it does, seconds.
    phase_s: f64,
    /// How wrong its clock is, ns.
    offset_ns: i64,
    /// What it says of that itself, µs.
    error_us: f64,
    /// Number of its next reading.
    tick: u64,
    /// A busy CPU makes this reading late, seconds.
    late_s: f64,
    /// The second that its last frame ended with, where readings are dithered.
    flushed_s: i64,
}

/// Counters of a node's kernel.
#[derive(Clone, Copy, Debug, Default)]
struct Kernel {
    cpu_pressure_us: f64,
    memory_pressure_us: f64,
    io_pressure_us: f64,
    tcp_retransmits: f64,
}

#[derive(Debug)]
pub struct Sampler {
    options: SamplerOptions,
    instants: Instants,
    clocks: Vec<Clock>,
    kernels: Vec<Kernel>,
    rng: Rng,
    values: Vec<Value>,
}

impl Sampler {
    pub fn new(fabric: &Fabric, options: SamplerOptions, seed: u64) -> Sampler {
        let mut rng = Rng::stream(seed, 4);
        let clocks = fabric.world.topology.devices.iter().map(|_| Clock::draw(&mut rng)).collect();
        let kernels = (0..fabric.world.topology.nodes).map(|_| Kernel::draw(&mut rng)).collect();
        Sampler {
            options,
            instants: Instants::new(options.start_ns, options.fast, options.dither),
            clocks,
            kernels,
            rng,
            values: Vec::new(),
        }
    }

    /// An event time as a device's clock tells it.
    fn stamp(&self, world: &World, device: DeviceId, at: f64) -> i64 {
        let skew_ns = (world.skews[device] * 1e9) as i64;
        self.options.start_ns + (at * 1e9).round() as i64 + self.clocks[device].offset_ns + skew_ns
    }

    /// Everything that collectors read in the step just ended.
    pub fn observe(&mut self, fabric: &mut Fabric, sink: &mut dyn Sink) -> anyhow::Result<()> {
        self.tell_events(fabric, sink)?;
        for device in 0..self.clocks.len() {
            let clock = &self.clocks[device];
            let Due { at_s, normal } = self.instants.due(clock.tick);
            let due = at_s + clock.phase_s + clock.late_s;
            if due > fabric.world.now {
                continue;
            }
            self.clocks[device].tick += 1;
            self.clocks[device].late_s = self.draw_lateness();
            if (normal || self.options.fast) && !fabric.world.muted[device] {
                self.flush_before(&fabric.world, device, due, sink)?;
                self.read(fabric, device, due, normal, sink)?;
            }
        }
        self.tell_marks(fabric, sink)
    }

    /// Dithered collectors send a frame when a second begins, whatever has been read in it by then.
    fn flush_before(&mut self, world: &World, device: DeviceId, at: f64, sink: &mut dyn Sink) -> anyhow::Result<()> {
        let second = self.stamp(world, device, at).div_euclid(SECOND_NS);
        let before = std::mem::replace(&mut self.clocks[device].flushed_s, second);
        if self.options.dither && before != 0 && second != before {
            sink.flush(device, second * SECOND_NS)?;
        }
        Ok(())
    }

    fn draw_lateness(&mut self) -> f64 {
        let usual = self.rng.range(0.0, 0.002);
        if self.rng.chance(0.002) { usual + self.rng.range(0.005, 0.03) } else { usual }
    }

    fn read(
        &mut self,
        fabric: &Fabric,
        device: DeviceId,
        at: f64,
        normal: bool,
        sink: &mut dyn Sink,
    ) -> anyhow::Result<()> {
        let world = &fabric.world;
        let ts_ns = self.stamp(world, device, at);
        let back = ((world.now - at) / STEP_S).clamp(0.0, 1.0);
        let node = world.topology.devices[device].node;
        let layout = match (node, normal) {
            (true, true) => NIC_NORMAL,
            (true, false) => NIC_FAST,
            (false, true) => SWITCH_NORMAL,
            (false, false) => SWITCH_FAST,
        };
        for (entity, &port) in world.topology.devices[device].ports.iter().enumerate() {
            self.values.clear();
            let value = |&column: &Column| read_port(world, port, column, back);
            self.values.extend(LAYOUTS[layout].columns.iter().map(value));
            sink.row(Row { device, entity, layout, ts_ns, epoch: world.epochs[port], values: &self.values })?;
        }
        if normal && node {
            self.read_gpus(world, device, ts_ns, sink)?;
            self.read_host(world, device, ts_ns, sink)?;
        }
        if normal && !self.options.dither {
            sink.flush(device, ts_ns)?;
        }
        Ok(())
    }

    fn read_gpus(&mut self, world: &World, device: DeviceId, ts_ns: i64, sink: &mut dyn Sink) -> anyhow::Result<()> {
        let node = &world.nodes[device];
        let (busy, clock) = match node.activity {
            Activity::Training => (97.0 / node.stretch(), 1755.0),
            Activity::Paused | Activity::Stuck => (4.0, 1980.0),
            Activity::Idle => (0.0, 345.0),
        };
        let first = world.topology.devices[device].ports.len();
        for gpu in 0..RAILS {
            let rng = &mut self.rng;
            let held = node.throttled.filter(|(which, _)| *which == gpu && node.activity == Activity::Training);
            // The GPU that all others of its node wait for is busy all the time.
            let busy = held.map_or(busy, |_| 97.0);
            let used = (busy + 1.5 * rng.normal()).clamp(0.0, 100.0).round();
            let clock = clock / held.map_or(1.0, |(_, stretch)| stretch);
            let hotter = held.map_or(0.0, |_| THROTTLE_C - 60.0);
            self.values.clear();
            self.values.extend(LAYOUTS[GPU_NORMAL].columns.iter().map(|column| match column.name() {
                "utilization_percent" => Value::Float(used),
                "sm_clock_mhz" => Value::Float((clock - 15.0 * rng.below(3) as f64).round()),
                "max_sm_clock_mhz" => Value::Float(1980.0),
                "power_w" => Value::Float((85.0 + 5.8 * used + 9.0 * rng.normal()).round()),
                "temperature_c" => {
                    Value::Float((34.0 + 0.27 * used + gpu as f64 % 3.0 + hotter + rng.normal()).round())
                }
                _ if held.is_some() => Value::Int(HEAT_BITS),
                _ => Value::Int(i64::from(used > 90.0) << 2), // software power cap now and then: usual under load
            }));
            sink.row(Row { device, entity: first + gpu, layout: GPU_NORMAL, ts_ns, epoch: 1, values: &self.values })?;
        }
        Ok(())
    }

    fn read_host(&mut self, world: &World, device: DeviceId, ts_ns: i64, sink: &mut dyn Sink) -> anyhow::Result<()> {
        let node = &world.nodes[device];
        let rng = &mut self.rng;
        let kernel = &mut self.kernels[device];
        let contended = node.slowness > 1.0;
        kernel.cpu_pressure_us += if contended { rng.range(3e5, 7e5) } else { rng.range(0.0, 4e3) };
        kernel.memory_pressure_us += rng.range(0.0, 200.0);
        kernel.io_pressure_us += if node.storage_write > 0.0 { rng.range(2e5, 5e5) } else { rng.range(0.0, 2e3) };
        kernel.tcp_retransmits += if rng.chance(0.05) { rng.range(1.0, 6.0).floor() } else { 0.0 };
        let busy = match node.activity {
            _ if contended => 96.0,
            Activity::Training => 21.0,
            Activity::Paused => 32.0,
            Activity::Stuck => 12.0,
            Activity::Idle => 2.0,
        };
        let (busy, kernel, error_us) =
            ((busy + 1.5 * rng.normal()).clamp(0.0, 100.0), *kernel, self.clocks[device].error_us);
        self.values.clear();
        self.values.extend(LAYOUTS[HOST_NORMAL].columns.iter().map(|column| match column.name() {
            "cpu_busy_percent" => Value::Float((busy * 10.0).round() / 10.0),
            "cpu_pressure_us" => Value::Int(kernel.cpu_pressure_us as i64),
            "memory_pressure_us" => Value::Int(kernel.memory_pressure_us as i64),
            "io_pressure_us" => Value::Int(kernel.io_pressure_us as i64),
            "tcp_retransmits" => Value::Int(kernel.tcp_retransmits as i64),
            "clock_error_us" => Value::Float(error_us.round()),
            _ => Value::Int(0), // softnet_drops
        }));
        let entity = world.topology.devices[device].ports.len() + RAILS;
        sink.row(Row { device, entity, layout: HOST_NORMAL, ts_ns, epoch: 1, values: &self.values })
    }

    fn tell_events(&mut self, fabric: &mut Fabric, sink: &mut dyn Sink) -> anyhow::Result<()> {
        for event in std::mem::take(&mut fabric.world.events) {
            let device = fabric.world.device_of(event.port);
            let seen = event.at + self.rng.range(0.0005, 0.004);
            if !fabric.world.muted[device] {
                let entity = entity_of(&fabric.world, event.port);
                sink.event(device, entity, self.stamp(&fabric.world, device, seen), event.what)?;
            }
        }
        Ok(())
    }

    fn tell_marks(&mut self, fabric: &mut Fabric, sink: &mut dyn Sink) -> anyhow::Result<()> {
        for job in &mut fabric.jobs {
            for mark in std::mem::take(&mut job.marks) {
                let device = job.spec.nodes[mark.rank];
                if self.options.marks && !fabric.world.muted[device] {
                    let [start_ns, end_ns] = [mark.start, mark.end].map(|at| self.stamp(&fabric.world, device, at));
                    sink.mark(device, &job.spec.name, &mark, start_ns, end_ns)?;
                }
            }
        }
        Ok(())
    }
}

impl Clock {
    fn draw(rng: &mut Rng) -> Clock {
        let wrong_us = 10f64.powf(rng.range(1.2, 2.9)); // 16 to 800 µs
        let sign = if rng.chance(0.5) { 1.0 } else { -1.0 };
        Clock {
            phase_s: rng.range(0.0, 0.03),
            offset_ns: (sign * wrong_us * 1e3) as i64,
            error_us: wrong_us * rng.range(1.0, 2.5),
            tick: 1,
            late_s: 0.0,
            flushed_s: 0,
        }
    }
}

impl Kernel {
    fn draw(rng: &mut Rng) -> Kernel {
        Kernel {
            cpu_pressure_us: rng.range(1e7, 1e9),
            memory_pressure_us: rng.range(0.0, 1e6),
            io_pressure_us: rng.range(1e7, 1e9),
            tcp_retransmits: rng.range(0.0, 1e5),
        }
    }
}

/// A port's place in its device's list.
fn entity_of(world: &World, port: PortId) -> usize {
    let ports = &world.topology.devices[world.device_of(port)].ports;
    ports.iter().position(|&p| p == port).unwrap_or(0)
}

fn read_port(world: &World, port: PortId, column: Column, back: f64) -> Value {
    let link = &world.links[port];
    match column {
        Column::Counter(counter) => Value::Int(world.read(port, counter, back)),
        Column::QueueBytes => Value::Float(link.queue.round()),
        Column::LinkUp => Value::Int(i64::from(link.up)),
        // A dark port has no speed.
        Column::SpeedBps if link.up => Value::Float(world.topology.ports[port].speed_bps as f64 * link.trained),
        _ => Value::Absent,
    }
}
