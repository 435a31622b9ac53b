//! What came of an assertion, as commands show it.

use crate::explain::moment::rfc3339;
use crate::explain::prove::{Verdict, words};
use crate::snapshot::Configuration;
use crate::steer::PoolId;
use crate::zone::record_type;

/// An assertion and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// The file that it stands in.
    pub file: String,
    /// Line and column of its sentence, from 1.
    pub place: (usize, usize),
    /// The sentence.
    pub sentence: String,
    /// What came of it.
    pub outcome: ProofOutcome,
}

/// What came of an assertion, in words.
#[derive(Debug, Clone, PartialEq)]
pub enum ProofOutcome {
    /// It holds.
    Proven {
        /// What was gone through.
        extent: String,
        /// What was left out beside what every proof takes for granted ([`words::ASSUMED`]).
        left_out: Option<&'static str>,
    },
    /// It does not.
    Refuted(Box<Refutation>),
    /// It would have taken too long to tell.
    TooLarge,
}

/// A counter-example in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Refutation {
    /// The whole of it, as a sentence.
    pub words: String,
    /// The owner name of the rule.
    pub name: String,
    /// Its type.
    pub rtype: String,
    /// A network of the client; `None` where any will do.
    pub network: Option<String>,
    /// Sites that are lost.
    pub sites_lost: Vec<String>,
    /// Members that are down for that and for other failures, as `POOL/MEMBER`.
    pub members_down: Vec<String>,
    /// When, as RFC 3339 writes it; `None` where that makes no difference.
    pub at: Option<String>,
    /// Members that were down, are back, and that nobody has resumed, as `POOL/MEMBER`.
    pub members_awaiting_resume: Vec<String>,
    /// Pools whose members that are down are suspect.
    pub suspect_pools: Vec<String>,
    /// Pools of which a start has not heard all.
    pub pools_starting: Vec<String>,
    /// Commands that show it; none where only a server that runs can be in such a state.
    pub commands: Vec<String>,
}

impl Proof {
    /// Of an assertion in `file` at a line and a column.
    pub(crate) fn new(
        file: String,
        place: (usize, usize),
        sentence: String,
        verdict: Verdict,
        configuration: &Configuration,
    ) -> Proof {
        let outcome = match verdict {
            Verdict::Proven(extent) => {
                ProofOutcome::Proven { extent: words::extent(&extent), left_out: words::left_out(&extent) }
            }
            Verdict::TooLarge => ProofOutcome::TooLarge,
            Verdict::Refuted(found) => {
                let label = &configuration.rule_labels[found.rule as usize];
                let site = |site: &crate::geo::SiteId| configuration.sites[usize::from(site.0)].name.clone();
                let pool = |pool: &PoolId| configuration.pools[pool.0 as usize].name.clone();
                ProofOutcome::Refuted(Box::new(Refutation {
                    words: words::counterexample(configuration, &found),
                    name: label.owner.to_string(),
                    rtype: record_type::name(label.rtype),
                    network: found.client.as_ref().map(|client| client.network.to_string()),
                    sites_lost: found.down.sites.iter().map(site).collect(),
                    members_down: words::members_down(configuration, &found),
                    at: found.down.at.map(rfc3339),
                    members_awaiting_resume: words::members_awaiting(configuration, &found),
                    suspect_pools: found.down.suspect.iter().map(pool).collect(),
                    pools_starting: found.down.starting.keys().map(pool).collect(),
                    commands: words::commands(configuration, &found),
                }))
            }
        };
        Proof { file, place, sentence, outcome }
    }

    /// Whether it holds.
    pub fn holds(&self) -> bool {
        matches!(self.outcome, ProofOutcome::Proven { .. })
    }
}
