//! What was drawn, as JSON.

use serde::Serialize;

use crate::explain::Draws;

/// Some draws, and what came of them.
#[derive(Debug, Serialize)]
pub(super) struct DrawsView {
    count: u32,
    seed: u64,
    answers: Vec<DrawnAnswerView>,
}

/// An answer that was drawn, and how often.
#[derive(Debug, Serialize)]
struct DrawnAnswerView {
    pool: Option<String>,
    members: Vec<String>,
    count: u32,
}

impl DrawsView {
    /// Of some draws.
    pub(super) fn of(draws: &Draws) -> DrawsView {
        let answers = draws.answers.iter();
        let answers = answers.map(|answer| DrawnAnswerView {
            pool: answer.pool.clone(),
            members: answer.members.clone(),
            count: answer.count,
        });
        DrawsView { count: draws.count, seed: draws.seed, answers: answers.collect() }
    }
}
