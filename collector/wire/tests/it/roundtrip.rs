//! Any frame comes back as it went.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;
use weft_wire::*;

fn text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..12).prop_map(|chars| chars.into_iter().collect())
}

fn wide_schema() -> impl Strategy<Value = TableSchema> {
    let tables: Vec<Table> = Table::ALL.into_iter().filter(|t| t.is_wide()).collect();
    (prop::sample::select(tables), vec(any::<prop::sample::Index>(), 0..20)).prop_map(|(table, picks)| {
        let all: Vec<&str> = catalogue().of_table(table).map(|c| c.name.as_str()).collect();
        let names: BTreeSet<&str> = picks.iter().map(|pick| *pick.get(&all)).collect();
        TableSchema::wide(table, &names.into_iter().collect::<Vec<_>>()).unwrap()
    })
}

#[derive(Clone, Debug)]
enum Cell {
    Int(i64),
    Uint(u64),
    Float(f64),
    Flag(u8),
}

fn cell() -> impl Strategy<Value = Cell> {
    prop_oneof![
        any::<i64>().prop_map(Cell::Int),
        any::<u64>().prop_map(Cell::Uint),
        any::<f64>().prop_map(Cell::Float),
        (0..6u8).prop_map(Cell::Flag),
    ]
}

type Row = (i32, i64, Option<i64>, i32, Vec<(prop::sample::Index, u8, Cell)>);

fn row() -> impl Strategy<Value = Row> {
    let cells = vec((any::<prop::sample::Index>(), any::<u8>(), cell()), 0..30);
    (any::<i32>(), any::<i64>(), option::of(any::<i64>()), any::<i32>(), cells)
}

fn wide_section() -> impl Strategy<Value = Section> {
    (wide_schema(), vec(row(), 0..6)).prop_map(|(schema, rows)| {
        let schema = Arc::new(schema);
        let mut writer = TableWriter::new(schema.clone());
        for (port, ts_ns, source_ts_ns, epoch, cells) in rows {
            writer.begin_row(port, ts_ns, source_ts_ns, epoch);
            for (column, element, cell) in cells.iter().filter(|_| !schema.counters.is_empty()) {
                set(&mut writer, column.index(schema.counters.len()), *element, cell);
            }
        }
        Section { batch: writer.finish().unwrap(), schema }
    })
}

fn set(writer: &mut TableWriter, column: usize, element: u8, cell: &Cell) {
    let schema = writer.schema().clone();
    let counter = catalogue().counter(schema.table, &schema.counters[column]).unwrap();
    let element = element % counter.list.unwrap_or(1);
    match *cell {
        Cell::Int(value) => writer.set_int(column, element, value),
        Cell::Uint(value) => writer.set_uint(column, element, value),
        Cell::Float(value) => writer.set_float(column, value),
        Cell::Flag(quality) => writer.flag(column, element, Quality::from_number(quality).unwrap()),
    }
}

fn fixed_section() -> impl Strategy<Value = Section> {
    let event = (option::of(any::<i32>()), text(), any::<i64>(), text(), text())
        .prop_map(|(port, device, ts_ns, event, text)| EventRow { port, device, ts_ns, event, text });
    let step = (
        text(),
        text(),
        any::<i32>(),
        option::of(any::<i32>()),
        any::<i64>(),
        text(),
        any::<i64>(),
        any::<i64>(),
        text(),
    )
        .prop_map(|(device, job, rank, gpu, step, phase, start_ns, end_ns, extra)| StepRow {
            device,
            job,
            rank,
            gpu,
            step,
            phase,
            start_ns,
            end_ns,
            extra,
        });
    let extra = (any::<i32>(), any::<i64>(), text(), any::<i64>()).prop_map(|(port, ts_ns, name, value)| ExtraRow {
        port,
        ts_ns,
        name,
        value,
    });
    prop_oneof![
        vec(event, 0..5).prop_map(|rows| {
            let batch = EventRow::batch(&rows).unwrap();
            assert_eq!(EventRow::read(&batch), rows);
            fixed(Table::Event, batch)
        }),
        vec(step, 0..5).prop_map(|rows| {
            let batch = StepRow::batch(&rows).unwrap();
            assert_eq!(StepRow::read(&batch), rows);
            fixed(Table::Step, batch)
        }),
        vec(extra, 0..5).prop_map(|rows| {
            let batch = ExtraRow::batch(&rows).unwrap();
            assert_eq!(ExtraRow::read(&batch), rows);
            fixed(Table::Extra, batch)
        }),
    ]
}

fn fixed(table: Table, batch: arrow_array::RecordBatch) -> Section {
    Section { schema: Arc::new(TableSchema::fixed(table).unwrap()), batch }
}

