//! The program, run by an interpreter of the few instructions that it is made of. The kernel's own machine runs it in
//! tests/integration, where its verifier has to take it first.

use proptest::prelude::*;

use super::*;
use crate::server::bypass::frame::{Fault, read};

/// What the interpreter gives for `bpf_redirect_map` where a socket stands in the map (`XDP_REDIRECT`).
const REDIRECTED: u64 = 4;
const OWN: [u8; 6] = [2, 0, 0, 0, 0, 1];
const QUEUE: u32 = 3;
const MAP: i32 = 77;
const FRAME_MAX: usize = 1792;

/// Where the interpreter lets the frame begin.
const BASE: u64 = 0x1_0000;

/// Runs a program with a frame. Like the verifier, it panics where octets are read outside of the frame.
fn run(program: &[[u8; 8]], frame: &[u8]) -> u64 {
    let mut registers = [0_u64; 11];
    let end = BASE + frame.len() as u64;
    let mut at = 0;
    loop {
        let [code, registers_of, offset_0, offset_1, number @ ..] = program[at];
        let (to, from) = (usize::from(registers_of & 0xF), usize::from(registers_of >> 4));
        let (offset, number) = (i16::from_ne_bytes([offset_0, offset_1]), i32::from_ne_bytes(number));
        at += 1;
        let mut jump_if = |condition: bool| {
            if condition {
                assert!(offset >= 0, "a jump back");
                at += offset as usize;
            }
        };
        let lower = registers[to] as u32;
        match code {
            0xbf => registers[to] = registers[from],
            0xb7 => registers[to] = number as u64,
            0x07 => registers[to] = registers[to].wrapping_add(number as u64),
            0x57 => registers[to] &= number as u64,
            0x18 => {
                registers[to] = number as u64;
                at += 1;
            }
            0x61 if registers[from] == 0 => {
                registers[to] = match offset {
                    DATA => BASE,
                    DATA_END => end,
                    RECEIVE_QUEUE => QUEUE.into(),
                    other => panic!("{other} is not given"),
                }
            }
            0x61 | 0x69 | 0x71 => {
                let width = match code {
                    0x61 => 4,
                    0x69 => 2,
                    _ => 1,
                };
                let start = (registers[from] - BASE) as usize + offset as usize;
                let mut octets = [0; 8];
                octets[..width].copy_from_slice(&frame[start..start + width]);
                registers[to] = u64::from_le_bytes(octets);
            }
            0x2d => jump_if(registers[to] > registers[from]),
            0x16 => jump_if(lower == number as u32),
            0x56 => jump_if(lower != number as u32),
            0x05 => jump_if(true),
            0x85 => {
                assert_eq!(number, REDIRECT_MAP);
                assert_eq!(registers[1..4], [MAP as u64, QUEUE.into(), PASS as u64]);
                registers[0] = REDIRECTED;
            }
            0x95 => return registers[0],
            other => panic!("the instruction {other:#x}"),
        }
    }
}

fn program(served: &[&str]) -> Vec<[u8; 8]> {
    let served: Vec<SocketAddr> = served.iter().map(|text| text.parse().unwrap()).collect();
    assemble(&Choice { hardware_address: OWN, frame_max: FRAME_MAX, served: &served }, MAP)
}

const SERVED: [&str; 5] =
    ["192.0.2.1:53", "192.0.2.1:5300", "198.51.100.1:53", "[2001:db8::53]:53", "[2001:db8:1::53]:5300"];

/// A frame to an address, as far as the program looks.
fn frame(asked: &str, length: usize) -> Vec<u8> {
    let asked: SocketAddr = asked.parse().unwrap();
    let mut frame = vec![0; length.max(62)];
    frame[..6].copy_from_slice(&OWN);
    match asked.ip() {
        IpAddr::V4(ip) => {
            frame[12..15].copy_from_slice(&[0x08, 0x00, 0x45]);
            frame[20] = 0x40;
            frame[23] = 17;
            frame[30..34].copy_from_slice(&ip.octets());
            frame[36..38].copy_from_slice(&asked.port().to_be_bytes());
        }
        IpAddr::V6(ip) => {
            frame[12..15].copy_from_slice(&[0x86, 0xDD, 0x6F]);
            frame[20] = 17;
            frame[38..54].copy_from_slice(&ip.octets());
            frame[56..58].copy_from_slice(&asked.port().to_be_bytes());
        }
    }
    frame.truncate(length);
    frame
}

