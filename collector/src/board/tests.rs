use super::*;
use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use std::collections::BTreeMap;
use weft_wire::{DeviceKind, Quality, QualityFlag, TableSchema};

fn board() -> Board {
    Board::new(Identity {
        id: "n1".into(),
        kind: DeviceKind::Node,
        boot: 1,
        boot_id: String::new(),
        labels: BTreeMap::new(),
        flush_period_ms: 1000,
    })
}

fn round(slowest: Tier) -> Round {
    Round { slowest, due_ns: 0 }
}

/// One round: `read` fills cells, then rows are written.
fn tick(board: &mut Board, slowest: Tier, read: impl FnOnce(&mut Board)) {
    board.begin_round();
    read(board);
    board.settle();
    if board.is_stale() {
        board.relayout().unwrap();
    }
    board.write_rows(&round(slowest));
}

/// The value of a scalar column in the section's last row.
fn last(section: &Section, counter: &str) -> Option<i64> {
    let column = section.batch.column(TableSchema::KEYS + section.schema.column(counter)?);
    let row = column.len() - 1;
    column.is_valid(row).then(|| match column.as_primitive_opt::<Int64Type>() {
        Some(ints) => ints.value(row),
        None => column.as_primitive::<Float64Type>().value(row) as i64,
    })
}

fn epochs(section: &Section) -> Vec<i64> {
    let epoch = section.batch.column(3).as_primitive::<arrow_array::types::Int32Type>();
    epoch.values().iter().map(|e| i64::from(*e)).collect()
}

fn flags(section: &Section) -> Vec<QualityFlag> {
    let quality = section.batch.column(4).as_binary::<i32>();
    (0..quality.len())
        .filter(|r| quality.is_valid(*r))
        .flat_map(|r| QualityFlag::parse_row(quality.value(r)).unwrap())
        .collect()
}

/// Stamp and width of the section's last row.
fn window(section: &Section) -> (i64, Option<i64>) {
    let stamps = section.batch.column(1).as_primitive::<Int64Type>();
    (stamps.value(stamps.len() - 1), last(section, "window_us"))
}

#[test]
fn a_row_bears_the_time_at_which_its_bytes_were_read() {
    let mut board = board();
    let port = board.entity(Table::Nic, "eth0");
    let kernel = board.cell(port, "netdev", "netdev", "rx_bytes").unwrap();
    let errors = board.cell(port, "netdev", "netdev", "rx_errors").unwrap();
    let wire = board.cell(port, "ethtool", "mlx5.ethtool", "rx_bytes_phy").unwrap();
    let wire_sent = board.cell(port, "ethtool", "mlx5.ethtool", "tx_bytes_phy").unwrap();
    tick(&mut board, Tier::Normal, |board| {
        board.row(port, Window { begin_ns: 1_000, end_ns: 5_000 }).unwrap().uint(kernel, 100);
        board.row(port, Window { begin_ns: 400_000, end_ns: 700_000 }).unwrap().uint(wire, 90);
        board.row(port, 900_000).unwrap().uint(errors, 0);
    });
    let [full] = &board.take().unwrap()[..] else { panic!("one section") };
    assert_eq!(window(full), (550_000, Some(300)), "the PHY's bytes are those that are sent, not the kernel's");

    tick(&mut board, Tier::Fast, |board| {
        let mut row = board.row(port, Window { begin_ns: 2_000_000, end_ns: 2_010_000 }).unwrap();
        row.uint(wire, 95);
        row.read_in(Window { begin_ns: 2_010_000, end_ns: 2_030_500 });
        row.uint(wire_sent, 95);
    });
    let [fast] = &board.take().unwrap()[..] else { panic!("one section") };
    assert_eq!(window(fast), (2_015_250, Some(31)), "two readings are one window, rounded up to microseconds");

    tick(&mut board, Tier::Normal, |board| board.row(port, 3_000_000).unwrap().uint(errors, 0));
    let [full] = &board.take().unwrap()[..] else { panic!("one section") };
    assert_eq!(window(full), (3_000_000, None), "without bytes, the time of the first source that read");
}

