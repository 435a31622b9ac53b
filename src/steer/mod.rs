//! Steering: (pool, family, health) → answer sets; (map, pool list, fence) → candidates per class; both → a choice.
//!
//! In reading order: `pool` is what an operator wrote, `will` what he wants over time, `turnover` how members come and go,
//! and `standing` what they make of a pool at a moment; `eligibility` says who may be given out, and why not; `weighted`
//! (with `grouped`), `all`, `hash` and `nested` are the policies, one file each, standing on `order`, `sampling`, `alias`,
//! `word`, `slot` and `logarithm`; `asked` makes records of members, `answer_set` holds what a word draws from, `pool_set` what a pool gives of whatever
//! kind, `pool_answers` the sets of one pool, `alike` which pools share them; `candidates` and `rule` say which pools a name has for a client; `choose`
//! takes one of them, `ttl` says for how long; [`warnings`] is what `check` says about all this.
//!
//! [`choose()`] and [`AnswerSet::draw`] run for every steered query, [`PoolSet::draw`] for those that look at the client's
//! network or pick another pool, the rest off the packet threads.

mod alias;
mod alike;
mod all;
mod answer_set;
mod asked;
mod candidates;
mod chance;
mod choose;
mod eligibility;
mod first_place;
mod grouped;
mod hash;
mod logarithm;
mod nested;
mod order;
mod pool;
mod pool_answers;
mod pool_set;
mod rule;
mod sampling;
mod slot;
mod standing;
#[cfg(test)]
mod testing;
mod ttl;
mod turnover;
mod variants;
pub mod warnings;
mod weighted;
mod will;
mod word;

pub use crate::wire::Content;
pub use alike::Alike;
pub use answer_set::{AnswerSet, Drawn, MemberShare};
pub use asked::{RECORD_HEAD, record_length};
pub use candidates::Candidates;
pub use chance::Chance;
pub use choose::{Apart, Choice, Given, Reason, choose, choose_at_a_glance};
pub use eligibility::{Eligibility, TargetHealth, eligibility, member_state, targets_of};
pub use hash::HASH_ANSWERS_MAX;
pub use nested::{LEVELS_MAX, NestedSet};
pub use pool::{Inner, MEMBERS_MAX, Member, MinHealthy, Pick, Pool, PoolId, PoolKind, Require};
pub use pool_answers::{PoolAnswers, PoolState, Sets};
pub use pool_set::{HashedSet, Leaf, PoolSet};
pub use rule::{AllDown, Empty, PoolUse, Rule, Trickle};
pub use slot::{HashPrefix, SLOTS, Slot};
pub use standing::{SlowStart, Stand, seconds_to_change, standing};
pub use ttl::{NEVER, TtlBound, steered_ttl};
pub use turnover::{PANIC_MEMBERS_MIN, PanicLimit, SLOW_START_STEPS, Seats, Turnover};
pub use will::{ScheduleLine, Will, WillNow};
