//! `explain`, from files and on a running server alike: what is asked, and the answer as text or JSON.
//!
//! Both ways come through [`Request::answer`]; they differ in the snapshot and the health that they bring.

mod request;
#[cfg(test)]
mod tests;
mod view;

pub use request::{Format, Request, Subnet};

use std::collections::HashSet;

use crate::config;
use crate::explain::{self, Asked, Explanation, Health, Outage, OutageError};
use crate::health::TargetId;
use crate::snapshot::{Configuration, Snapshot};

/// What the request is answered on.
pub struct Ground<'g> {
    /// The generation that answers.
    pub snapshot: &'g Snapshot,
    /// What its pools were compiled from.
    pub health: Health<'g>,
}

impl Request {
    /// Explains, and writes the explanation in the format asked for, ended by a line feed. The error says what is wrong
    /// with the request.
    pub fn answer(&self, ground: Ground<'_>) -> Result<String, String> {
        let asked = self.asked()?;
        let explanation = self.explain(&asked, ground)?;
        match self.format {
            Format::Text => Ok(explain::render(&explanation)),
            Format::Json => {
                let view = view::View::of(&explanation);
                let json = serde_json::to_string_pretty(&view).map_err(|error| error.to_string())?;
                Ok(json + "\n")
            }
        }
    }

    fn explain(&self, asked: &Asked, Ground { snapshot, health }: Ground<'_>) -> Result<Explanation, String> {
        let down = self.down(&snapshot.configuration)?;
        let health = health.with_down(down.iter().copied());
        let supposed = (!down.is_empty()).then(|| health.suppose(snapshot));
        let snapshot = supposed.as_ref().unwrap_or(snapshot);
        let mut explanation = explain::explain(snapshot, &health, asked);
        explanation.draws = (self.draws > 0).then(|| explain::draw(snapshot, asked, self.draws, self.seed));
        Ok(explanation)
    }

    /// The targets that are supposed to be down. The error tells every name that stands for none, each once.
    fn down(&self, configuration: &Configuration) -> Result<Vec<TargetId>, String> {
        let (mut targets, mut wrong) = (Vec::new(), Vec::new());
        for text in &self.down {
            let found = text
                .parse::<Outage>()
                .and_then(|outage| outage.targets(&configuration.pools, &configuration.sites));
            match found {
                Ok(found) => targets.extend(found),
                Err(error) => wrong.push(format!("--down {text}: {error}{}", hint(&error))),
            }
        }
        let mut told = HashSet::new();
        wrong.retain(|line| told.insert(line.clone()));
        if wrong.is_empty() { Ok(targets) } else { Err(wrong.join("\n")) }
    }
}

/// `; did you mean …?`, or all the names when there are few.
fn hint(error: &OutageError) -> String {
    let OutageError::Unknown { name, known, .. } = error else { return String::new() };
    let hint = config::did_you_mean(name, known.iter().map(String::as_str));
    hint.map_or(String::new(), |hint| format!("; {hint}"))
}
