//! Assertions: sentences become claims, claims are proven about the configuration, and what is refuted is a fault where
//! its sentence stands.

use std::str::FromStr;

use crate::config::assertions::{Assertions, Sentence};
use crate::config::spec::{AssertSpec, MapsSpec, ShareSpec};
use crate::config::text::{
    Broken, Faults, Filled, Form, Parsed, Place, Written, did_you_mean, match_forms, network, quote,
};
use crate::config::workspace::Workspace;
use crate::config::{Mode, Proof};
use crate::explain::prove::{self, Assertion, Claim, Clients, Demand, SITES_LOST_MAX, Verdict, words};
use crate::fault::Fault;
use crate::geo::{SiteId, codes as geo_codes};
use crate::snapshot::Configuration;
use crate::wire::Name;

use super::codes;
use super::maps::Sites;
use super::names::Scope;

/// The sentences. `claim` knows what fills their blanks.
const FORMS: [Form; 10] = [
    "every client gets only site(s) SITES",
    "every client in PLACE gets only site(s) SITES",
    "no client is left without an answer",
    "no client in PLACE is left without an answer",
    "the loss of any NUMBER site(s) leaves every client at least one site",
    "the loss of any NUMBER site(s) leaves every client in PLACE at least one site",
    "PLACE never reaches site(s) SITES",
    "no scope is wider than its class",
    "with any NUMBER site(s) lost no site carries more than PERCENT of its declared capacity",
    "no site carries more than PERCENT of its declared capacity",
];

/// Numbers that sentences spell out.
const NUMBERS: [(&str, u8); 4] = [("one", 1), ("two", 2), ("three", 3), ("four", 4)];
/// Percent of a capacity that may be asked for: more is never meant.
const PERCENT_MAX: u32 = 100_000;

/// A claim whose rules are not looked up yet.
pub(super) struct Draft<'s> {
    spec: &'s AssertSpec,
    claim: Claim,
    /// The zone whose names it is about; `None`: all.
    zone: Option<&'s Name>,
}

/// Makes claims of sentences.
pub(super) struct Binder<'a> {
    /// The sites.
    pub(super) sites: &'a Sites,
    /// The regions.
    pub(super) maps: &'a MapsSpec,
    /// Where faults go.
    pub(super) faults: &'a Faults,
}

