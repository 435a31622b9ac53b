//! Every answer that can come, whatever it comes from: drawn from a pool, or as the master file has it.

use std::fmt;
use std::net::IpAddr;

use super::{Explanation, Finding, Fraction, Given, MemberAnswer, Variant, Wanted};

/// All that can be answered to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Possible {
    /// The pool that answers.
    pub(super) pool: Option<String>,
    /// Where it is.
    pub(super) site: Option<String>,
    /// The answers; one without a record where there is none.
    pub(super) answers: Vec<PossibleAnswer>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PossibleAnswer {
    /// Its exact probability.
    pub(super) probability: Fraction,
    /// Its records; the order is the draw's.
    pub(super) records: Vec<Record>,
}

/// A record of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// The data as a master file has it, with names in full.
    data: String,
    /// The pool and the member that it comes from.
    member: Option<(String, String)>,
}

/// The answers that an explanation leaves open.
pub(super) fn possible(explanation: &Explanation) -> Possible {
    match explanation.steering.as_ref().map(|steering| &steering.given) {
        Some(Given::Pool { pool, site, variants, .. }) => Possible {
            pool: Some(pool.clone()),
            site: site.clone(),
            answers: variants.iter().map(drawn).collect(),
        },
        Some(Given::DefaultRrset(_)) | None => certain(in_the_zone(explanation)),
        Some(Given::NoData) => certain(Vec::new()),
    }
}

fn drawn(variant: &Variant) -> PossibleAnswer {
    let records = variant.members.iter().flat_map(|(member, answer)| {
        let data = match answer {
            MemberAnswer::Address(address) => vec![address.to_string()],
            MemberAnswer::Data(data) => data.clone(),
        };
        data.into_iter().map(|data| Record { data, member: Some((variant.pool.clone(), member.clone())) })
    });
    PossibleAnswer { probability: variant.probability, records: records.collect() }
}

fn certain(data: Vec<String>) -> Possible {
    let records = data.into_iter().map(|data| Record { data, member: None }).collect();
    Possible {
        pool: None,
        site: None,
        answers: vec![PossibleAnswer { probability: Fraction(1, 1), records }],
    }
}

/// What the master file answers with; of a chain that leads on outside, the name it leads to.
fn in_the_zone(explanation: &Explanation) -> Vec<String> {
    match &explanation.finding {
        Finding::Rrset { records, .. } => records.clone(),
        Finding::NotOurZone | Finding::Redirected | Finding::ChainTooLong => {
            let target = explanation.chain.last().and_then(|alias| alias.target.as_ref());
            target.map(ToString::to_string).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

impl PossibleAnswer {
    /// Whether it has records and each of them is wanted; with nothing wanted, whether it has none.
    pub(super) fn is_one_of(&self, wanted: &[Wanted]) -> bool {
        let is_wanted = |record: &Record| wanted.iter().any(|wanted| record.is(wanted));
        self.records.is_empty() == wanted.is_empty() && self.records.iter().all(is_wanted)
    }
}

impl Record {
    fn is(&self, wanted: &Wanted) -> bool {
        match wanted {
            Wanted::Address(address) => self.data.parse::<IpAddr>().is_ok_and(|data| data == *address),
            Wanted::Member { pool, member } => {
                self.member.as_ref().is_some_and(|(from, name)| from == pool && name == member)
            }
            Wanted::Data(data) => self.data == *data,
        }
    }
}

/// `192.0.2.10 of web-fra/fra-1`.
impl fmt::Display for Record {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.data)?;
        match &self.member {
            Some((pool, member)) => write!(formatter, " of {pool}/{member}"),
            None => Ok(()),
        }
    }
}
