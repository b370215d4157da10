//! Ingest as a whole: whatever the order of arrival within the lateness bound, the same ticks.

use super::*;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use weft_judge::fabric::Tick;
use weft_wire::*;

const S: i64 = 1_000_000_000;
const BOOT: u64 = 7;

fn schema() -> Arc<TableSchema> {
    Arc::new(TableSchema::wide(Table::Nic, &["rx_bytes", "tx_bytes"]).unwrap())
}

fn inventory(collector: &str, boot: u64) -> Inventory {
    let port = |index: i32| PortDescriptor {
        index,
        table: Table::Nic,
        device: collector.to_owned(),
        port: format!("eth{index}"),
        driver: String::new(),
        speed_bps: None,
        epoch: 0,
        part: Part::default(),
        position: String::new(),
        profile: 0,
        labels: BTreeMap::new(),
    };
    let device = DeviceDescriptor {
        device: collector.to_owned(),
        kind: DeviceKind::Node,
        boot_id: String::new(),
        labels: BTreeMap::new(),
    };
    Inventory {
        collector: collector.to_owned(),
        boot,
        version: 1,
        devices: vec![device],
        ports: vec![port(0), port(1)],
        profiles: vec![Profile::default()],
        schemas: vec![schema().as_ref().clone()],
        flush_period_ms: 1000,
        neighbors: Vec::new(),
    }
}

/// Frame number `sequence`, flushed at second `sequence + 1`, with a fast row every 250 ms and a link event now and then.
fn frame(collector: &str, sequence: u64) -> Frame {
    frame_at(collector, sequence, sequence as i64 * S)
}

fn frame_at(collector: &str, sequence: u64, start: i64) -> Frame {
    let mut writer = TableWriter::new(schema());
    for quarter in 0..4 {
        for port in 0..2 {
            // The last rows of a flush may be read just after the second began anew.
            writer.begin_row(port, start + quarter * S / 4 + S / 8, None, 0);
            writer.set_uint(0, 0, sequence * 10 + quarter as u64);
        }
    }
    let event = EventRow {
        port: Some(1),
        device: collector.to_owned(),
        ts_ns: start + 3,
        event: "link_down".into(),
        text: String::new(),
    };
    let mut sections = vec![Section { schema: schema(), batch: writer.finish().unwrap() }];
    if sequence.is_multiple_of(3) {
        let schema = Arc::new(TableSchema::fixed(Table::Event).unwrap());
        sections.push(Section { schema, batch: EventRow::batch(&[event]).unwrap() });
    }
    Frame {
        collector: collector.to_owned(),
        boot: BOOT,
        sequence,
        flush_ts_ns: start + S + 100,
        clock_error_us: Some(3),
        inventory_version: 1,
        dropped_frames: 0,
        inventory: sequence.is_multiple_of(5).then(|| inventory(collector, BOOT)),
        sections,
    }
}

fn frames(collectors: &[&str], seconds: u64) -> Vec<Frame> {
    (0..seconds).flat_map(|s| collectors.iter().map(move |c| frame(c, s))).collect()
}

fn replay_config() -> IngestConfig {
    IngestConfig { close_early: false, ..Default::default() }
}

struct Run {
    ingest: Ingest,
    events: Vec<IngestEvent>,
}

impl Run {
    fn new(config: IngestConfig) -> Run {
        Run { ingest: Ingest::new(config), events: Vec::new() }
    }

    fn push(&mut self, frame: &Frame) {
        let bytes = Bytes::from(frame.encode().unwrap());
        let events = self.ingest.push(&frame.collector, &bytes);
        self.events.extend(events);
    }

    fn all(mut self, frames: &[Frame]) -> Run {
        frames.iter().for_each(|f| self.push(f));
        self
    }

    fn finish(mut self) -> Run {
        let events = self.ingest.finish();
        self.events.extend(events);
        self
    }

    fn ticks(&self) -> Vec<&Tick> {
        self.events.iter().filter_map(|e| if let IngestEvent::Tick(t) = e { Some(t) } else { None }).collect()
    }

