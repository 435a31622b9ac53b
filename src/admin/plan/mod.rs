//! `plan`, of files and of a running server alike: what is asked, and the comparison as a view.
//!
//! Both ways come through `Request::compare`; they differ in the generations that they bring.

mod view;

pub use view::{
    CountedView, DatabaseView, DifferencesView, FactsView, FlowView, GateView, GroupView, LineView,
    MovedView, NameView, NetworkView, OneSidedView, PartView, ShareView, SlotsView, ThingView, View,
    ZoneView,
};

use serde::{Deserialize, Serialize};

use crate::explain::plan::{self, Options, Weighing};
use crate::snapshot::{Limit, Snapshot};

/// What a running server is asked to compare itself with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The main file of the new side: an absolute path.
    pub main: String,
    /// A database that takes the place of a configured one: the configured path, and an absolute path to its octets.
    pub replace: Option<(String, String)>,
    /// A file of weights: an absolute path.
    pub weights: Option<String>,
    /// How it is compared.
    #[serde(flatten)]
    pub terms: Terms,
}

/// How a comparison is made and judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The largest change that is accepted: `2 %` or `1/50`.
    pub max_change: Option<String>,
    /// How many networks, countries and autonomous systems are told of each group.
    pub top: usize,
}

impl Terms {
    /// Compares two generations. The error says what is wrong with the terms.
    pub fn compare(&self, old: &Snapshot, new: &Snapshot, weighing: Weighing) -> Result<View, String> {
        let limit = self.max_change.as_deref().map(str::parse::<Limit>).transpose();
        let limit = limit.map_err(|error| format!("the largest change: {error}"))?;
        let options = Options { weighing, top: self.top };
        Ok(View::of(&plan::compare(old, new, &options), &options, limit))
    }
}
