//! A world that is served: questions in, and what comes back in words.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::HTTPS;
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::rdata::svcb::SvcParamValue;
use hickory_proto::rr::{RData, Record as Answered, RecordType};
use meridian::answer::{Context, Moment, Reaction, Responder, TCP_MAX, Tally, Transport};
use meridian::explain::{self, Asked, Basis, Client, Explanation, Fraction, Given, Health, Variant};
use meridian::geo::Prefix;
use meridian::health::{Hold, Record, TargetKey, Tracker};
use meridian::snapshot::{Configuration, Snapshot};
use meridian::steer::{PoolId, Stand};
use meridian::wire::Name;
use meridian::wire::cookie::Secret;

/// Whose address a query comes from that says nothing about it.
const RESOLVER: &str = "100.1.1.1";
/// What the zone itself has at the names that are steered.
const DEFAULTS: [&str; 2] = ["192.0.2.1", "2001:db8::1"];

/// A world that is served.
pub struct Server {
    /// What answers.
    pub snapshot: Snapshot,
    records: HashMap<TargetKey, Record>,
    /// Names of members by their addresses.
    names: HashMap<IpAddr, String>,
    moment: u64,
    responder: RefCell<Responder>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The members in order as `A0 B1`, `default` for the default RRset, `nodata`, or the response code of an error; other
    /// data as it is.
    pub said: String,
    /// The TTL of the last record of the answer, or of the SOA record of a negative one.
    pub ttl: u32,
    /// SCOPE PREFIX-LENGTH; `None` without the option.
    pub scope: Option<u8>,
    /// The whole message.
    pub message: Message,
}

/// A question: a name in `example.com`, a type, and where they matter `from=ADDRESS` and `subnet=ADDRESS/LENGTH`.
struct Question {
    name: Name,
    rtype: u16,
    from: IpAddr,
    subnet: Option<(IpAddr, u8)>,
}

impl Question {
    fn parse(words: &str) -> Question {
        let mut words = words.split(' ');
        let name = format!("{}.example.com.", words.next().unwrap());
        let name = Name::parse(name.trim_start_matches("@.").as_bytes(), Some(&Name::root())).unwrap();
        let rtype = RecordType::from_str(words.next().expect("a type")).unwrap().into();
        let mut question = Question { name, rtype, from: RESOLVER.parse().unwrap(), subnet: None };
        for word in words {
            match word.split_once('=') {
                Some(("from", address)) => question.from = address.parse().unwrap(),
                Some(("subnet", text)) => {
                    let (address, length) = text.split_once('/').unwrap();
                    question.subnet = Some((address.parse().unwrap(), length.parse().unwrap()));
                }
                _ => panic!("{word:?} is no word of a question"),
            }
        }
        question
    }

    fn option(&self) -> Vec<u8> {
        let Some((address, length)) = self.subnet else { return Vec::new() };
        let (family, octets) = match address {
            IpAddr::V4(address) => (1, address.octets().to_vec()),
            IpAddr::V6(address) => (2, address.octets().to_vec()),
        };
        [&[0, family, length, 0], &octets[..usize::from(length).div_ceil(8)]].concat()
    }
}

/// Numerator and denominator.
pub type Part = (u64, u64);

fn pair(Fraction(numerator, denominator): Fraction) -> Part {
    let whole = |number: u128| u64::try_from(number).expect("small pools have small fractions");
    (whole(numerator), whole(denominator))
}

impl Server {
    pub(super) fn new(
        configuration: Configuration,
        names: HashMap<IpAddr, String>,
        holds: &HashMap<String, [Hold; 3]>,
        moment: u64,
        planned: &dyn Fn(&str) -> u32,
        tracker: &dyn Fn(IpAddr, &[String]) -> Tracker,
    ) -> Server {
        let record = |target: &meridian::snapshot::Target| {
            let monitors = &configuration.monitors[target.monitor].names;
            let tracker = tracker(target.key.address, monitors);
            (target.key, Record { tracker, ..Record::new(moment) })
        };
        let records: HashMap<TargetKey, Record> = configuration.targets.iter().map(record).collect();
        let health = Health::recorded(Basis::Observed { generation: 1 }, &records, moment);
        let configuration = Arc::new(configuration);
        let stand = |id: PoolId, _| {
            let configured = &configuration.pools[id.0 as usize];
            let mut pool = configured.at(moment).unwrap_or_else(|| configured.clone());
            for (index, member) in pool.members.iter_mut().enumerate() {
                let holds = holds.get(&format!("{}{index}", configured.name));
                member.holds = holds.copied().unwrap_or_default();
            }
            Stand { planned_change: planned(&configured.name), pool: Some(Arc::new(pool)) }
        };
        let snapshot = Snapshot::of_standing(1, Arc::clone(&configuration), &stand, &|target| {
            health.of(&configuration, target)
        });
        let responder = Responder::new(1, Secret::new([7; 16]), Arc::new(Tally::default()));
        Server { snapshot, records, names, moment, responder: RefCell::new(responder) }
    }

    /// What a question gets over UDP; each question draws anew.
    pub fn ask(&self, words: &str) -> Reply {
        let option = Question::parse(words).option();
        self.read(&self.octets(words, (!option.is_empty()).then_some(&option[..])))
    }

    /// The same with these octets as the data of the client subnet option.
    pub fn ask_with_subnet(&self, words: &str, option: &[u8]) -> Reply {
        self.read(&self.octets(words, Some(option)))
    }

    /// Just who is given, or what instead.
    pub fn said(&self, words: &str) -> String {
        self.ask(words).said
    }

