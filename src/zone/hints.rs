//! SVCB and HTTPS RRsets whose address hints come from elsewhere (RFC 9460 §7.3).
//!
//! A hint saves the client a query. It must not send it anywhere else than the query would, so where the addresses of a
//! name are steered, the hints of that name follow them.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::rrset::Rrset;
use super::service::key;
use crate::wire::Name;

/// An SVCB or HTTPS RRset whose hints are to be replaced. Records of other targets, and aliases, stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hints {
    rtype: u16,
    records: Vec<Record>,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Record {
    /// Its data.
    Fixed(Vec<u8>),
    /// Priority and target, and the parameters by key; those of hints are without a value.
    Hinted(Vec<u8>, Vec<(u16, Vec<u8>)>),
}

impl Hints {
    /// What is to be replaced in an RRset of `owner`: the hints of services whose target is the owner itself (RFC 9460
    /// §2.5.2). `None` where it has no such hints, or is of another type.
    pub(crate) fn of(rrset: Rrset<'_>, owner: &Name) -> Option<Hints> {
        let records: Vec<Record> = rrset.full_rdata().iter().map(|data| Record::of(data, owner)).collect();
        let is_hinted = records.iter().any(|record| matches!(record, Record::Hinted(..)));
        is_hinted.then(|| Hints { rtype: rrset.rtype(), records })
    }

    /// The type of the RRset.
    pub fn rtype(&self) -> u16 {
        self.rtype
    }

    /// The data of its records, each once, with these addresses as hints. Where there is none of a family its hint is
    /// left out, and `mandatory` does not list it (RFC 9460 §8). A family that has no hint in the RRset gets none.
    pub fn data(&self, ipv4: Option<Ipv4Addr>, ipv6: Option<Ipv6Addr>) -> Vec<Vec<u8>> {
        let mut all: Vec<Vec<u8>> = Vec::with_capacity(self.records.len());
        for record in &self.records {
            let data = record.data(ipv4, ipv6);
            // Records that only their hints told apart are one now (RFC 2181 §5).
            if !all.contains(&data) {
                all.push(data);
            }
        }
        all
    }
}

impl Record {
    fn of(data: &[u8], owner: &Name) -> Record {
        Record::hinted(data, owner).unwrap_or_else(|| Record::Fixed(data.to_vec()))
    }

    /// The record, if it is that of a service at the owner with hints.
    fn hinted(data: &[u8], owner: &Name) -> Option<Record> {
        let (priority, rest) = data.split_at_checked(2)?;
        let target_length = name_length(rest)?;
        let (target, rest) = rest.split_at_checked(target_length)?;
        let is_owner = target == [0] || target.eq_ignore_ascii_case(owner.as_octets());
        let mut parameters = parameters(rest)?;
        let hints = parameters.iter_mut().filter(|(key, _)| is_hint(*key));
        let hint_count = hints.map(|(_, value)| value.clear()).count();
        let is_hinted = priority != [0, 0] && is_owner && hint_count > 0;
        is_hinted.then(|| Record::Hinted([priority, target].concat(), parameters))
    }

    fn data(&self, ipv4: Option<Ipv4Addr>, ipv6: Option<Ipv6Addr>) -> Vec<u8> {
        let (before, parameters) = match self {
            Record::Fixed(data) => return data.clone(),
            Record::Hinted(before, parameters) => (before, parameters),
        };
        let is_left = |key: u16| match key {
            key::IPV4HINT => ipv4.is_some(),
            key::IPV6HINT => ipv6.is_some(),
            _ => true,
        };
        let mut data = before.clone();
        for (key, written) in parameters.iter().filter(|(key, _)| is_left(*key)) {
            let value = match *key {
                key::IPV4HINT => ipv4.map(|address| address.octets().to_vec()).unwrap_or_default(),
                key::IPV6HINT => ipv6.map(|address| address.octets().to_vec()).unwrap_or_default(),
                key::MANDATORY => {
                    let keys = written.as_chunks::<2>().0.iter();
                    keys.filter(|key| is_left(u16::from_be_bytes(**key))).flatten().copied().collect()
                }
                _ => written.clone(),
            };
            if !(*key == key::MANDATORY && value.is_empty()) {
                data.extend(key.to_be_bytes());
                data.extend((value.len() as u16).to_be_bytes());
                data.extend(value);
            }
        }
        data
    }
}

