//! Claims are proven, and what is refuted is a fault where its sentence stands.

use crate::config::assertions::{Assertions, Sentence};
use crate::config::spec::AssertSpec;
use crate::config::text::{Faults, Parsed, Written};
use crate::config::{Mode, Proof};
use crate::explain::prove::{self, Assertion, Demand, Verdict, words};
use crate::snapshot::Configuration;

use super::Draft;
use super::subjects::RulesByName;

/// Proves all assertions about a configuration that is sound. What is refuted is an error, at a start a warning: a
/// server that does not start answers nobody. With [`Mode::Prove`] it is only told in the result. Assertions with a fault
/// are left out.
pub(in crate::config::bind) fn prove(
    configuration: &Configuration,
    drafts: &[Draft<'_>],
    demand: Parsed<Option<Demand>>,
    mode: Mode,
    faults: &Faults,
) -> (Vec<Proof>, Assertions) {
    let by_name = RulesByName::new(&configuration.rule_labels);
    let sound = drafts.iter().filter_map(|draft| {
        let (claim, owners) = draft.sound(&demand)?;
        let that = draft.spec.that.as_ref().ok()?;
        let rules = by_name.of(draft, owners);
        let failures = draft.spec.failures.as_ref().map_or(0, |failures| failures.value);
        Some((Stated { spec: draft.spec, that }, Assertion { claim: claim.clone(), rules, failures }))
    });
    let (stated, assertions): (Vec<Stated<'_>>, Vec<Assertion>) = sound.unzip();
    let demand = demand.unwrap_or_default();
    let verdicts = prove::prove(configuration, &assertions, demand.as_ref());
    let mut proofs = Vec::new();
    let mut list = Vec::new();
    for ((stated, assertion), verdict) in stated.iter().zip(assertions).zip(verdicts) {
        stated.report(&assertion, &verdict, configuration, mode, faults);
        let sentence = stated.sentence(assertion);
        proofs.push(sentence.proof(verdict, configuration));
        list.push(sentence);
    }
    (proofs, Assertions { list, demand })
}

/// An assertion without a fault, as it is written.
struct Stated<'s> {
    spec: &'s AssertSpec,
    that: &'s Written<String>,
}

impl Stated<'_> {
    fn report(
        &self,
        assertion: &Assertion,
        verdict: &Verdict,
        configuration: &Configuration,
        mode: Mode,
        faults: &Faults,
    ) {
        let place = &self.that.place;
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
                let place = self
                    .spec
                    .types
                    .first()
                    .filter(|_| assertion.rules.is_empty())
                    .map_or(place, |rtype| &rtype.place);
                let warning = place.warning(format!("this is about {nobody}, so it says nothing"));
                warning.label("about nobody")
            }
            Verdict::Proven(_) => return,
        };
        faults.add(fault);
    }

    /// It by itself, without the text of its file.
    fn sentence(&self, assertion: Assertion) -> Sentence {
        let place = &self.that.place;
        Sentence {
            assertion,
            file: place.source.path.clone(),
            place: place.source.line_and_column(place.span.start),
            sentence: self.that.value.clone(),
        }
    }
}
