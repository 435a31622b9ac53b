//! The assertions of the files, kept beside the configuration that was loaded with them: to be proven again when only its
//! databases are replaced.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::explain::prove::{self, Assertion, Demand, Verdict};
use crate::snapshot::Configuration;

use super::proof::{Proof, ProofOutcome};

/// Assertions about one configuration, and about others that only have other databases.
#[derive(Default)]
pub struct Assertions {
    pub(super) list: Vec<Sentence>,
    pub(super) demand: Option<Demand>,
}

/// An assertion and where it is written.
pub(super) struct Sentence {
    pub(super) assertion: Assertion,
    pub(super) file: String,
    /// Line and column, from 1.
    pub(super) place: (usize, usize),
    pub(super) sentence: String,
}

impl Assertions {
    /// The first that holds of the configuration that is served and not of `changed`, which has other databases: where it
    /// stands, what it says, and why it would not hold. One that does not hold anyway is no fault of a database.
    pub fn broken_by(&self, served: &Configuration, changed: &Configuration) -> Option<String> {
        let broken = self.prove(changed, &self.list);
        let broken = self.list.iter().zip(broken).filter(|(_, verdict)| !holds(verdict));
        let mut holding = broken
            .filter(|(sentence, _)| self.prove(served, std::slice::from_ref(*sentence)).iter().all(holds));
        holding.next().map(|(sentence, verdict)| sentence.refused(verdict, changed))
    }

    fn prove(&self, configuration: &Configuration, list: &[Sentence]) -> Vec<Verdict> {
        if list.is_empty() {
            return Vec::new();
        }
        let assertions: Vec<Assertion> = list.iter().map(|sentence| sentence.assertion.clone()).collect();
        prove::prove(configuration, &assertions, self.demand.as_ref(), now())
    }
}

/// The moment from which on schedules are played where nobody names one: seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl Sentence {
    /// What came of it for a configuration.
    pub(super) fn proof(&self, verdict: Verdict, configuration: &Configuration) -> Proof {
        Proof::new(self.file.clone(), self.place, self.sentence.clone(), verdict, configuration)
    }

    /// Why it does not hold, as a part of a sentence.
    fn refused(&self, verdict: Verdict, configuration: &Configuration) -> String {
        let (file, (line, column), sentence) = (&self.file, self.place, &self.sentence);
        let why = match self.proof(verdict, configuration).outcome {
            ProofOutcome::Refuted(found) => format!("would not be so: {}", found.words),
            ProofOutcome::TooLarge | ProofOutcome::Proven { .. } => {
                format!("would take more than {} steps to prove", prove::WORK_MAX)
            }
        };
        format!("\"{sentence}\" ({file}:{line}:{column}) {why}")
    }
}

fn holds(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Proven(_))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::config::{self, Files, Loaded, Mode};

    /// Clients of 20.0.0.0/8 and of 30.0.0.0/8 get these sites; neither is to reach `fra`.
    fn load(sites: [&str; 2]) -> Loaded {
        let map = format!(
            "[site.fra]\n[site.iad]\n[map.world]\ndefault = [\"iad\"]\n\
             [map.world.network]\n\"20.0.0.0/8\" = [\"{}\"]\n\"30.0.0.0/8\" = [\"{}\"]\n",
            sites[0], sites[1]
        );
        let main = "[server]\nlisten = \"127.0.0.1:5300\"\n[zones]\nfolder = \"zones\"\n[geo]\nmaps = \"maps.toml\"\n\
                    [[assert]]\nthat = \"network 20.0.0.0/8 never reaches site fra\"\n\
                    [[assert]]\nthat = \"network 30.0.0.0/8 never reaches site fra\"\n";
        let zone = "$TTL 60\n@ SOA ns host 1 3600 600 86400 300\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.9\n";
        let pool = |site: &str, host: u8| {
            format!(
                "[pool.{site}]\nsite = \"{site}\"\nmembers = [{{ name = \"a\", address = \"192.0.2.{host}\" }}]\n"
            )
        };
        let steering = pool("fra", 1)
            + &pool("iad", 2)
            + "[[steer]]\nname = \"www\"\nmap = \"world\"\npools = [\"fra\", \"iad\"]\n";
        let files = [
            ("meridian.toml", main),
            ("maps.toml", &map),
            ("zones/example.zone", zone),
            ("zones/example.toml", &steering),
        ];
        let files = files.map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec()));
        let files = Files::Memory(BTreeMap::from(files));
        let loaded = config::load(&files, Path::new("meridian.toml"), Mode::Start, None);
        loaded.map_err(|faults| format!("{faults:?}")).unwrap()
    }

    #[test]
    fn an_assertion_is_broken_that_holds_of_what_is_served_and_of_the_other_not() {
        let broken = |served, changed| {
            let served = load(served);
            served.assertions.broken_by(&served.configuration, &load(changed).configuration)
        };
        assert_eq!(broken(["iad", "iad"], ["iad", "iad"]), None);
        assert_eq!(broken(["fra", "fra"], ["iad", "fra"]), None, "it did not hold before");
        assert_eq!(
            Assertions::default().broken_by(&load(["iad"; 2]).configuration, &load(["fra"; 2]).configuration),
            None
        );
        let words = broken(["fra", "iad"], ["fra", "fra"]).unwrap();
        let begin = "\"network 30.0.0.0/8 never reaches site fra\" (meridian.toml:10:8) would not be so: ";
        assert!(words.starts_with(begin) && words.contains("30.0.0.0/8"), "{words}");
    }
}