    /// Whose addresses stand as hints in the record that a question gets, `A0 A0` for both families of a member; each question
    /// draws anew.
    pub fn hinted(&self, words: &str) -> String {
        let reply = self.ask(words);
        let [record] = &reply.message.answers[..] else { panic!("{words}: {:?}", reply.message) };
        let (RData::HTTPS(HTTPS(data)) | RData::SVCB(data)) = &record.data else { panic!("{record}") };
        let addresses = data.svc_params.iter().flat_map(|(_, value)| match value {
            SvcParamValue::Ipv4Hint(hint) => hint.0.iter().map(|address| IpAddr::from(address.0)).collect(),
            SvcParamValue::Ipv6Hint(hint) => hint.0.iter().map(|address| IpAddr::from(address.0)).collect(),
            _ => Vec::new(),
        });
        addresses.map(|address| self.name_at(address)).collect::<Vec<_>>().join(" ")
    }

    /// Why.
    pub fn explain(&self, words: &str) -> Explanation {
        let Question { name, rtype, from, subnet } = Question::parse(words);
        let subnet = subnet.map(|(address, length)| Prefix { address, length });
        let asked = Asked { name, rtype, client: Client { transport: from, subnet } };
        let health = Health::recorded(Basis::Observed { generation: 1 }, &self.records, self.moment);
        explain::explain(&self.snapshot, &health, &asked)
    }

    /// The exact shares of a pool's members: name, of answers, of first places.
    pub fn shares(&self, words: &str) -> Vec<(String, Part, Part)> {
        match self.explain(words).steering.unwrap().given {
            Given::Pool { shares, .. } => shares
                .into_iter()
                .map(|share| (share.member, pair(share.answer), pair(share.first)))
                .collect(),
            other => panic!("{other:?} has no shares"),
        }
    }

    /// The variants that can be drawn: the members by their names, and the exact probability.
    pub fn variants(&self, words: &str) -> Vec<(Vec<String>, Part)> {
        match self.explain(words).steering.unwrap().given {
            Given::Pool { variants, .. } => {
                let names =
                    |variant: &Variant| variant.members.iter().map(|(name, _)| name.clone()).collect();
                variants.iter().map(|variant| (names(variant), pair(variant.probability))).collect()
            }
            other => panic!("{other:?} has no variants"),
        }
    }

    /// How many slots of 4096 each member of a pool with `pick = "hash"` has.
    pub fn slots(&self, words: &str) -> Vec<(String, u32)> {
        match self.explain(words).steering.unwrap().given {
            Given::Pool { shares, .. } => {
                shares.into_iter().map(|share| (share.member, share.slots.unwrap())).collect()
            }
            other => panic!("{other:?} has no slots"),
        }
    }

    /// The slot of the client's network, where the answer depends on it.
    pub fn slot(&self, words: &str) -> usize {
        match self.explain(words).steering.unwrap().given {
            Given::Pool { network: Some(network), .. } => network.slot,
            other => panic!("{other:?} has no slot"),
        }
    }

    /// The octets that a question gets with this data of the client subnet option.
    pub fn octets(&self, words: &str, option: Option<&[u8]>) -> Vec<u8> {
        let question = Question::parse(words);
        let mut octets = vec![0xAB, 0xCD, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1];
        octets.extend(question.name.as_octets());
        octets.extend(question.rtype.to_be_bytes());
        // Class IN, then OPT with 1232 octets of room, no flags, and its options.
        octets.extend([0, 1, 0, 0, 41, 4, 208, 0, 0, 0, 0]);
        let options = option.map_or_else(Vec::new, |data| {
            [&8_u16.to_be_bytes(), &(data.len() as u16).to_be_bytes(), data].concat()
        });
        octets.extend((options.len() as u16).to_be_bytes());
        octets.extend(options);
        let now = Moment { unix: self.moment as u32, ..Moment::default() };
        let context = Context { snapshot: &self.snapshot, now, limits: None, keepalive: 100 };
        let mut out = vec![0; TCP_MAX];
        let mut responder = self.responder.borrow_mut();
        match responder.respond(&context, &octets, question.from, Transport::Udp, &mut out) {
            Reaction::Answer(length) => out[..length].to_vec(),
            other => panic!("{other:?} to {words}"),
        }
    }

    fn read(&self, octets: &[u8]) -> Reply {
        let message = Message::from_vec(octets).unwrap();
        let said = match (message.response_code, &message.answers[..]) {
            (ResponseCode::NoError, []) => "nodata".to_owned(),
            (ResponseCode::NoError, answers) => {
                answers.iter().map(|record| self.name_of(record)).collect::<Vec<_>>().join(" ")
            }
            (code, _) => format!("{code:?}"),
        };
        let last = message.answers.last().or(message.authorities.last());
        let ttl = last.map_or(0, |record| record.ttl);
        let options = message.edns.iter().flat_map(|edns| edns.options().as_ref());
        let scope = options.into_iter().find_map(|(_, option)| match option {
            EdnsOption::Subnet(subnet) => Some(subnet.scope_prefix()),
            _ => None,
        });
        Reply { said, ttl, scope, message }
    }

    /// The member that a record is of, `default`, or its data.
    fn name_of(&self, record: &Answered) -> String {
        match &record.data {
            RData::A(address) => self.name_at(IpAddr::from(address.0)),
            RData::AAAA(address) => self.name_at(IpAddr::from(address.0)),
            other => other.to_string(),
        }
    }

    /// The member that has an address, or `default`.
    fn name_at(&self, address: IpAddr) -> String {
        let default = || {
            if DEFAULTS.contains(&&*address.to_string()) { "default".to_owned() } else { address.to_string() }
        };
        self.names.get(&address).cloned().unwrap_or_else(default)
    }
}