impl Binder<'_> {
    /// Binds one assertion of a file beside a zone, or of one that speaks of all.
    pub(super) fn bind<'s>(&self, spec: &'s AssertSpec, zone: Option<&'s Name>) -> Parsed<Draft<'s>> {
        let filled = match_forms(&spec.that, &FORMS, self.faults)?;
        let claim = self.claim(&filled)?;
        if let (Claim::ScopeWithinClass | Claim::Load { .. }, Some(failures)) = (&claim, &spec.failures) {
            let fault = failures.place.error("`failures` says nothing with this sentence").label("no effect");
            self.faults.add(fault.help("remove it"));
        }
        Ok(Draft { spec, claim, zone })
    }

    fn claim(&self, filled: &Filled) -> Parsed<Claim> {
        let blanks = &filled.blanks;
        Ok(match filled.form {
            0 => Claim::OnlySites(Clients::All, self.listed(&blanks[0])?),
            1 => {
                let (clients, sites) = (self.clients(&blanks[0]), self.listed(&blanks[1]));
                Claim::OnlySites(clients?, sites?)
            }
            2 => Claim::Answered(Clients::All),
            3 => Claim::Answered(self.clients(&blanks[0])?),
            4 => Claim::Survives(Clients::All, self.count(&blanks[0])?),
            5 => {
                let lost = self.count(&blanks[0]);
                Claim::Survives(self.clients(&blanks[1])?, lost?)
            }
            6 => {
                let (clients, sites) = (self.clients(&blanks[0]), self.listed(&blanks[1]));
                Claim::NeverSites(clients?, sites?)
            }
            7 => Claim::ScopeWithinClass,
            8 => {
                let lost = self.count(&blanks[0]);
                Claim::Load { at_most: self.percent(&blanks[1])?, lost: lost? }
            }
            _ => Claim::Load { at_most: self.percent(&blanks[0])?, lost: 0 },
        })
    }

    fn listed(&self, words: &[Written<String>]) -> Parsed<Vec<SiteId>> {
        let names = words.iter().filter(|word| !word.eq_ignore_ascii_case("and"));
        let found: Vec<Parsed<SiteId>> =
            names.map(|name| self.sites.names.find(name, Scope::Everywhere, self.faults).copied()).collect();
        found.into_iter().collect()
    }

    /// `CN`, `country CN`, `continent EU`, `region dach`, `network 203.0.113.0/24`.
    fn clients(&self, words: &[Written<String>]) -> Parsed<Clients> {
        let is_code = |word: &str| geo_codes::is_country(word) || geo_codes::is_continent(word);
        match words {
            [place] => self.place(place),
            [kind, place] if !is_code(kind) => match kind.to_lowercase().as_str() {
                "country" => {
                    Ok(Clients::Countries(vec![codes::country(place, &self.regions(), self.faults)?]))
                }
                "continent" => Ok(Clients::Continent(codes::continent(place, self.faults)?)),
                "network" => Ok(Clients::Network(network(place, self.faults)?)),
                "region" => self.region(place),
                _ => {
                    let fault = kind.place.error(format!("{} is no kind of place", quote(kind)));
                    let help =
                        "write `country CN`, `continent EU`, `region NAME` or `network 203.0.113.0/24`";
                    self.refuse(fault.label("unknown word").help(help))
                }
            },
            [first, .., last] => {
                let span = first.place.span.start..last.place.span.end;
                let whole = Place { source: first.place.source.clone(), span };
                let fault = whole.error("this is not one place").label("not understood");
                self.refuse(fault.help("write one assertion for each, or name a `[region]` of countries"))
            }
            [] => Err(Broken),
        }
    }

    /// A place by its name alone.
    fn place(&self, word: &Written<String>) -> Parsed<Clients> {
        match (geo_codes::is_country(word), geo_codes::is_continent(word)) {
            (true, true) => {
                let fault = word.place.error(format!("{} is a country and a continent", quote(word)));
                let help = format!("write `country {0}` or `continent {0}`", word.value);
                self.refuse(fault.label("two things").help(help))
            }
            (false, true) => Ok(Clients::Continent(codes::continent(word, self.faults)?)),
            (true, false) => Ok(Clients::Countries(vec![codes::country(word, &[], self.faults)?])),
            (false, false) if word.contains('/') => Ok(Clients::Network(network(word, self.faults)?)),
            (false, false) if self.regions().contains(&word.as_str()) => self.region(word),
            (false, false) => {
                Ok(Clients::Countries(vec![codes::country(word, &self.regions(), self.faults)?]))
            }
        }
    }

    fn regions(&self) -> Vec<&str> {
        self.maps.regions.iter().map(|region| region.name.as_str()).collect()
    }

    /// The countries of a region; those with a fault have been told.
    fn region(&self, name: &Written<String>) -> Parsed<Clients> {
        let Some(region) = self.maps.regions.iter().find(|region| region.name.value == name.value) else {
            let mut fault = name.place.error(format!("there is no region {}", quote(name)));
            fault.help = did_you_mean(name, self.regions());
            return self.refuse(fault.label("unknown region"));
        };
        let countries = region.content.as_ref().map_err(|&broken| broken)?;
        let codes = countries.iter().flatten().filter_map(|code| code.as_bytes().try_into().ok());
        Ok(Clients::Countries(codes.collect()))
    }

    fn count(&self, words: &[Written<String>]) -> Parsed<u8> {
        let [word] = words else { return self.no_number(&words[words.len() - 1]) };
        let spelt =
            NUMBERS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|&(_, number)| number);
        match spelt.or_else(|| u8::from_str(word).ok()) {
            Some(number @ 1..=SITES_LOST_MAX) => Ok(number),
            _ => self.no_number(word),
        }
    }

    fn no_number<T>(&self, word: &Written<String>) -> Parsed<T> {
        let fault = word.place.error(format!("{} is no number of sites here", quote(&word.value)));
        self.refuse(
            fault.label("not understood").help(format!("write a number from one to {SITES_LOST_MAX}")),
        )
    }

    /// `150 %` or `150%`.
    fn percent(&self, words: &[Written<String>]) -> Parsed<u32> {
        let text: String = words.iter().map(|word| word.value.as_str()).collect();
        let digits =
            text.strip_suffix('%').filter(|digits| digits.bytes().all(|octet| octet.is_ascii_digit()));
        match digits.and_then(|digits| digits.parse().ok()) {
            Some(percent @ 1..=PERCENT_MAX) => Ok(percent),
            _ => {
                let fault = words[0].place.error(format!("{} is no percentage", quote(&text)));
                let help = format!("write it like `150 %`, from 1 % to {PERCENT_MAX} %");
                self.refuse(fault.label("not understood").help(help))
            }
        }
    }

    fn refuse<T>(&self, fault: Fault) -> Parsed<T> {
        self.faults.add(fault);
        Err(Broken)
    }
}

