//! What an operator tells the keeper to do, and what became of it.

/// An act of an operator. Names are as the operator gave them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// Give out a member again that is up and awaits it.
    Resume {
        /// The name of its pool.
        pool: String,
        /// Its name.
        member: String,
    },
    /// Let the suspect members go.
    AcceptPanic {
        /// Those of this pool; `None`: of all.
        pool: Option<String>,
    },
}

/// What became of it, in words for whoever asked: what was done, or why nothing was.
pub(super) type Outcome = Result<String, String>;
