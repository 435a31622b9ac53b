//! Steering: (pool, family, health) → answer sets; (map, pool list, fence) → candidates per class; both → a choice.
//!
//! In reading order: `pool` is what an operator wrote; `eligibility` says who may be given out, and why not; `weighted`
//! and `all` are the policies, one file each (`hash` will be the third), standing on `order`, `sampling`, `alias` and
//! `word`; `asked` makes records of members; `answer_set` holds what all these make, `pool_answers` the sets of one pool; `candidates` and `rule` say which
//! pools a name has for a client; `choose` takes one of them, `ttl` says for how long; [`warnings`] is what `check`
//! says about all this.
//!
//! [`choose()`] and [`AnswerSet::draw`] run for every steered query, the rest off the packet threads.

mod alias;
mod all;
mod answer_set;
mod asked;
mod candidates;
mod choose;
mod content;
mod eligibility;
mod first_place;
mod order;
mod pool;
mod pool_answers;
mod rule;
mod sampling;
#[cfg(test)]
mod testing;
mod ttl;
mod variants;
pub mod warnings;
mod weighted;
mod word;

pub use answer_set::{AnswerSet, Drawn, MemberShare};
pub use asked::{RECORD_HEAD, record_length};
pub use candidates::Candidates;
pub use choose::{Choice, Given, Reason, choose};
pub use content::Content;
pub use eligibility::{Eligibility, TargetHealth, eligibility, targets_of};
pub use pool::{MEMBERS_MAX, Member, MinHealthy, Pick, Pool, PoolId, PoolKind, Require};
pub use pool_answers::{PoolAnswers, PoolState, Sets};
pub use rule::{AllDown, Empty, PoolUse, Rule};
pub use ttl::{NEVER, TtlBound, steered_ttl};