    fn gaps(&self) -> Vec<(u64, u64, u64, GapReason)> {
        self.ingest.gaps().map(|g| (g.from_sequence, g.to_sequence, g.frames, g.reason)).collect()
    }

    /// Everything a tick holds, as text.
    fn story(&self) -> String {
        self.ticks().iter().map(|t| format!("{t:?}\n")).collect()
    }
}

/// A small generator, so that a failing order can be had again by its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// Each frame arrives up to two seconds after its flush; one in five twice.
fn disturbed(frames: &[Frame], seed: u64) -> Vec<Frame> {
    let mut dice = Dice(seed);
    let mut arrivals: Vec<(i64, Frame)> = Vec::new();
    for frame in frames {
        arrivals.push((frame.flush_ts_ns + dice.roll(2_000_000_000) as i64, frame.clone()));
        if dice.roll(5) == 0 {
            arrivals.push((frame.flush_ts_ns + dice.roll(2_000_000_000) as i64, frame.clone()));
        }
    }
    arrivals.sort_by_key(|(at, _)| *at);
    arrivals.into_iter().map(|(_, frame)| frame).collect()
}

#[test]
fn any_order_within_the_bound_gives_the_same_ticks() {
    let mut frames = frames(&["a", "b", "c"], 20);
    // One collector is silent for a while, one joins late: neither may depend on arrival.
    frames.retain(|f| f.collector != "b" || !(6..9).contains(&f.sequence));
    frames.retain(|f| f.collector != "c" || f.sequence >= 5);
    let calm = Run::new(replay_config()).all(&frames).finish();
    assert_eq!(calm.ticks().len(), 20);
    for seed in 0..60 {
        let run = Run::new(replay_config()).all(&disturbed(&frames, seed)).finish();
        assert_eq!(run.story(), calm.story(), "seed {seed}");
        assert_eq!(run.ingest.stats().late_rows, 0, "seed {seed}");
        assert_eq!(run.ingest.stats().frames, frames.len() as u64);
        assert_eq!(run.gaps(), calm.gaps(), "seed {seed}");
    }
}

#[test]
fn closing_early_gives_the_same_ticks_sooner() {
    let frames = frames(&["a", "b", "c"], 20);
    let patient = Run::new(replay_config()).all(&frames);
    let early = Run::new(IngestConfig::default()).all(&frames);
    assert_eq!((patient.ticks().len(), early.ticks().len()), (17, 20));
    assert_eq!(patient.finish().story(), early.finish().story());
}

#[test]
fn a_tick_holds_the_rows_of_its_second_and_nothing_else() {
    let run = Run::new(replay_config()).all(&frames(&["a", "b"], 4)).finish();
    let tick = run.ticks()[2];
    let batch = &tick.batches[0];
    let times = batch.batch.column(1).as_primitive::<Int64Type>().values();
    assert!(times.iter().all(|ts| (tick.start_ns..tick.end_ns).contains(ts)));
    assert_eq!((tick.batches.len(), batch.entities.len(), times.len()), (1, 16, 16));
    let ports: Vec<_> = batch.entities.iter().map(|&id| run.ingest.entities().get(id).device.clone()).collect();
    assert_eq!((&*ports[0], &*ports[15]), ("a", "b"));
}

#[test]
fn who_says_nothing_of_a_tick_is_named_silent() {
    let mut frames = frames(&["a", "b", "c"], 9);
    frames.retain(|f| f.collector != "b" || f.sequence < 4);
    let run = Run::new(replay_config()).all(&frames).finish();
    let silent: Vec<_> =
        run.ticks().iter().map(|t| t.silent.iter().map(|s| s.last_ns / S).collect::<Vec<_>>()).collect();
    assert_eq!(silent[3], [0; 0]);
    assert_eq!((&silent[4], &silent[8]), (&vec![4], &vec![4]));
}

