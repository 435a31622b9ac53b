use proptest::prelude::*;

use super::*;

const OWN: [u8; 6] = [2, 0, 0, 0, 0, 1];
const NEIGHBOUR: [u8; 6] = [2, 0, 0, 0, 0, 2];

/// RFC 1071 §1 to the letter, for what a checksum covers with its own field in it: 0xFFFF where it is right.
fn naive_sum(parts: &[&[u8]]) -> u16 {
    let sum = parts.concat().chunks(2).fold(0_u32, |sum, pair| {
        let sum = sum + (u32::from(pair[0]) << 8 | pair.get(1).copied().map_or(0, u32::from));
        (sum & 0xFFFF) + (sum >> 16)
    });
    sum as u16
}

/// What a UDP checksum covers (RFC 768, RFC 8200 §8.1), of the datagram that ends the frame.
fn naive_datagram_sum(frame: &[u8]) -> u16 {
    let (addresses, datagram) = match frame[12] {
        0x08 => (&frame[26..34], &frame[34..]),
        _ => (&frame[22..54], &frame[54..]),
    };
    let length = (datagram.len() as u32).to_be_bytes();
    naive_sum(&[addresses, &length, &[0, 0, 0, 17], datagram])
}

/// A query's frame as a good sender makes it.
fn query(source: &str, asked: &str, message: &[u8]) -> Vec<u8> {
    let (source, asked): (SocketAddr, SocketAddr) = (source.parse().unwrap(), asked.parse().unwrap());
    let mut datagram = [source.port().to_be_bytes(), asked.port().to_be_bytes()].concat();
    datagram.extend_from_slice(&(message.len() as u16 + 8).to_be_bytes());
    datagram.extend_from_slice(&[0, 0]);
    datagram.extend_from_slice(message);
    let mut frame = [OWN, NEIGHBOUR].concat();
    match (source.ip(), asked.ip()) {
        (IpAddr::V4(source), IpAddr::V4(asked)) => {
            frame.extend_from_slice(&[0x08, 0x00]);
            let mut header = vec![0x45, 0];
            header.extend_from_slice(&(datagram.len() as u16 + 20).to_be_bytes());
            header.extend_from_slice(&[0x12, 0x34, 0x40, 0, 57, 17, 0, 0]);
            header.extend_from_slice(&source.octets());
            header.extend_from_slice(&asked.octets());
            let checksum = !naive_sum(&[&header]);
            header[10..12].copy_from_slice(&checksum.to_be_bytes());
            frame.extend_from_slice(&header);
        }
        (IpAddr::V6(source), IpAddr::V6(asked)) => {
            frame.extend_from_slice(&[0x86, 0xDD, 0x6B, 0xA1, 0x23, 0x45]);
            frame.extend_from_slice(&(datagram.len() as u16).to_be_bytes());
            frame.extend_from_slice(&[17, 57]);
            frame.extend_from_slice(&source.octets());
            frame.extend_from_slice(&asked.octets());
        }
        _ => panic!("two families"),
    }
    let checksum_at = frame.len() + 6;
    frame.extend_from_slice(&datagram);
    let checksum = match !naive_datagram_sum(&frame) {
        0 => 0xFFFF,
        checksum => checksum,
    };
    frame[checksum_at..checksum_at + 2].copy_from_slice(&checksum.to_be_bytes());
    frame
}

const V4: (&str, &str) = ("198.51.100.7:40000", "192.0.2.1:53");
const V6: (&str, &str) = ("[2001:db8::7]:40000", "[2001:db8::53]:53");

#[test]
fn a_query_is_read_whole() {
    for (source, asked) in [V4, V6] {
        for message in [&b"a message"[..], b"even", b"x", b""] {
            let frame = query(source, asked, message);
            let read = read(&frame).unwrap();
            assert_eq!((read.source, read.asked), (source.parse().unwrap(), asked.parse().unwrap()));
            assert_eq!((read.message, read.neighbour, read.own), (message, NEIGHBOUR, OWN));
            assert!(read.is_from_a_station());
        }
    }
}

/// Reads the frame of a query for "a message" that was changed.
#[track_caller]
fn check(pair: (&str, &str), change: impl FnOnce(&mut Vec<u8>), expected: Result<(), Fault>) {
    let mut frame = query(pair.0, pair.1, b"a message");
    change(&mut frame);
    let found = read(&frame).map(|query| assert_eq!(query.message, b"a message"));
    assert_eq!(found, expected, "{frame:02x?}");
}

