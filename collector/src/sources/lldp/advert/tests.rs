use super::*;
use crate::sources::lldp::announce;
use crate::sources::lldp::tlv::push;
use proptest::collection::vec;
use proptest::prelude::*;

/// The mandatory elements of `leaf-1 Ethernet8`, TTL 120 s.
fn mandatory() -> Vec<(u8, Vec<u8>)> {
    vec![(1, b"\x04\x50\x6b\x4b\x00\x00\x01".to_vec()), (2, b"\x05Ethernet8".to_vec()), (3, vec![0, 120])]
}

fn unit(tlvs: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut unit = Vec::new();
    tlvs.iter().for_each(|(kind, value)| push(&mut unit, *kind, value));
    unit
}

fn with(optional: &[(u8, &[u8])]) -> Result<Advert, Wrong> {
    let optional = optional.iter().map(|(kind, value)| (*kind, value.to_vec()));
    read_unit(&unit(&mandatory().into_iter().chain(optional).collect::<Vec<_>>()))
}

#[test]
fn all_that_a_switch_says_is_read() {
    let advert = with(&[
        (4, b"to n0 eth2"),
        (5, b"leaf-1"),
        (6, b"SONiC 202505"),
        (7, &[0, 0x94, 0, 0x14]),
        (8, &[5, 1, 10, 0, 0, 1, 2, 0, 0, 0, 1, 0]),
        (127, &[0x00, 0x80, 0xc2, 1, 0, 100]),
        (127, &[0x00, 0x12, 0x0f, 1, 3, 0x6c, 0x11, 0, 30]),
        (127, &[0x00, 0x12, 0x0f, 3, 3, 0, 0, 0, 7]),
        (127, &[0x00, 0x12, 0x0f, 4, 0x24, 0]),
        (0, &[]),
    ])
    .unwrap();
    assert_eq!(
        advert,
        Advert {
            chassis: Id { kind: "mac".into(), text: "50:6b:4b:00:00:01".into() },
            port: Id { kind: "interface_name".into(), text: "Ethernet8".into() },
            ttl_s: 120,
            system_name: "leaf-1".into(),
            system_description: "SONiC 202505".into(),
            port_description: "to n0 eth2".into(),
            management_address: "10.0.0.1".into(),
            capabilities: Some(0x14),
            vlan: Some(100),
            max_frame_bytes: Some(9216),
            autoneg: Some(Autoneg { supported: true, enabled: true }),
            mau_type: Some(30),
            aggregate: Some(7),
        }
    );
}

#[test]
fn optional_elements_of_the_wrong_length_are_left_and_the_rest_stands() {
    let plain = with(&[]).unwrap();
    for optional in [
        (7, &[0, 1, 0][..]),
        (8, &[]),
        (8, &[200, 1, 10]),
        (8, &[0]),
        (127, &[]),
        (127, &[0, 0x80]),
        (127, &[0, 0x80, 0xc2]),
        (127, &[0, 0x80, 0xc2, 1]),
        (127, &[0, 0x80, 0xc2, 1, 0, 0]),
        (127, &[0, 0x80, 0xc2, 1, 0, 100, 9]),
        (127, &[0, 0x12, 0x0f, 1, 3]),
        (127, &[0, 0x12, 0x0f, 1, 3, 0, 0, 0, 30, 0]),
        (127, &[0, 0x12, 0x0f, 3, 2, 0, 0]),
        (127, &[0, 0x12, 0x0f, 3, 1, 0, 0, 0, 7]),
        (127, &[0, 0x12, 0x0f, 4, 5]),
        (127, &[9, 9, 9, 1, 0, 0]),
        (99, &[1, 2, 3]),
        (5, &[]),
    ] {
        assert_eq!(with(&[optional]).unwrap(), plain, "{optional:?}");
    }
    let twice =
        with(&[(5, b"first"), (5, b"second"), (127, &[0, 0x80, 0xc2, 1, 0, 1]), (127, &[0, 0x80, 0xc2, 1, 0, 2])]);
    assert_eq!(twice.map(|a| (a.system_name, a.vlan)), Ok(("first".into(), Some(1))));
    assert_eq!(with(&[(5, b"r\xff\n")]).unwrap().system_name, "r\u{fffd}\u{fffd}");
}

#[test]
fn frames_that_are_no_word_of_anybody_are_left_whole() {
    let [chassis, port, ttl] = <[_; 3]>::try_from(mandatory()).unwrap();
    let check = |tlvs: &[&(u8, Vec<u8>)], wrong: Wrong| {
        let tlvs: Vec<_> = tlvs.iter().map(|&tlv| tlv.clone()).collect();
        assert_eq!(read_unit(&unit(&tlvs)), Err(wrong), "{tlvs:?}");
    };
    check(&[], Wrong::Order);
    check(&[&chassis, &port], Wrong::Order);
    check(&[&port, &chassis, &ttl], Wrong::Order);
    check(&[&chassis, &chassis, &port, &ttl], Wrong::Order);
    for twice in [&chassis, &port, &ttl] {
        check(&[&chassis, &port, &ttl, twice], Wrong::Twice);
    }
    for bad in [vec![], vec![7]] {
        check(&[&(1, bad.clone()), &port, &ttl], Wrong::Length);
        check(&[&chassis, &(2, bad), &ttl], Wrong::Length);
    }
    for bad in [vec![], vec![1], vec![0, 120, 0]] {
        check(&[&chassis, &port, &(3, bad)], Wrong::Length);
    }
    let whole = unit(&[chassis, port, ttl, (5, b"leaf-1".to_vec())]);
    let elements = [0, 9, 21, 25, whole.len()];
    for cut in 0..whole.len() {
        let expected = match elements.contains(&cut) {
            true if cut < 25 => Err(Wrong::Order),
            true => Ok(()),
            false => Err(Wrong::CutShort),
        };
        assert_eq!(read_unit(&whole[..cut]).map(drop), expected, "cut at {cut}");
    }
}

#[test]
fn only_lldp_to_the_nearest_bridge_is_believed() {
    let frame = announce::frame("leaf-1", "swp1", MacAddr(2, 0, 0, 0, 0, 1), 120);
    assert!(read(&frame).is_ok());
    assert_eq!(read(&frame[..13]), Err(Wrong::CutShort));
    let mut to_all = frame.clone();
    to_all[..6].fill(0xff);
    assert_eq!(read(&to_all), Err(Wrong::Foreign));
    let mut arp = frame;
    arp[12..14].copy_from_slice(&[8, 6]);
    assert_eq!(read(&arp), Err(Wrong::Foreign));
}

proptest! {
    /// Whatever comes: an answer, and texts no longer than what came could say.
    #[test]
    fn any_bytes_are_harmless(bytes in vec(any::<u8>(), 0..1600)) {
        let _ = read(&bytes);
        if let Ok(advert) = read_unit(&bytes) {
            prop_assert!(advert.chassis.text.len() <= 3 * 255 && advert.system_name.len() <= 3 * 511);
        }
    }

    /// Elements of any kind and length behind a sound beginning, with some bytes overwritten.
    #[test]
    fn damaged_units_are_harmless(
        optional in vec((any::<u8>().prop_map(|kind| kind & 0x7f), vec(any::<u8>(), 0..40)), 0..12),
        wounds in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut unit = unit(&mandatory().into_iter().chain(optional).collect::<Vec<_>>());
        for (at, byte) in wounds {
            let at = at.index(unit.len());
            unit[at] = byte;
        }
        let _ = read_unit(&unit);
    }
}