#[test]
fn a_lost_frame_is_a_row_and_a_late_one_amends_it() {
    let mut frames = frames(&["a", "b", "c"], 12);
    let at = frames.iter().position(|f| f.collector == "a" && f.sequence == 3).unwrap();
    let late = frames.remove(at);
    let mut run = Run::new(replay_config()).all(&frames);
    assert_eq!(run.gaps(), [(3, 3, 1, GapReason::Lost)]);
    run.push(&late);
    assert_eq!(run.gaps(), [(3, 3, 1, GapReason::Late)]);
    assert_eq!(run.ingest.stats().late_rows, 9);
    assert_eq!(run.ingest.collectors()[0].late_rows, 9);
}

#[test]
fn a_link_event_is_said_on_arrival_once() {
    let frames = frames(&["a"], 1);
    let run = Run::new(replay_config()).all(&frames).all(&frames);
    let previews: Vec<_> = run
        .events
        .iter()
        .filter_map(|e| if let IngestEvent::Preview(e) = e { Some((e.port.as_str(), e.ts_ns)) } else { None })
        .collect();
    assert_eq!(previews, [("eth1", 3)]);
    assert_eq!(run.ingest.stats().duplicate_frames, 1);
}

#[test]
fn frames_wait_for_their_inventory() {
    let mut run = Run::new(replay_config());
    for sequence in 1..4 {
        run.push(&frame("a", sequence));
    }
    assert_eq!((run.ingest.stats().frames, run.ingest.collectors()[0].parked_frames), (0, 3));
    let told = Bytes::from(inventory("a", BOOT).encode().unwrap());
    run.events.extend(run.ingest.push("a", &told));
    assert_eq!((run.ingest.stats().frames, run.ingest.collectors()[0].parked_frames), (3, 0));
}

#[test]
fn what_waits_is_bounded() {
    let mut run = Run::new(IngestConfig { parked_frames: 2, ..replay_config() });
    for sequence in 1..5 {
        run.push(&frame("a", sequence));
    }
    assert_eq!((run.ingest.stats().park_overflow_frames, run.ingest.collectors()[0].parked_frames), (2, 2));
}

#[test]
fn damaged_bytes_are_set_aside_and_nothing_else_is_lost() {
    let mut bytes = frame("a", 0).encode().unwrap();
    let mut run = Run::new(replay_config());
    run.push(&frame("a", 0));
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let said = run.ingest.push("a", &Bytes::from(bytes));
    let reason = match &said[..] {
        [IngestEvent::DeadLetter { reason, payload: Some(_), .. }] => reason.clone(),
        other => panic!("{other:?}"),
    };
    assert!(reason.contains("checksum"), "{reason}");
    run.push(&frame("a", 1));
    assert_eq!((run.ingest.stats().frames, run.ingest.stats().dead_letters), (2, 1));
}

#[test]
fn a_clock_far_ahead_is_set_aside_and_said_once() {
    let mut run = Run::new(replay_config()).all(&frames(&["a", "b", "c"], 3));
    for sequence in 3..6 {
        let mut wrong = frame("c", sequence);
        wrong.flush_ts_ns += 7200 * S;
        run.push(&wrong);
        run = run.all(&[frame("a", sequence), frame("b", sequence)]);
    }
    let jumps = run.events.iter().filter(|e| matches!(e, IngestEvent::ClockJump { .. })).count();
    assert_eq!((jumps, run.ingest.stats().clock_jump_frames), (1, 3));
    assert_eq!(run.ingest.watermark_ns().unwrap() / S, 6);
}

#[test]
fn when_all_clocks_jump_the_new_time_stands() {
    let jump = |mut f: Frame| {
        f.flush_ts_ns += 7200 * S;
        f
    };
    let later: Vec<_> = frames(&["a", "b"], 6).into_iter().filter(|f| f.sequence >= 3).map(jump).collect();
    let run = Run::new(replay_config()).all(&frames(&["a", "b"], 3)).all(&later);
    assert_eq!(run.ingest.watermark_ns().unwrap() / S, 7206);
    assert_eq!(run.ingest.stats().frames, 12);
}

