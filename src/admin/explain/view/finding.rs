//! What is at the name as JSON: the chain that leads to it, who may see it, and what was found.

use serde::Serialize;

use crate::explain::{Access, Alias, Finding};
use crate::zone::record_type;

/// A followed alias.
#[derive(Debug, Serialize)]
pub(super) struct AliasView {
    owner: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    dname: Option<DnameView>,
    target: Option<String>,
    ttl: u32,
}

/// The DNAME that an alias was synthesised from.
#[derive(Debug, Serialize)]
struct DnameView {
    owner: String,
    target: String,
}

impl AliasView {
    /// Of a followed alias.
    pub(super) fn of(alias: &Alias) -> AliasView {
        let dname = alias.dname.as_ref();
        AliasView {
            owner: alias.owner.to_string(),
            dname: dname
                .map(|(owner, target)| DnameView { owner: owner.to_string(), target: target.to_string() }),
            target: alias.target.as_ref().map(ToString::to_string),
            ttl: alias.ttl,
        }
    }
}

/// What the access list of the zone says.
#[derive(Debug, Serialize)]
pub(super) struct AccessView {
    network: Option<String>,
    allowed: bool,
}

impl AccessView {
    /// Of what an access list says.
    pub(super) fn of(access: Access) -> AccessView {
        AccessView { network: access.network.map(|network| network.to_string()), allowed: access.allowed }
    }
}

/// What the zone says of the name.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum FindingView {
    NotOurZone,
    NotAllowed,
    ChainTooLong,
    Redirected,
    Rrset {
        #[serde(rename = "type")]
        rtype: String,
        ttl: u32,
        records: Vec<String>,
        wildcard: bool,
    },
    NoData {
        types: Vec<String>,
        wildcard: bool,
        ttl: u32,
    },
    NoName {
        ttl: u32,
    },
    Referral {
        cut: String,
        nameservers: Vec<String>,
    },
}

impl FindingView {
    /// Of what was found.
    pub(super) fn of(finding: &Finding) -> FindingView {
        match finding {
            Finding::NotOurZone => FindingView::NotOurZone,
            Finding::NotAllowed => FindingView::NotAllowed,
            Finding::ChainTooLong => FindingView::ChainTooLong,
            Finding::Redirected => FindingView::Redirected,
            Finding::Rrset { rtype, ttl, records, wildcard } => FindingView::Rrset {
                rtype: record_type::name(*rtype),
                ttl: *ttl,
                records: records.clone(),
                wildcard: *wildcard,
            },
            Finding::NoData { types, wildcard, ttl } => FindingView::NoData {
                types: types.iter().map(|&rtype| record_type::name(rtype)).collect(),
                wildcard: *wildcard,
                ttl: *ttl,
            },
            Finding::NoName { ttl } => FindingView::NoName { ttl: *ttl },
            Finding::Referral { cut, nameservers } => {
                FindingView::Referral { cut: cut.to_string(), nameservers: nameservers.clone() }
            }
        }
    }
}