/// Sets a number and mends the checksum of the IPv4 header.
fn set_and_mend(offset: usize, number: u16) -> impl FnOnce(&mut Vec<u8>) {
    move |frame| {
        frame[offset..offset + 2].copy_from_slice(&number.to_be_bytes());
        frame[24..26].fill(0);
        let checksum = !naive_sum(&[&frame[14..34]]);
        frame[24..26].copy_from_slice(&checksum.to_be_bytes());
    }
}

fn set(offset: usize, number: u16) -> impl FnOnce(&mut Vec<u8>) {
    move |frame| frame[offset..offset + 2].copy_from_slice(&number.to_be_bytes())
}

#[test]
fn what_fills_a_short_frame_up_is_ignored() {
    check(V4, |frame| frame.extend_from_slice(&[0xAA; 9]), Ok(()));
    check(V6, |frame| frame.extend_from_slice(&[0xAA; 9]), Ok(()));
    // The packet ends behind the datagram (RFC 768 allows it; the kernel cuts it off).
    check(
        V4,
        |frame| {
            frame.extend_from_slice(&[0; 4]);
            set_and_mend(16, 20 + 8 + 9 + 4)(frame);
        },
        Ok(()),
    );
}

#[test]
fn every_shorter_frame_is_a_fault() {
    for (source, asked) in [V4, V6] {
        let frame = query(source, asked, b"a message");
        for length in 0..frame.len() {
            assert_eq!(read(&frame[..length]).err(), Some(Fault::Length), "{length}");
        }
    }
}

#[test]
fn lengths_that_contradict_each_other_are_faults() {
    for length in [0, 19, 20, 27, 36, 38, 0xFFFF] {
        check(V4, set_and_mend(16, length), Err(Fault::Length));
    }
    for length in [0, 7, 18, 0xFFFF] {
        check(V4, set(38, length), Err(Fault::Length));
        check(V6, set(58, length), Err(Fault::Length));
        check(V6, set(18, length), Err(Fault::Length));
    }
}

#[test]
fn what_the_program_does_not_hand_over_is_no_query() {
    check(V4, set(12, 0x8100), Err(Fault::Kind));
    check(V4, set(12, 0x86DD), Err(Fault::Kind));
    check(V4, set(12, 0x0806), Err(Fault::Kind));
    check(V6, set(12, 0x0800), Err(Fault::Kind));
    // Options, a fragment's beginning and its rest, TCP.
    check(V4, set_and_mend(14, 0x4600), Err(Fault::Kind));
    check(V4, set_and_mend(20, 0x2000), Err(Fault::Kind));
    check(V4, set_and_mend(20, 0x0001), Err(Fault::Kind));
    check(V4, set_and_mend(22, 57 << 8 | 6), Err(Fault::Kind));
    // A fragment header, hop-by-hop options.
    check(V6, set(20, 44 << 8 | 57), Err(Fault::Kind));
    check(V6, set(20, 57), Err(Fault::Kind));
    // "Don't fragment" may be there or not.
    check(V4, set_and_mend(20, 0x0000), Ok(()));
}

#[test]
fn checksums_are_looked_at() {
    check(V4, set(24, 0x1234), Err(Fault::HeaderChecksum));
    check(V4, set(18, 0x4321), Err(Fault::HeaderChecksum));
    check(V4, set(40, 0x1234), Err(Fault::Checksum));
    check(V6, set(60, 0x1234), Err(Fault::Checksum));
    check(V4, |frame| frame[42] ^= 1, Err(Fault::Checksum));
    check(V6, |frame| frame[53] ^= 1, Err(Fault::Checksum));
}

#[test]
fn a_datagram_may_come_without_checksum_over_ipv4_only() {
    check(V4, set(40, 0), Ok(()));
    check(V6, set(60, 0), Err(Fault::Checksum));
}

#[test]
fn a_checksum_that_is_left_to_the_hardware_is_right() {
    let partial = |frame: &mut Vec<u8>, udp: usize, addresses: std::ops::Range<usize>| {
        let sum = naive_sum(&[&frame[addresses], &[0, 17], &17_u16.to_be_bytes()]);
        frame[udp + 6..udp + 8].copy_from_slice(&sum.to_be_bytes());
    };
    check(V4, |frame| partial(frame, 34, 26..34), Ok(()));
    check(V6, |frame| partial(frame, 54, 22..54), Ok(()));
}

#[test]
fn a_group_asks_nothing() {
    let mut frame = query(V4.0, V4.1, b"a message");
    frame[6] |= 1;
    assert!(!read(&frame).unwrap().is_from_a_station());
}

