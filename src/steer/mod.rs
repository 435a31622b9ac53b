//! Steering: (pool, family, health) → answer sets; (map, pool list, fence) → candidates per class; both → a choice.
//!
//! In reading order: [`pool`] is what an operator wrote; [`eligibility`] who may be given out, and why not;
//! `weighted` and `all` are the policies, one file each (`hash` will be the third), on `order`, `sampling`, `alias`
//! and `word`; [`answer_set`] holds what they make, [`pool_answers`] one pool's sets; [`candidates`] and [`rule`]
//! say which pools a name has for a client; [`choose`] takes one of them, [`ttl`] says for how long; [`warnings`]
//! is what `check` says about all this.
//!
//! Everything but [`choose`] and [`AnswerSet::draw`] runs off the packet threads.

mod alias;
mod all;
pub mod answer_set;
pub mod candidates;
pub mod choose;
pub mod eligibility;
mod first_place;
mod order;
pub mod pool;
pub mod pool_answers;
pub mod rule;
mod sampling;
#[cfg(test)]
mod testing;
pub mod ttl;
mod variants;
pub mod warnings;
mod weighted;
mod word;

pub use answer_set::{AnswerSet, Drawn, MemberShare};
pub use candidates::Candidates;
pub use choose::{Choice, Given, Reason, choose};
pub use eligibility::{Eligibility, TargetHealth, eligibility};
pub use pool::{MEMBERS_MAX, Member, MinHealthy, Pick, Pool, PoolId, Require};
pub use pool_answers::{PoolAnswers, PoolState, Sets};
pub use rule::{AllDown, Empty, PoolUse, Rule};
pub use ttl::TtlBound;
