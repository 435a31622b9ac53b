//! What a policy makes of the members that may be given: the variants, how likely each is, and who stands first.

use super::first_place::FirstPlace;

/// The answers a policy can give. Members are numbered from 0 in the order in which the policy got them: the fixed
/// order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Variants {
    /// Members of a variant; at least 1.
    pub(super) width: usize,
    /// The variants one after the other, `width` distinct members each. In an answer the list is rotated, so that
    /// the member that was drawn for the first place stands there.
    pub(super) lists: Vec<u16>,
    /// One weight a variant, none 0: its probability is its share of their sum.
    pub(super) weights: Vec<u32>,
    /// Who stands first, given the variant.
    pub(super) first: FirstPlace,
}
