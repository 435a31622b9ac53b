//! Writes small .mmdb files for tests, independently of the reader (the format: maxmind.github.io/MaxMind-DB).

use std::net::IpAddr;

use super::METADATA_MARK;

/// A value of a record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Datum {
    Text(String),
    Short(u16),
    Whole(u32),
    Long(u64),
    Real(f64),
    Map(Vec<(String, Datum)>),
    List(Vec<Datum>),
}

pub(crate) fn text(text: &str) -> Datum {
    Datum::Text(text.to_owned())
}

pub(crate) fn map<const N: usize>(entries: [(&str, Datum); N]) -> Datum {
    Datum::Map(entries.map(|(key, value)| (key.to_owned(), value)).into())
}

/// Where a record of a node leads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Way {
    Nowhere,
    Node(usize),
    Data(usize),
}

/// A file in the making, with records of 24 bits.
#[derive(Debug, Clone)]
pub(crate) struct MmdbWriter {
    ip_version: u16,
    nodes: Vec<[Way; 2]>,
    data: Vec<u8>,
    /// The records in it, with their offsets.
    records: Vec<(Datum, usize)>,
}

impl MmdbWriter {
    pub(crate) fn ipv4() -> MmdbWriter {
        MmdbWriter { ip_version: 4, nodes: vec![[Way::Nowhere; 2]], data: Vec::new(), records: Vec::new() }
    }

    pub(crate) fn ipv6() -> MmdbWriter {
        MmdbWriter { ip_version: 6, ..MmdbWriter::ipv4() }
    }

    /// Gives a network a record; larger networks first. Length 0 stands for both halves.
    pub(crate) fn insert(&mut self, network: &str, record: &Datum) {
        let (address, length) = network.split_once('/').unwrap();
        let bits = match address.parse().unwrap() {
            IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
            IpAddr::V6(address) => address.to_bits(),
        };
        self.insert_bits(bits, length.parse().unwrap(), record);
    }

    /// The same for an address whose bits stand at the top of `bits`. Equal records are written once.
    pub(crate) fn insert_bits(&mut self, bits: u128, length: u8, record: &Datum) {
        let offset = self.records.iter().find(|(written, _)| written == record).map(|&(_, offset)| offset);
        let offset = offset.unwrap_or_else(|| {
            self.records.push((record.clone(), self.data.len()));
            encode(record, &mut self.data);
            self.records[self.records.len() - 1].1
        });
        self.lead(bits, length, Way::Data(offset));
    }

    /// Has a network lead somewhere.
    pub(super) fn lead(&mut self, bits: u128, length: u8, way: Way) {
        if length == 0 {
            self.nodes[0] = [way; 2];
            return;
        }
        let bit = |depth: u8| (bits >> (127 - depth) & 1) as usize;
        let mut node = 0;
        for depth in 0..length - 1 {
            node = self.child(node, bit(depth));
        }
        self.nodes[node][bit(length - 1)] = way;
    }

    /// The node below; a record that stood there is split in two.
    pub(super) fn child(&mut self, node: usize, bit: usize) -> usize {
        if let Way::Node(child) = self.nodes[node][bit] {
            return child;
        }
        self.nodes.push([self.nodes[node][bit]; 2]);
        self.nodes[node][bit] = Way::Node(self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    /// The file.
    pub(crate) fn octets(&self) -> Vec<u8> {
        let mut octets = Vec::new();
        for way in self.nodes.iter().flatten() {
            let number = match *way {
                Way::Nowhere => self.nodes.len(),
                Way::Node(node) => node,
                Way::Data(offset) => self.nodes.len() + 16 + offset,
            };
            octets.extend_from_slice(&u32::try_from(number).unwrap().to_be_bytes()[1..]);
        }
        octets.extend_from_slice(&[0; 16]);
        octets.extend_from_slice(&self.data);
        octets.extend_from_slice(METADATA_MARK);
        encode(&self.metadata(), &mut octets);
        octets
    }

    fn metadata(&self) -> Datum {
        map([
            ("binary_format_major_version", Datum::Short(2)),
            ("binary_format_minor_version", Datum::Short(0)),
            ("build_epoch", Datum::Long(1_700_000_000)),
            ("database_type", text("Test")),
            ("description", map([])),
            ("ip_version", Datum::Short(self.ip_version)),
            ("languages", Datum::List(vec![])),
            ("node_count", Datum::Whole(u32::try_from(self.nodes.len()).unwrap())),
            ("record_size", Datum::Short(24)),
        ])
    }
}

/// Type numbers of the format; those above 7 stand in an octet of their own, less 7.
fn encode(datum: &Datum, octets: &mut Vec<u8>) {
    match datum {
        Datum::Text(text) => {
            control(2, text.len(), octets);
            octets.extend_from_slice(text.as_bytes());
        }
        Datum::Real(number) => {
            control(3, 8, octets);
            octets.extend_from_slice(&number.to_be_bytes());
        }
        Datum::Short(number) => {
            control(5, 2, octets);
            octets.extend_from_slice(&number.to_be_bytes());
        }
        Datum::Long(number) => {
            control(0, 8, octets);
            octets.push(9 - 7);
            octets.extend_from_slice(&number.to_be_bytes());
        }
        Datum::Whole(number) => {
            control(6, 4, octets);
            octets.extend_from_slice(&number.to_be_bytes());
        }
        Datum::Map(entries) => {
            control(7, entries.len(), octets);
            for (key, value) in entries {
                encode(&text(key), octets);
                encode(value, octets);
            }
        }
        Datum::List(values) => {
            control(0, values.len(), octets);
            octets.push(11 - 7);
            values.iter().for_each(|value| encode(value, octets));
        }
    }
}

/// The control octet: type and a size below 29 (a longer one follows in its own octet).
fn control(kind: u8, size: usize, octets: &mut Vec<u8>) {
    match size {
        0..29 => octets.push(kind << 5 | size as u8),
        29..285 => octets.extend([kind << 5 | 29, (size - 29) as u8]),
        _ => panic!("test records are small"),
    }
}
