//! What is held against a member beside its health: it came back and awaits an operator, or it is suspect.

use std::fmt;

use crate::wire::Content;

/// What is held against a member, or for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Hold {
    /// Nothing: health and the operator's will decide.
    #[default]
    Free,
    /// It went down, and is not given out before an operator resumes it.
    AwaitsResume,
    /// It is down, and more than may leave at once have left: given out where no candidate has anything better.
    Suspect,
}

/// A member that something is held against, by its names: so it is known over reloads and restarts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// Its pool.
    pub pool: String,
    /// Its name.
    pub member: String,
    /// With which content.
    pub content: Content,
    /// What.
    pub hold: Hold,
}

/// `free`, `awaits-resume`, `suspect`.
impl fmt::Display for Hold {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Hold::Free => "free",
            Hold::AwaitsResume => "awaits-resume",
            Hold::Suspect => "suspect",
        })
    }
}