#[test]
fn answers_have_the_room_that_the_mtu_leaves() {
    let room = |(source, asked): (&str, &str), mtu| {
        read(&query(source, asked, b"")).unwrap().room(&mut [0; 2048], mtu).len()
    };
    assert_eq!((room(V4, 1500), room(V6, 1500)), (1472, 1452));
    assert_eq!((room(V4, 1280), room(V6, 1280), room(V6, 3)), (1252, 1232, 0));
    // No more than the frame has.
    assert_eq!((room(V4, 9000), room(V6, 9000)), (2006, 1986));
}

/// The frame that answers a query with these octets.
fn answer(pair: (&str, &str), message: &[u8], identification: u16) -> Vec<u8> {
    let frame = query(pair.0, pair.1, b"a message");
    let query = read(&frame).unwrap();
    let mut out = vec![0xEE; 2048];
    let headers = query.headers();
    out[headers..headers + message.len()].copy_from_slice(message);
    let length = query.write_answer(&mut out, message.len(), identification);
    out.truncate(length);
    out
}

#[test]
fn an_answer_over_ipv4_octet_by_octet() {
    let expected = [
        &[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00][..],
        &[0x45, 0, 0, 32, 0xAB, 0xCD, 0, 0, 64, 17, 0xE2, 0xC3, 192, 0, 2, 1, 198, 51, 100, 7],
        &[0, 53, 0x9C, 0x40, 0, 12, 0xA0, 0x50, b'g', b'o', b'o', b'd'],
    ];
    assert_eq!(answer(V4, b"good", 0xABCD), expected.concat());
}

#[test]
fn an_answer_over_ipv6_octet_by_octet() {
    let address = |last: u8| [&[0x20, 0x01, 0x0d, 0xb8][..], &[0; 11], &[last]].concat();
    let expected = [
        &[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x86, 0xDD][..],
        &[0x60, 0, 0, 0, 0, 12, 17, 64],
        &address(0x53),
        &address(0x07),
        &[0, 53, 0x9C, 0x40, 0, 12, 0x00, 0x00, b'g', b'o', b'o', b'd'],
    ];
    let mut expected = expected.concat();
    let checksum = !naive_datagram_sum(&expected);
    expected[60..62].copy_from_slice(&checksum.to_be_bytes());
    assert_eq!(answer(V6, b"good", 0xABCD), expected);
}

#[test]
fn a_checksum_of_zero_is_written_in_its_other_form() {
    for (pair, checksum_at) in [(V4, 40), (V6, 60)] {
        // Of all two octets, one pair makes the sum come out as 0.
        let frames: Vec<_> = (0..=u16::MAX).map(|number| answer(pair, &number.to_be_bytes(), 0)).collect();
        let field = |frame: &Vec<u8>| u16::from_be_bytes([frame[checksum_at], frame[checksum_at + 1]]);
        assert!(frames.iter().all(|frame| field(frame) != 0));
        assert!(frames.iter().any(|frame| field(frame) == 0xFFFF));
    }
}

proptest! {
    #[test]
    fn the_checksums_of_answers_are_those_of_the_definition(
        message in prop::collection::vec(any::<u8>(), 0..1500),
        identification in any::<u16>(),
    ) {
        for pair in [V4, V6] {
            let frame = answer(pair, &message, identification);
            prop_assert_eq!(naive_datagram_sum(&frame), 0xFFFF);
            if pair == V4 {
                prop_assert_eq!(naive_sum(&[&frame[14..34]]), 0xFFFF);
            }
            // What answers is a good frame itself, from the one that was asked to the one that asked.
            let read = read(&frame).unwrap();
            prop_assert_eq!((read.source, read.asked), (pair.1.parse().unwrap(), pair.0.parse().unwrap()));
            prop_assert_eq!((read.neighbour, read.own, read.message), (OWN, NEIGHBOUR, &message[..]));
        }
    }

    #[test]
    fn no_octets_make_reading_panic(mut octets in prop::collection::vec(any::<u8>(), 0..200), kind in 0..3) {
        if octets.len() > 15 && kind > 0 {
            let head: [u8; 3] = if kind == 1 { [0x08, 0x00, 0x45] } else { [0x86, 0xDD, 0x60] };
            octets[12..15].copy_from_slice(&head);
        }
        let _ = read(&octets);
    }

    #[test]
    fn a_damaged_frame_is_never_read_as_another(at in 14_usize..51, bit in 0..8_u8, v6 in any::<bool>()) {
        let pair = if v6 { V6 } else { V4 };
        let good = query(pair.0, pair.1, b"a message");
        let mut frame = good.clone();
        frame[at] ^= 1_u8 << bit;
        // What IPv6 does not sum: traffic class, flow label, hop limit.
        let unsummed = v6 && (matches!(at, 15..=17 | 21) || at == 14 && bit < 4);
        prop_assert_eq!(read(&frame).is_ok(), unsummed, "{} {}", at, bit);
    }
}