#[track_caller]
fn check(frame: &[u8], is_taken: bool) {
    let expected = if is_taken { REDIRECTED } else { PASS as u64 };
    assert_eq!(run(&program(&SERVED), frame), expected, "{frame:02x?}");
}

#[test]
fn frames_to_served_addresses_are_taken_and_no_others() {
    for asked in SERVED {
        check(&frame(asked, 100), true);
    }
    for asked in [
        "192.0.2.2:53",
        "192.0.2.1:54",
        "198.51.100.1:5300",
        "[2001:db8::53]:5300",
        "[2001:db8::54]:53",
        "[2001:db9::53]:53",
        "[2001:db8:1::53]:53",
        "[2001:db8:0:1::53]:53",
        "[2001:db8::1:0:53]:53",
    ] {
        check(&frame(asked, 100), false);
    }
}

#[test]
fn other_kinds_of_frames_pass() {
    let changed = |asked: &str, offset: usize, octets: &[u8]| {
        let mut frame = frame(asked, 100);
        frame[offset..offset + octets.len()].copy_from_slice(octets);
        frame
    };
    let (v4, v6) = (SERVED[0], SERVED[3]);
    for (what, frame) in [
        ("another station", changed(v4, 0, &[2, 0, 0, 0, 0, 2])),
        ("all stations", changed(v4, 0, &[0xFF; 6])),
        ("a group", changed(v6, 0, &[0x33, 0x33, 0, 0, 0, 1])),
        ("a VLAN's tag", changed(v4, 12, &[0x81, 0x00])),
        ("ARP", changed(v4, 12, &[0x08, 0x06])),
        ("IPv4 by the EtherType of IPv6", changed(v4, 12, &[0x86, 0xDD])),
        ("IPv6 by the EtherType of IPv4", changed(v6, 12, &[0x08, 0x00])),
        ("options", changed(v4, 14, &[0x46])),
        ("a shorter header", changed(v4, 14, &[0x44])),
        ("a fragment's beginning", changed(v4, 20, &[0x20])),
        ("a fragment's rest", changed(v4, 21, &[0x01])),
        ("a reserved bit", changed(v4, 20, &[0x80])),
        ("TCP over IPv4", changed(v4, 23, &[6])),
        ("ICMP", changed(v4, 23, &[1])),
        ("TCP over IPv6", changed(v6, 20, &[6])),
        ("ICMPv6", changed(v6, 20, &[58])),
        ("a fragment header", changed(v6, 20, &[44])),
        ("hop-by-hop options", changed(v6, 20, &[0])),
        ("another version", changed(v6, 14, &[0x40])),
    ] {
        println!("{what}");
        check(&frame, false);
    }
    check(&changed(v4, 20, &[0x00]), true);
    check(&changed(v6, 14, &[0x60]), true);
}

#[test]
fn frames_that_are_too_short_or_too_long_pass() {
    for (asked, shortest) in [(SERVED[0], 42), (SERVED[3], 62)] {
        for length in 0..shortest {
            check(&frame(asked, length), false);
        }
        for (length, is_taken) in [(shortest, true), (FRAME_MAX, true), (FRAME_MAX + 1, false)] {
            check(&frame(asked, length), is_taken);
        }
    }
}

#[test]
fn a_program_with_as_many_addresses_as_may_be_chooses_each_of_them() {
    let served: Vec<String> = (0..ADDRESSES_MAX).map(|number| format!("[2001:db8::{number:x}]:53")).collect();
    let program = program(&served.iter().map(String::as_str).collect::<Vec<_>>());
    for asked in &served {
        assert_eq!(run(&program, &frame(asked, 100)), REDIRECTED);
    }
    assert_eq!(run(&program, &frame("[2001:db8::ffff]:53", 100)), PASS as u64);
}

proptest! {
    /// Whatever is taken can be read, as far as kind and place go: nothing is taken from the kernel in vain.
    #[test]
    fn no_frame_is_taken_that_the_worker_would_not_read(
        mut octets in prop::collection::vec(any::<u8>(), 62..200),
        asked in prop::sample::select(&SERVED[..]),
        keep in prop::collection::vec(any::<bool>(), 62),
    ) {
        let good = frame(asked, 62);
        for (at, _) in keep.iter().enumerate().filter(|(at, keep)| **keep || *at < 12) {
            octets[at] = good[at];
        }
        if run(&program(&SERVED), &octets) == REDIRECTED {
            prop_assert_ne!(read(&octets).err(), Some(Fault::Kind));
        }
    }
}