fn is_hint(key: u16) -> bool {
    matches!(key, key::IPV4HINT | key::IPV6HINT)
}

/// The length of the name at the front, root label included.
fn name_length(octets: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match *octets.get(at)? {
            0 => return Some(at + 1),
            length => at += 1 + usize::from(length),
        }
    }
}

fn parameters(mut octets: &[u8]) -> Option<Vec<(u16, Vec<u8>)>> {
    let mut parameters = Vec::new();
    while let Some((&[key_high, key_low, high, low], rest)) = octets.split_first_chunk::<4>() {
        let (value, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([high, low])))?;
        parameters.push((u16::from_be_bytes([key_high, key_low]), value.to_vec()));
        octets = rest;
    }
    octets.is_empty().then_some(parameters)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{HEAD, load, name};
    use super::super::rdata;
    use crate::wire::rtype;

    /// The HTTPS records of `x` with these addresses for hints, in the form of a master file; none where they have no
    /// hints.
    fn check(records: &[&str], addresses: &[&str], expected: &[&str]) {
        let lines: String = records.iter().map(|record| format!("x HTTPS {record}\n")).collect();
        let data = load(&format!("{HEAD}{lines}")).0.unwrap();
        let ipv4 = addresses.iter().find_map(|address| address.parse().ok());
        let ipv6 = addresses.iter().find_map(|address| address.parse().ok());
        let hints = data.hints(&name("x.example.com."), rtype::HTTPS);
        let all = hints.map(|hints| hints.data(ipv4, ipv6)).unwrap_or_default();
        let printed: Vec<String> = all.iter().map(|data| rdata::print(rtype::HTTPS, data)).collect();
        assert_eq!(printed, expected, "{records:?} with {addresses:?}");
    }

    #[test]
    fn hints_of_the_owner_are_replaced_and_nothing_else() {
        let both = ["192.0.2.7", "2001:db8::7"];
        check(
            &["1 . alpn=h2 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1"],
            &both,
            &["1 . alpn=\"h2\" ipv4hint=192.0.2.7 ipv6hint=2001:db8::7"],
        );
        check(&["1 X ipv4hint=192.0.2.1"], &both, &["1 X.example.com. ipv4hint=192.0.2.7"]);
        check(
            &["1 . ipv4hint=192.0.2.1", "2 other ipv4hint=192.0.2.9"],
            &both,
            &["1 . ipv4hint=192.0.2.7", "2 other.example.com. ipv4hint=192.0.2.9"],
        );
    }

    #[test]
    fn a_family_without_an_address_loses_its_hint() {
        let record = ["1 . mandatory=ipv4hint alpn=h2 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1"];
        check(&record, &["2001:db8::7"], &["1 . alpn=\"h2\" ipv6hint=2001:db8::7"]);
        check(&record, &[], &["1 . alpn=\"h2\""]);
        let record = ["1 . mandatory=alpn,ipv4hint alpn=h2 ipv4hint=192.0.2.1"];
        check(&record, &[], &["1 . mandatory=alpn alpn=\"h2\""]);
    }

    #[test]
    fn records_that_only_their_hints_told_apart_become_one() {
        check(
            &["1 . ipv4hint=192.0.2.1", "1 . ipv4hint=192.0.2.2"],
            &["192.0.2.7"],
            &["1 . ipv4hint=192.0.2.7"],
        );
    }

    #[test]
    fn without_hints_of_the_owner_there_is_nothing_to_replace() {
        check(&["1 . alpn=h2"], &["192.0.2.7"], &[]);
        check(&["0 other"], &["192.0.2.7"], &[]);
        check(&["1 other ipv4hint=192.0.2.1"], &["192.0.2.7"], &[]);
    }
}