fn device() -> impl Strategy<Value = DeviceDescriptor> {
    let kind = prop_oneof![Just(DeviceKind::Node), Just(DeviceKind::Switch)];
    (text(), kind, text(), btree_map(text(), text(), 0..3))
        .prop_map(|(device, kind, boot_id, labels)| DeviceDescriptor { device, kind, boot_id, labels })
}

fn part() -> impl Strategy<Value = Part> {
    (text(), text(), text(), text(), text()).prop_map(|(vendor, model, serial, firmware, lot)| Part {
        vendor,
        model,
        serial,
        firmware,
        lot,
    })
}

fn port(profiles: u32) -> impl Strategy<Value = PortDescriptor> {
    let names = (text(), text(), text(), text());
    let numbers = (any::<i32>(), any::<i32>(), option::of(any::<i64>()), 0..profiles);
    (names, numbers, prop::sample::select(Table::ALL.to_vec()), part(), btree_map(text(), text(), 0..3)).prop_map(
        |((device, port, driver, position), (index, epoch, speed_bps, profile), table, part, labels)| PortDescriptor {
            index,
            table,
            device,
            port,
            driver,
            speed_bps,
            epoch,
            part,
            position,
            profile,
            labels,
        },
    )
}

fn profile() -> impl Strategy<Value = Profile> {
    let overflow = prop_oneof![Just(Overflow::Wrap), Just(Overflow::Saturate)];
    let source = (text(), text(), text(), 1..=64u8, overflow, any::<u32>()).prop_map(
        |(counter, source, raw_name, bits, overflow, period_ms)| CounterSource {
            counter,
            source,
            raw_name,
            bits,
            overflow,
            period_ms,
        },
    );
    vec(source, 0..4).prop_map(|counters| Profile { counters })
}

fn neighbor() -> impl Strategy<Value = Neighbor> {
    let ids = (text(), text(), text(), text());
    let texts = (text(), text(), text(), text());
    let numbers = (any::<i32>(), any::<u16>(), any::<i64>(), option::of(any::<u32>()));
    let short =
        (option::of(any::<u16>()), option::of(any::<u16>()), option::of(any::<u16>()), option::of(any::<u16>()));
    (ids, texts, numbers, short, (option::of(any::<bool>()), option::of(any::<bool>()))).prop_map(
        |(ids, texts, numbers, short, (autoneg_supported, autoneg_enabled))| {
            let (chassis_kind, chassis_id, port_kind, port_id) = ids;
            let (system_name, system_description, port_description, management_address) = texts;
            let (port, ttl_s, since_ns, aggregate) = numbers;
            let (vlan, max_frame_bytes, mau_type, capabilities) = short;
            Neighbor {
                port,
                chassis_kind,
                chassis_id,
                port_kind,
                port_id,
                system_name,
                system_description,
                port_description,
                ttl_s,
                vlan,
                max_frame_bytes,
                autoneg_supported,
                autoneg_enabled,
                mau_type,
                aggregate,
                management_address,
                capabilities,
                since_ns,
            }
        },
    )
}

fn inventory() -> impl Strategy<Value = Inventory> {
    let numbers = (any::<u64>(), any::<u64>(), any::<u32>());
    let parts = (vec(device(), 0..3), vec(port(3), 0..5), vec(neighbor(), 0..4));
    (text(), numbers, parts, vec(profile(), 3), vec(wide_schema(), 0..4)).prop_map(
        |(collector, (boot, version, flush_period_ms), (devices, ports, neighbors), profiles, schemas)| Inventory {
            collector,
            boot,
            version,
            devices,
            ports,
            profiles,
            schemas,
            flush_period_ms,
            neighbors,
        },
    )
}

fn frame() -> impl Strategy<Value = Frame> {
    let numbers = (any::<u64>(), any::<u64>(), any::<i64>(), option::of(any::<i64>()), any::<u64>(), any::<u64>());
    let sections = vec(prop_oneof![2 => wide_section(), 1 => fixed_section()], 0..5);
    (text(), numbers, option::of(inventory()), sections).prop_map(|(collector, numbers, inventory, sections)| {
        let (boot, sequence, flush_ts_ns, clock_error_us, inventory_version, dropped_frames) = numbers;
        Frame {
            collector,
            boot,
            sequence,
            flush_ts_ns,
            clock_error_us,
            inventory_version,
            dropped_frames,
            inventory,
            sections,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn any_frame_comes_back_as_it_went(sent in frame()) {
        let mut schemas = SchemaCache::default();
        for section in &sent.sections {
            schemas.learn(&section.schema);
        }
        let bytes = sent.encode().unwrap();
        let got = Frame::decode(&bytes, &mut schemas).unwrap();
        prop_assert_eq!(&got, &sent);
        prop_assert_eq!(got.encode().unwrap(), bytes, "encoding is deterministic");
    }

    #[test]
    fn any_inventory_comes_back_as_it_went(sent in inventory()) {
        prop_assert_eq!(Inventory::decode(&sent.encode().unwrap()).unwrap(), sent);
    }
}
