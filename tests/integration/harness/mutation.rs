//! Queries that are well formed, and what becomes of them when octets go astray. All of it follows from a seed.

use meridian::answer::Random;

use super::message::wire_name;

/// Names in the zone of tests/data/world and of the fuzz corpus, below a cut, and elsewhere.
const NAMES: [&str; 12] = [
    "example.com.",
    "www.example.com.",
    "static.example.com.",
    "alias.example.com.",
    "x.wild.example.com.",
    "b.c.example.com.",
    "deep.sub.example.com.",
    "big.example.com.",
    "nothing.example.com.",
    "id.server.",
    "example.net.",
    ".",
];
/// A, NS, CNAME, SOA, MX, TXT, AAAA, DS, NSEC, HTTPS, IXFR, AXFR, ANY, and one that is nobody's.
const TYPES: [u16; 14] = [1, 2, 5, 6, 15, 16, 28, 43, 47, 65, 251, 252, 255, 65280];
/// Options of EDNS with well-formed content.
const OPTIONS: [&[u8]; 8] = [
    b"",
    b"\0\x08\0\x07\0\x01\x18\0\x08\x08\x08",
    b"\0\x08\0\x0b\0\x02\x38\0\x20\x01\x0d\xb8\0\x01\0",
    b"\0\x0a\0\x08\x01\x02\x03\x04\x05\x06\x07\x08",
    b"\0\x03\0\0",
    b"\0\x0b\0\0",
    b"\0\x0c\0\x04\0\0\0\0",
    b"\xfd\xe9\0\x02\x01\x02",
];

/// A signature that no key of ours made (RFC 8945 §4.2).
const SIGNATURE: &[u8] =
    b"\x06nobody\0\0\xfa\0\xff\0\0\0\0\0\x2d\x0bhmac-sha256\0\0\0\x67\x48\xa0\0\x01\x2c\0\x10\
    0123456789abcdef\0\0\0\0\0\0";

/// A well-formed query, now and then signed, or with an opcode, a class or a version that is not usual.
pub fn query(random: &mut Random) -> Vec<u8> {
    let word = random.word();
    let opcode = if word.is_multiple_of(16) { (word >> 8) as u8 % 16 } else { 0 };
    let mut octets = (word as u16).to_be_bytes().to_vec();
    octets.extend([opcode << 3 | (word >> 16) as u8 & 1, (word >> 24) as u8 & 0x30, 0, 1, 0, 0, 0, 0, 0, 0]);
    octets.extend(wire_name(one_of(random, &NAMES)));
    octets.extend(one_of(random, &TYPES).to_be_bytes());
    octets.extend(one_of(random, &[1_u16, 1, 1, 1, 1, 1, 3, 255]).to_be_bytes());
    if below(random, 4) > 0 {
        let version = u8::from(below(random, 16) == 0);
        octets[11] = 1;
        octets.extend([0, 0, 41]);
        octets.extend(one_of(random, &[0_u16, 512, 1232, 4096, 65535]).to_be_bytes());
        octets.extend([0, version, (below(random, 2) as u8) << 7, 0]);
        let options: Vec<u8> =
            (0..below(random, 4)).flat_map(|_| one_of(random, &OPTIONS).to_vec()).collect();
        octets.extend((options.len() as u16).to_be_bytes());
        octets.extend(options);
    }
    if below(random, 16) == 0 {
        octets[11] += 1;
        octets.extend(SIGNATURE);
    }
    octets
}

/// Changes one to eight things: bits, octets, counts, lengths; parts are lost, doubled, or moved.
pub fn mutate(random: &mut Random, octets: &mut Vec<u8>) {
    for _ in 0..=below(random, 8) {
        let length = octets.len();
        if length == 0 {
            octets.push(random.word() as u8);
            continue;
        }
        // Half of the changes hit the header and the beginning of the question.
        let reach = if below(random, 2) == 0 { length } else { length.min(20) };
        let at = below(random, reach);
        let end = (at + 1 + below(random, 8)).min(length);
        match below(random, 8) {
            0 => octets[at] ^= 1 << below(random, 8),
            1 => octets[at] = random.word() as u8,
            2 => octets[at] = one_of(random, &[0, 1, 0x3f, 0x40, 0xc0, 0xff]),
            3 => octets.truncate(at),
            4 => drop(octets.drain(at..end)),
            5 => {
                let part = octets[at..end].to_vec();
                octets.splice(at..at, part);
            }
            6 => octets.extend(random.word().to_be_bytes()),
            _ => octets.swap(at, end - 1),
        }
    }
}

/// One of the choices.
fn one_of<T: Copy>(random: &mut Random, choices: &[T]) -> T {
    choices[below(random, choices.len())]
}

/// A number below `bound`, which is small.
fn below(random: &mut Random, bound: usize) -> usize {
    (random.word() % bound as u64) as usize
}
