//! What came of an assertion, as commands show it.

use crate::explain::prove::{Verdict, words};
use crate::snapshot::Configuration;
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
    /// It holds; what was gone through.
    Proven(String),
    /// It does not.
    Refuted(Refutation),
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
    /// Commands that show it.
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
            Verdict::Proven(extent) => ProofOutcome::Proven(words::extent(&extent)),
            Verdict::TooLarge => ProofOutcome::TooLarge,
            Verdict::Refuted(found) => {
                let label = &configuration.rule_labels[found.rule as usize];
                let site = |site: &crate::geo::SiteId| configuration.sites[usize::from(site.0)].name.clone();
                ProofOutcome::Refuted(Refutation {
                    words: words::counterexample(configuration, &found),
                    name: label.owner.to_string(),
                    rtype: record_type::name(label.rtype),
                    network: found.client.as_ref().map(|client| client.network.to_string()),
                    sites_lost: found.down.sites.iter().map(site).collect(),
                    members_down: words::members_down(configuration, &found),
                    commands: words::commands(configuration, &found),
                })
            }
        };
        Proof { file, place, sentence, outcome }
    }

    /// Whether it holds.
    pub fn holds(&self) -> bool {
        matches!(self.outcome, ProofOutcome::Proven(_))
    }
}
