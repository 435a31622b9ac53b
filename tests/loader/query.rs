//! The queries that are sent.

use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use anyhow::{Context, ensure};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsOption};
use hickory_proto::rr::{Name, RecordType};

/// What a client's EDNS Client Subnet option says.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subnet {
    /// Another IPv4 /24 with each query.
    Random,
    /// Always this network.
    Fixed(IpAddr, u8),
}

impl FromStr for Subnet {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Subnet> {
        if text == "random" {
            return Ok(Subnet::Random);
        }
        let (address, length) = text.split_once('/').context("neither `random` nor ADDRESS/LENGTH")?;
        let (address, length): (IpAddr, u8) = (address.parse()?, length.parse()?);
        ensure!(length <= if address.is_ipv4() { 32 } else { 128 }, "the prefix is longer than the address");
        Ok(Subnet::Fixed(address, length))
    }
}

/// An endless row of queries: the names in turn, the subnet as wished.
#[derive(Clone)]
pub(crate) struct Queries {
    names: Vec<Name>,
    kind: RecordType,
    subnet: Option<Subnet>,
    next: usize,
    random: u64,
}

impl Queries {
    /// Queries of a type for these names.
    pub(crate) fn new(
        names: &[String],
        kind: &str,
        subnet: Option<Subnet>,
        seed: u64,
    ) -> anyhow::Result<Queries> {
        let names = names.iter().map(Name::from_ascii).collect::<Result<Vec<_>, _>>()?;
        let number: Option<u16> = kind.strip_prefix("TYPE").and_then(|number| number.parse().ok());
        let kind = match number {
            Some(number) => RecordType::from(number),
            None => RecordType::from_str(kind).ok().context("unknown type")?,
        };
        Ok(Queries { names, kind, subnet, next: 0, random: seed })
    }

    /// The type that is asked for.
    pub(crate) fn kind(&self) -> RecordType {
        self.kind
    }

    /// The same row, with other random subnets.
    pub(crate) fn reseeded(&self, number: u64) -> Queries {
        Queries { random: self.random.wrapping_add(number << 32), ..self.clone() }
    }

    /// The next query, with this id.
    pub(crate) fn next(&mut self, id: u16) -> anyhow::Result<Vec<u8>> {
        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        let mut name = self.names[self.next % self.names.len()].clone();
        name.set_fqdn(true);
        self.next += 1;
        message.add_query(Query::query(name, self.kind));
        if let Some(subnet) = self.subnet {
            let (address, length) = self.place(subnet);
            let mut edns = Edns::new();
            edns.set_max_payload(1232);
            edns.options_mut().insert(EdnsOption::Subnet(ClientSubnet::new(address, length, 0)));
            message.set_edns(edns);
        }
        Ok(message.to_vec()?)
    }

    fn place(&mut self, subnet: Subnet) -> (IpAddr, u8) {
        match subnet {
            Subnet::Fixed(address, length) => (address, length),
            Subnet::Random => (Ipv4Addr::from_bits(self.word() & 0xFFFF_FF00).into(), 24),
        }
    }

    /// splitmix64 (Steele, Lea, Flood 2014), its upper half.
    fn word(&mut self) -> u32 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.random;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ word >> 31) >> 32) as u32
    }
}
