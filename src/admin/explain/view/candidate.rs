//! A pool that is looked at, with its members, as JSON.

use std::net::IpAddr;

use serde::Serialize;

use super::target::TargetView;
use crate::explain::{Candidate, InnerPool, Member, MemberAnswer};

/// A pool that is looked at.
#[derive(Debug, Serialize)]
pub(super) struct CandidateView {
    pool: String,
    written_at: String,
    site: Option<String>,
    state: String,
    pick: String,
    answers: bool,
    soonest_flip_seconds: Option<u32>,
    members: Vec<MemberView>,
    inner: Vec<InnerPoolView>,
}

impl CandidateView {
    /// Of a candidate, at a moment in seconds since 1970.
    pub(super) fn of(candidate: &Candidate, at: u64) -> CandidateView {
        CandidateView {
            pool: candidate.pool.clone(),
            written_at: candidate.line.to_string(),
            site: candidate.site.clone(),
            state: candidate.state.to_string(),
            pick: candidate.pick.to_string(),
            answers: candidate.answers,
            soonest_flip_seconds: candidate.soonest_flip,
            members: candidate.members.iter().map(|each| MemberView::of(each, at)).collect(),
            inner: candidate.inner.iter().map(|each| InnerPoolView::of(each, at)).collect(),
        }
    }
}

/// A pool in a pool of pools.
#[derive(Debug, Serialize)]
struct InnerPoolView {
    pool: String,
    depth: usize,
    weight: u16,
    state: String,
    pick: String,
    members: Vec<MemberView>,
}

impl InnerPoolView {
    fn of(inner: &InnerPool, at: u64) -> InnerPoolView {
        InnerPoolView {
            pool: inner.pool.clone(),
            depth: inner.depth,
            weight: inner.weight,
            state: inner.state.to_string(),
            pick: inner.pick.to_string(),
            members: inner.members.iter().map(|each| MemberView::of(each, at)).collect(),
        }
    }
}

/// A member, and whether it may be given out.
#[derive(Debug, Serialize)]
struct MemberView {
    name: String,
    written_at: String,
    weight: u16,
    slow_start_step: Option<u32>,
    #[serde(flatten)]
    answer: AnswerView,
    admin: String,
    admin_why: Option<String>,
    eligible: bool,
    reason: String,
    targets: Vec<TargetView>,
}

impl MemberView {
    fn of(member: &Member, at: u64) -> MemberView {
        MemberView {
            name: member.name.clone(),
            written_at: member.line.to_string(),
            weight: member.weight,
            slow_start_step: member.slow_start,
            answer: member.answer.as_ref().map(AnswerView::of).unwrap_or_default(),
            admin: member.admin.to_string(),
            admin_why: member.will.clone(),
            eligible: member.eligibility.is_given(),
            reason: member.eligibility.to_string(),
            targets: member.targets.iter().map(|each| TargetView::of(each, at)).collect(),
        }
    }
}

/// What a member answers with: one of the two, or nothing.
#[derive(Debug, Default, Serialize)]
pub(super) struct AnswerView {
    address: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Vec<String>>,
}

impl AnswerView {
    /// Of what a member answers with.
    pub(super) fn of(answer: &MemberAnswer) -> AnswerView {
        match answer {
            MemberAnswer::Address(address) => AnswerView { address: Some(*address), data: None },
            MemberAnswer::Data(data) => AnswerView { address: None, data: Some(data.clone()) },
        }
    }
}