#[test]
fn two_sources_fill_one_row_and_fast_ticks_a_narrow_one() {
    let mut board = board();
    let port = board.entity(Table::Nic, "eth0");
    let bytes = board.cell(port, "netdev", "netdev", "rx_bytes").unwrap();
    let errors = board.cell(port, "netdev", "netdev", "rx_errors").unwrap();
    let backlog = board.cell(port, "qdisc", "qdisc", "backlog").unwrap();
    tick(&mut board, Tier::Normal, |board| {
        board.row(port, 10).unwrap().uint(bytes, 100);
        board.row(port, 11).unwrap().fail(errors, "EIO");
        board.row(port, 12).unwrap().uint(backlog, 7);
    });
    tick(&mut board, Tier::Fast, |board| board.row(port, 20).unwrap().uint(bytes, 150));
    let sections = board.take().unwrap();
    let [fast, full] = &sections[..] else { panic!("{} sections", sections.len()) };
    assert_eq!((full.batch.num_rows(), last(full, "rx_bytes"), last(full, "queue_bytes")), (1, Some(100), Some(7)));
    assert_eq!(last(full, "rx_errors"), None);
    let at = full.schema.column("rx_errors").unwrap() as u16;
    assert_eq!(flags(full), [QualityFlag { column: at, element: 0, quality: Quality::Failed }]);
    assert_eq!((fast.batch.num_rows(), last(fast, "rx_bytes"), last(fast, "queue_bytes")), (1, Some(150), None));
    assert_eq!(fast.schema.column("rx_errors"), None, "errors are not of the fast tier");
    let inventory = board.inventory();
    assert_eq!((inventory.ports.len(), inventory.profiles.len(), inventory.schemas.len()), (1, 1, 2));
}

#[test]
fn a_saturated_counter_is_flagged_and_the_next_source_takes_over() {
    let mut board = board();
    let port = board.entity(Table::Nic, "eth0");
    let narrow = board.cell(port, "infiniband", "infiniband", "link_downed").unwrap();
    let wide = board.cell(port, "netdev", "netdev", "carrier_down_count").unwrap();
    tick(&mut board, Tier::Normal, |board| {
        board.row(port, 1).unwrap().uint(narrow, 254);
        board.row(port, 1).unwrap().uint(wide, 300);
    });
    let before = board.take().unwrap();
    assert_eq!((last(&before[0], "link_down_events"), epochs(&before[0])), (Some(254), vec![0]));
    tick(&mut board, Tier::Normal, |board| {
        board.row(port, 2).unwrap().uint(narrow, 255);
        board.row(port, 2).unwrap().uint(wide, 301);
    });
    let after = board.take().unwrap();
    assert_eq!(
        (last(&after[0], "link_down_events"), epochs(&after[0])),
        (Some(301), vec![1]),
        "another source: another epoch"
    );
    assert_eq!(board.inventory().profiles[0].counters[0].source, "netdev");

    board.withdraw(port, "netdev");
    tick(&mut board, Tier::Normal, |board| board.row(port, 3).unwrap().uint(narrow, 255));
    let blind = board.take().unwrap();
    assert_eq!(last(&blind[0], "link_down_events"), Some(255));
    assert_eq!(flags(&blind[0])[0].quality, Quality::Saturated);
}

#[test]
fn counters_that_fall_together_begin_an_epoch_and_a_wrap_does_not() {
    let mut board = board();
    let port = board.entity(Table::Nic, "eth0");
    let cells: Vec<CellId> = ["rx_bytes", "tx_bytes", "rx_errors", "rx_packets"]
        .map(|raw| board.cell(port, "netdev", "netdev", raw).unwrap())
        .to_vec();
    let down = board.cell(port, "netdev", "netdev", "carrier_down_count").unwrap();
    let mut told = |values: [u64; 5]| {
        tick(&mut board, Tier::Normal, |board| {
            let mut row = board.row(port, 1).unwrap();
            cells.iter().zip(values).for_each(|(cell, value)| row.uint(*cell, value));
            row.uint(down, values[4]);
        });
        epochs(&board.take().unwrap()[0])[0]
    };
    assert_eq!(told([100, 100, 9, 100, u64::from(u32::MAX)]), 0);
    assert_eq!(told([200, 200, 9, 200, 1]), 0, "32 bits may wrap");
    assert_eq!(told([300, 300, 0, 300, 1]), 0, "one that falls alone is left to the analyzer");
    assert_eq!(told([5, 6, 0, 7, 0]), 1, "all fell");
    assert_eq!(told([10, 12, 0, 14, 0]), 1);
}

