//! The kinds of disagreement that `disagreements.md` tells of, each with what recognises it and what Meridian answers.

use crate::compare::{Aspect, Seen};
use crate::peers::Who;

/// One kind; its words stand in `disagreements.md` under its name.
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
pub enum Choice {
    /// As one of the others, in every aspect of the kind.
    As(Who),
    /// In a way of its own that holds in this.
    Own(fn(&Seen<'_>) -> bool),
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
        }
    }
}

/// All kinds; the first one that tells of something counts.
pub fn all() -> Vec<Kind> {
    Vec::new()
}
