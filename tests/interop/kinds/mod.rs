//! The kinds of disagreement that `disagreements.md` tells of, each with what recognises it and what Meridian answers.

mod additional;
mod classes;
mod edns;
mod flags;
mod room;
mod sections;

use crate::compare::{Aspect, Seen};
use crate::message::Record;
use crate::options;
use crate::peers::Who;

/// One kind; its words stand in `disagreements.md` under its name.
#[derive(Clone, Copy)]
pub struct Kind {
    pub name: &'static str,
    /// Where it shows.
    pub aspects: &'static [Aspect],
    /// Whether a query and what the three made of it are of this kind. It looks at Meridian only where the three agree.
    pub recognise: fn(&Seen<'_>) -> bool,
    /// What is right.
    pub choice: Choice,
}

/// What Meridian answers where a kind is recognised.
#[derive(Clone, Copy)]
pub enum Choice {
    /// As one of the others, in every aspect of the kind.
    As(Who),
    /// In a way of its own that holds in this.
    Own(fn(&Seen<'_>) -> bool),
    /// With exactly the options that `options` expects of every answer.
    Exact,
}

impl Kind {
    /// Whether this kind tells of an aspect of what was seen.
    pub fn tells_of(&self, seen: &Seen<'_>, aspect: Aspect) -> bool {
        self.aspects.contains(&aspect) && (self.recognise)(seen)
    }

    /// Whether Meridian answers as this kind says.
    pub fn is_kept(&self, seen: &Seen<'_>, aspect: Aspect) -> bool {
        match self.choice {
            Choice::As(who) => seen.same(aspect, Who::Meridian, who),
            Choice::Own(holds) => holds(seen),
            Choice::Exact => options::are_exact(seen, aspect),
        }
    }
}

/// All kinds; the first one that tells of something counts.
pub fn all() -> Vec<Kind> {
    [edns::KINDS, sections::LOOPS, room::KINDS, classes::KINDS, flags::KINDS, sections::KINDS]
        .into_iter()
        .flatten()
        .copied()
        .collect()
}

const NOERROR: u16 = 0;
const FORMERR: u16 = 1;
const NXDOMAIN: u16 = 3;
const NOTIMP: u16 = 4;
const REFUSED: u16 = 5;
const SERVFAIL: u16 = 2;
const BADVERS: u16 = 16;

/// The rcode of an answer.
fn rcode(seen: &Seen<'_>, who: Who) -> Option<u16> {
    seen.answer(who).map(|answer| answer.rcode)
}

/// The records of an answer section.
fn answers<'t>(seen: &Seen<'t>, who: Who) -> &'t [Record] {
    seen.answer(who).map_or(&[], |answer| &answer.answers)
}

/// All that the answer is about: everything but flags that are copied and OPT.
const CONTENT: &[Aspect] =
    &[Aspect::Rcode, Aspect::Authoritative, Aspect::Answer, Aspect::Authority, Aspect::Additional];