/// Whether any claim is about clients in a country or on a continent, be it by their load.
pub(super) fn speak_of_places(drafts: &[Draft<'_>], share: Option<&ShareSpec>) -> bool {
    let of_places = |clients: &Clients| matches!(clients, Clients::Countries(_) | Clients::Continent(_));
    drafts.iter().any(|draft| match &draft.claim {
        Claim::Load { .. } => share.is_some_and(|share| share.sketch.is_none()),
        claim => claim.clients().is_some_and(of_places),
    })
}

/// What claims about load rest on; `None`, with a fault where one is claimed, without `[share]`.
pub(super) fn demand(
    share: Option<&ShareSpec>,
    capacity: &[Option<u64>],
    drafts: &[Draft<'_>],
    workspace: &Workspace<'_>,
    faults: &Faults,
) -> Parsed<Option<Demand>> {
    let claimed = drafts.iter().find(|draft| matches!(draft.claim, Claim::Load { .. }));
    let Some(share) = share else {
        return match claimed {
            Some(draft) => {
                let fault = draft.spec.that.place.error("nothing says how much load there is");
                let help =
                    "add `[share]` to meridian.toml: `country = { DE = 20, US = 50 }`, `elsewhere = 30`";
                faults.add(fault.label("about load").help(help));
                Err(Broken)
            }
            None => Ok(None),
        };
    };
    if let (Some(draft), true) = (claimed, capacity.iter().all(Option::is_none)) {
        let fault = draft.spec.that.place.error("no site has a declared capacity").label("about capacity");
        faults.add(fault.help("add `capacity = 40` to the sites, in the unit of `[share]`"));
        return Err(Broken);
    }
    let country =
        |(code, load): &(Written<String>, u64)| codes::country(code, &[], faults).map(|code| (code, *load));
    let countries: Vec<Parsed<([u8; 2], u64)>> = share.countries.iter().map(country).collect();
    let networks = match &share.sketch {
        Some(path) => super::sketch::read(path, workspace, faults)?,
        None => Vec::new(),
    };
    Ok(Some(Demand {
        capacity: capacity.to_vec(),
        countries: countries.into_iter().collect::<Parsed<_>>()?,
        elsewhere: share.elsewhere.unwrap_or(0),
        networks,
    }))
}

/// Proves all assertions about a configuration that is sound. What is refuted is an error, at a start a warning: a
/// server that does not start answers nobody. With [`Mode::Prove`] it is only told in the result.
pub(super) fn prove(
    configuration: &Configuration,
    drafts: &[Draft<'_>],
    demand: Option<Demand>,
    mode: Mode,
    faults: &Faults,
) -> (Vec<Proof>, Assertions) {
    let bound = drafts.iter().filter_map(|draft| {
        let rules = draft.rules(configuration, faults).ok()?;
        let failures = draft.spec.failures.as_ref().map_or(0, |failures| failures.value);
        Some((draft, Assertion { claim: draft.claim.clone(), rules, failures }))
    });
    let (drafts, assertions): (Vec<&Draft<'_>>, Vec<Assertion>) = bound.unzip();
    let verdicts = prove::prove(configuration, &assertions, demand.as_ref());
    let mut proofs = Vec::new();
    let mut list = Vec::new();
    for ((draft, assertion), verdict) in drafts.iter().zip(assertions).zip(verdicts) {
        draft.report(&assertion, &verdict, configuration, mode, faults);
        let sentence = draft.sentence(assertion);
        proofs.push(sentence.proof(verdict, configuration));
        list.push(sentence);
    }
    (proofs, Assertions { list, demand })
}

impl Draft<'_> {
    /// The rules that the assertion is about.
    fn rules(&self, configuration: &Configuration, faults: &Faults) -> Parsed<Vec<u32>> {
        self.spec.all_names?;
        let labels = || (0_u32..).zip(&configuration.rule_labels);
        let in_zone = |apex: &Name| self.zone.is_none_or(|zone| zone == apex);
        let of_type = |rtype| self.spec.types.is_empty() || self.spec.types.contains(&rtype);
        if self.spec.names.is_empty() {
            let rules = labels().filter(|(_, label)| in_zone(&label.zone) && of_type(label.rtype));
            return Ok(rules.map(|(rule, _)| rule).collect());
        }
        let mut rules = Vec::new();
        let mut found = Ok(());
        for name in &self.spec.names {
            let owner = self.owner(name, faults)?;
            let before = rules.len();
            let own = labels().filter(|(_, label)| in_zone(&label.zone) && label.owner == owner);
            rules.extend(own.filter(|(_, label)| of_type(label.rtype)).map(|(rule, _)| rule));
            if rules.len() == before {
                let mut fault = name.place.error(format!("{owner} is not steered"));
                let known: Vec<String> = labels()
                    .filter(|(_, label)| in_zone(&label.zone) && of_type(label.rtype))
                    .map(|(_, label)| label.owner.to_string())
                    .collect();
                fault.help = did_you_mean(&owner.to_string(), known.iter().map(String::as_str));
                faults.add(fault.label("no such rule"));
                found = Err(Broken);
            }
        }
        found.map(|()| rules)
    }

    /// A name as rules have it: in a zone's file relative to the zone.
    fn owner(&self, name: &Written<String>, faults: &Faults) -> Parsed<Name> {
        let origin = self.zone.cloned().unwrap_or_else(Name::root);
        Name::parse(name.as_bytes(), Some(&origin)).map(|name| name.to_lowercase()).map_err(|error| {
            faults.add(name.place.error(format!("{} is no domain name: {error}", quote(name))));
            Broken
        })
    }

    fn report(
        &self,
        assertion: &Assertion,
        verdict: &Verdict,
        configuration: &Configuration,
        mode: Mode,
        faults: &Faults,
    ) {
        let place = &self.spec.that.place;
        let grave = |message: String| match mode {
            Mode::Start => place.warning(message),
            _ => place.error(message),
        };
        let fault = match verdict {
            Verdict::Refuted(_) if mode == Mode::Prove => return,
            Verdict::Refuted(found) => {
                let fault = grave(format!("not so: {}", words::counterexample(configuration, found)));
                let fault = fault.label("does not hold");
                match words::commands(configuration, found)[..] {
                    [] => fault,
                    [ref explain] => fault.help(format!("see it with `{explain}`")),
                    [ref explain, ref dig, ..] => {
                        let all_up = found.down == prove::HealthVector::default();
                        let where_down = if all_up { "" } else { " where these are down" };
                        fault
                            .help(format!("see it with `{explain}`, or at a server{where_down} with `{dig}`"))
                    }
                }
            }
            Verdict::TooLarge => {
                let fault = grave(format!("to prove this takes more than {} steps", prove::WORK_MAX));
                fault.label("not proven").help("lower `failures`, or name fewer names with `name`")
            }
            Verdict::Proven(extent) if assertion.rules.is_empty() || extent.cells == 0 => {
                let nobody = if assertion.rules.is_empty() { "no steered name" } else { "no client" };
                let warning = place.warning(format!("this is about {nobody}, so it says nothing"));
                warning.label("about nobody")
            }
            Verdict::Proven(_) => return,
        };
        faults.add(fault);
    }

    /// It by itself, without the text of its file.
    fn sentence(&self, assertion: Assertion) -> Sentence {
        let place = &self.spec.that.place;
        Sentence {
            assertion,
            file: place.source.path.clone(),
            place: place.source.line_and_column(place.span.start),
            sentence: self.spec.that.value.clone(),
        }
    }
}

/// All assertions of a list of specs that are without a fault, and the zone that each speaks of.
pub(super) fn bind_all<'s>(
    binder: &Binder<'_>,
    specs: impl Iterator<Item = (&'s AssertSpec, Option<&'s Name>)>,
) -> Vec<Draft<'s>> {
    specs.filter_map(|(spec, zone)| binder.bind(spec, zone).ok()).collect()
}