#[test]
fn an_entity_goes_with_its_last_source_and_its_index_is_not_used_again() {
    let mut board = board();
    let first = board.entity(Table::Nic, "eth0");
    let cell = board.cell(first, "netdev", "netdev", "rx_bytes").unwrap();
    board.cell(first, "qdisc", "qdisc", "backlog").unwrap();
    tick(&mut board, Tier::Normal, |board| board.row(first, 1).unwrap().uint(cell, 1));
    board.withdraw(first, "netdev");
    assert!(board.get(first).is_some(), "the queue is still there");
    board.withdraw(first, "qdisc");
    assert!(board.get(first).is_none() && board.row(first, 2).is_none());
    let second = board.entity(Table::Nic, "eth0");
    assert_ne!(first.index(), second.index());
    assert_eq!(board.get(second).map(|e| e.epoch), Some(1), "what had this name before is not continued");
}

#[test]
fn what_the_catalogue_does_not_know_is_kept_in_extra() {
    let mut board = board();
    let port = board.entity(Table::Nic, "eth0");
    let odd = board.cell(port, "infiniband", "mlx5.hw", "rx_of_tomorrow").unwrap();
    tick(&mut board, Tier::Slow, |board| board.row(port, 5).unwrap().uint(odd, 42));
    let sections = board.take().unwrap();
    let rows = ExtraRow::read(&sections.last().unwrap().batch);
    assert_eq!(rows, [ExtraRow { port: 0, ts_ns: 5, name: "mlx5.hw:rx_of_tomorrow".into(), value: 42 }]);
}

#[test]
fn ports_of_other_devices_are_told_under_those_devices_names() {
    let mut board = board();
    let own = board.entity(Table::Nic, "eth0");
    let leaf = board.device("leaf-1", DeviceKind::Switch).unwrap();
    assert_eq!(board.device("leaf-1", DeviceKind::Switch), Some(leaf), "the same place at every call");
    assert_eq!(board.device("n1", DeviceKind::Node), Some(DeviceId::OWN), "the collector's own name is its own device");
    let silent = board.device("leaf-2", DeviceKind::Switch).unwrap();
    let far = board.entity_of(leaf, Table::SwitchPort, "eth0");
    let same_table = board.entity_of(leaf, Table::Nic, "eth0");
    assert!(far != own && same_table != own, "the device belongs to the name");
    let near_bytes = board.cell(own, "netdev", "netdev", "rx_bytes").unwrap();
    let far_bytes = board.cell(far, "gnmi", "sonic", "SAI_PORT_STAT_IF_IN_OCTETS").unwrap();
    tick(&mut board, Tier::Normal, |board| {
        board.row(own, 1).unwrap().uint(near_bytes, 10);
        board.row(far, 2).unwrap().uint(far_bytes, 20);
    });
    board.say(far, 3, "xid", "as an example");
    let sections = board.take().unwrap();
    let values: Vec<_> = sections.iter().map(|section| last(section, "rx_bytes")).collect();
    assert_eq!(values, [Some(10), Some(20)], "each in the table of its device");
    assert_eq!(board.take_events()[0].device, "leaf-1");

    let inventory = board.inventory();
    let devices: Vec<_> = inventory.devices.iter().map(|d| (d.device.as_str(), d.kind)).collect();
    assert_eq!(devices, [("n1", DeviceKind::Node), ("leaf-1", DeviceKind::Switch)], "leaf-2 has no port yet");
    let ports: Vec<_> = inventory.ports.iter().map(|p| (p.device.as_str(), p.port.as_str(), p.table)).collect();
    let (switch, nic) = (Table::SwitchPort, Table::Nic);
    assert_eq!(ports, [("n1", "eth0", nic), ("leaf-1", "eth0", switch), ("leaf-1", "eth0", nic)]);

    board.withdraw(far, "gnmi");
    let again = board.entity_of(silent, Table::SwitchPort, "eth0");
    assert_ne!(again.index(), far.index(), "a slot is used again, an index is not");
    assert!(board.get(far).is_none() && board.get(again).is_some());
}
