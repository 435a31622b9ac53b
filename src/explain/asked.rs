//! A question to be explained, and how operators write its parts.

use std::net::IpAddr;

use crate::answer::{self, Answer, Question, Random};
use crate::geo::Prefix;
use crate::snapshot::Snapshot;
use crate::wire::{Name, NameError, QuestionName, class, rtype};
use crate::zone::record_type::{self, Parsed};

/// What is asked by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The name.
    pub name: Name,
    /// The type.
    pub rtype: u16,
    /// Who asks.
    pub client: Client,
}

/// Who asks, as an operator writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// The address that the query comes from (a resolver's, when there is a subnet).
    pub transport: IpAddr,
    /// EDNS Client Subnet, with a source prefix above 0.
    pub subnet: Option<Prefix>,
}

impl Asked {
    /// Decides in a snapshot, with words of a generator, by the function that answers queries; `read` sees the answer.
    pub(super) fn answered<R>(
        &self,
        snapshot: &Snapshot,
        random: &mut Random,
        read: impl FnOnce(&Answer<'_>) -> R,
    ) -> R {
        let (mut name, mut target) = (QuestionName::default(), QuestionName::default());
        name.set(&self.name);
        let question = Question { name: &name, qtype: self.rtype, qclass: class::IN };
        let subnet = self.client.subnet.map(|prefix| prefix.address);
        let asker = answer::Client { transport: &self.client.transport, subnet: subnet.as_ref() };
        read(&answer::decide(snapshot, &question, asker, random, &mut target))
    }
}

/// A name in full, with or without the final dot.
pub fn parse_name(text: &str) -> Result<Name, NameError> {
    Name::parse(text.as_bytes(), Some(&Name::root()))
}

/// A type that a name can be asked for.
pub fn parse_type(text: &str) -> Result<u16, String> {
    match record_type::parse(text.as_bytes()) {
        Some(Parsed::Data(number) | Parsed::Meta(number @ rtype::ANY)) => Ok(number),
        Some(Parsed::Meta(_)) => Err("no name has data of this type".to_owned()),
        None => Err("this is no record type".to_owned()),
    }
}
