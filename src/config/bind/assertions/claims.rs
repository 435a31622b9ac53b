//! Sentences become claims.

use std::str::FromStr;

use crate::config::spec::{AssertSpec, MapsSpec};
use crate::config::text::{
    Broken, Faults, Filled, Form, Parsed, Place, Written, did_you_mean, match_forms, network, part_of, quote,
};
use crate::explain::prove::{Claim, Clients, SITES_LOST_MAX};
use crate::fault::Fault;
use crate::geo::{SiteId, codes as geo_codes};

use crate::config::bind::codes;
use crate::config::bind::maps::Sites;
use crate::config::bind::names::Scope;

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

/// Makes claims of sentences.
pub(in crate::config::bind) struct Claims<'a> {
    /// The sites.
    pub(in crate::config::bind) sites: &'a Sites,
    /// The regions.
    pub(in crate::config::bind) maps: &'a MapsSpec,
    /// Where faults go.
    pub(in crate::config::bind) faults: &'a Faults,
}

impl Claims<'_> {
    /// What an assertion claims.
    pub(super) fn claim(&self, spec: &AssertSpec) -> Parsed<Claim> {
        let filled = match_forms(part_of(&spec.that)?, &FORMS, self.faults)?;
        let claim = self.fill(&filled)?;
        if let (Claim::ScopeWithinClass | Claim::Load { .. }, Some(failures)) = (&claim, &spec.failures) {
            let fault = failures.place.error("`failures` says nothing with this sentence").label("no effect");
            self.faults.add(fault.help("remove it"));
        }
        Ok(claim)
    }

    fn fill(&self, filled: &Filled) -> Parsed<Claim> {
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
            if self.faults.is_name_in_doubt("region", name) {
                return Err(Broken);
            }
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