#[test]
fn when_all_clocks_are_set_back_the_ticks_of_that_time_are_told_anew() {
    // By hours, and by less than what is taken for a jump; after one clock alone was far ahead for a frame.
    for back_s in [7200, 600] {
        let round = |second: u64, at_s: i64| ["a", "b", "c"].map(|c| frame_at(c, second, (second as i64 + at_s) * S));
        let mut run = Run::new(replay_config());
        (0..10).for_each(|second| round(second, 100_000).iter().for_each(|f| run.push(f)));
        run.push(&frame_at("b", 10, 190_000 * S));
        (11..40).for_each(|second| round(second, 100_000 - back_s).iter().for_each(|f| run.push(f)));
        let run = run.finish();
        let ticks: Vec<i64> = run.ticks().iter().map(|t| t.index - 100_000).collect();
        assert_eq!(ticks[ticks.len() - 29..], (11 - back_s..40 - back_s).collect::<Vec<_>>(), "{ticks:?}");
        assert!(run.ticks().last().unwrap().silent.is_empty());
        assert_eq!(run.ingest.stats().late_rows, 0);
    }
}

#[test]
fn a_lone_clock_that_goes_back_before_anything_is_closed_is_the_new_time() {
    let mut run = Run::new(replay_config());
    for (sequence, at_s) in [(0, 100_000), (1, 99_000), (2, 98_990), (3, 90_000), (4, 90_001)] {
        run.push(&frame_at("a", sequence, at_s * S));
    }
    let run = run.finish();
    let ticks: Vec<i64> = run.ticks().iter().map(|t| t.index).collect();
    assert_eq!(ticks.last(), Some(&90_001), "{ticks:?}");
    assert_eq!(run.ingest.stats().dead_letters, 0);
}

#[test]
fn a_stamp_that_is_no_time_is_set_aside() {
    let mut run = Run::new(replay_config()).all(&frames(&["a", "b"], 5));
    for stamp in [i64::MIN, i64::MAX, 1 << 62] {
        let mut wrong = frame("b", 5);
        wrong.flush_ts_ns = stamp;
        run.push(&wrong);
    }
    let run = run.all(&[frame("a", 5), frame("b", 5), frame("a", 6), frame("b", 6)]).finish();
    assert_eq!((run.ingest.stats().clock_not_set_frames, run.ticks().len()), (3, 7));
}

#[test]
fn after_a_restart_repeats_rebuild_and_are_not_counted_and_the_outage_is_exact() {
    let frames = frames(&["a"], 30);
    let first = Run::new(replay_config()).all(&frames[..10]);
    let marks = first.ingest.marks();
    // The rewind brings frames 5 … 9 again; 10 … 14 were deleted from the broker before anyone read them.
    let mut second = Run { ingest: Ingest::resume(replay_config(), marks), events: Vec::new() };
    second = second.all(&frames[5..10]).all(&frames[15..]).finish();
    assert_eq!((second.ingest.stats().rebuilt_frames, second.ingest.stats().frames), (5, 15));
    assert_eq!(second.gaps(), [(10, 14, 5, GapReason::Lost)]);
    assert_eq!(second.ticks().len(), 20);
}

#[test]
fn a_restarted_collector_leaves_a_row() {
    let reborn = |sequence: u64| Frame {
        boot: BOOT + 1,
        sequence,
        inventory: Some(inventory("a", BOOT + 1)),
        ..frame("a", 20 + sequence)
    };
    let second: Vec<_> = (0..3).map(reborn).collect();
    let run = Run::new(replay_config()).all(&frames(&["a"], 10)).all(&second).finish();
    let row = run.ingest.gaps().next().unwrap();
    assert_eq!((row.reason, row.boot, row.from_ns / S, row.to_ns / S), (GapReason::Restart, BOOT + 1, 10, 21));
}

#[test]
fn what_the_collector_dropped_is_told_once_and_as_such() {
    let mut frames = frames(&["a", "b", "c"], 14);
    frames.retain(|f| f.collector != "a" || !(3..5).contains(&f.sequence));
    // Frames 5 and 6 were made before 3 and 4 were dropped to make room.
    frames.iter_mut().filter(|f| f.collector == "a" && f.sequence >= 7).for_each(|f| f.dropped_frames = 2);
    let run = Run::new(replay_config()).all(&frames).finish();
    assert_eq!(run.gaps(), [(3, 4, 2, GapReason::DroppedByCollector)]);
    assert_eq!(run.ingest.stats().lost_frames, 2);
}

#[test]
fn a_clock_that_was_never_set_is_counted_and_said_and_moves_nothing() {
    let after = 8;
    let config = IngestConfig { credible_ns: after * S..i64::MAX, ..replay_config() };
    // Three collectors since boot, two of them with a clock; the third counts from "1970" and comes first.
    let mut run = Run::new(config).all(&frames(&["n0"], 4));
    assert_eq!((run.ingest.watermark_ns(), run.ticks().len()), (None, 0));
    let good: Vec<_> = frames(&["n1", "n2"], 20).into_iter().filter(|f| f.sequence >= after as u64).collect();
    run = run.all(&good).finish();
    let said: Vec<_> = run.events.iter().filter(|e| matches!(e, IngestEvent::ClockNotSet { .. })).collect();
    assert!(matches!(said[..], [IngestEvent::ClockNotSet { collector, .. }] if collector == "n0"), "{said:?}");
    assert_eq!((run.ingest.stats().clock_not_set_frames, run.ingest.stats().frames), (4, 24));
    assert_eq!(run.ticks().len(), 12);
    let status = run.ingest.collectors().into_iter().find(|c| c.collector == "n0").unwrap();
    assert_eq!((status.clock_not_set_frames, status.frames), (4, 0));
    assert_eq!(run.gaps(), []);
}

#[test]
fn what_was_deleted_while_nobody_read_is_one_row_over_the_time_that_is_missing() {
    let frames = frames(&["a"], 40);
    let first = Run::new(replay_config()).all(&frames[..10]);
    // Retention has passed the place: nothing comes again, frames 10 … 21 are gone.
    let marks = first.ingest.marks();
    let mut second = Run { ingest: Ingest::resume(replay_config(), marks.clone()), events: Vec::new() };
    second = second.all(&frames[22..]).finish();
    assert_eq!(second.gaps(), [(10, 21, 12, GapReason::Lost)]);
    let row = second.ingest.gaps().next().unwrap();
    assert_eq!((row.from_ns / S, row.to_ns / S), (10, 23));

    // The collector was away too, and its new incarnation's first frames are gone with the rest.
    let reborn = |sequence: u64| Frame {
        boot: BOOT + 1,
        sequence,
        inventory: Some(inventory("a", BOOT + 1)),
        ..frame("a", 30 + sequence)
    };
    let mut second = Run { ingest: Ingest::resume(replay_config(), marks), events: Vec::new() };
    second = second.all(&(3..8).map(reborn).collect::<Vec<_>>()).finish();
    let rows: Vec<_> = second.ingest.gaps().map(|g| (g.reason, g.frames, g.from_ns / S, g.to_ns / S)).collect();
    assert_eq!(rows, [(GapReason::Lost, 3, 10, 34), (GapReason::Restart, 0, 10, 34)]);
}

/// A cloned machine: both are called `a`, and each has counters of its own.
#[test]
fn of_two_machines_of_one_name_one_is_heard_and_it_is_said_once() {
    let second = |sequence: u64| Frame {
        boot: BOOT + 4,
        inventory: (sequence == 0).then(|| inventory("a", BOOT + 4)),
        ..frame("a", sequence)
    };
    let both: Vec<_> = (0..40).flat_map(|s| [frame("a", s), second(s)]).collect();
    let run = Run::new(replay_config()).all(&both).finish();
    let said: Vec<_> = run.events.iter().filter(|e| matches!(e, IngestEvent::Twins { .. })).collect();
    let [IngestEvent::Twins { collector, heard, set_aside }] = said[..] else { panic!("{said:?}") };
    assert_eq!((collector.as_str(), *heard, *set_aside), ("a", BOOT + 4, BOOT));
    let stats = run.ingest.stats();
    assert_eq!(stats.frames + stats.twin_frames, 80);
    assert!((36..=38).contains(&stats.twin_frames), "{}", stats.twin_frames);
    assert_eq!(run.ingest.collectors()[0].twin_frames, stats.twin_frames);
    assert_eq!(run.ticks().len(), 40);
}
