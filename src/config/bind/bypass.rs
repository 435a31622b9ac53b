//! Queries past the kernel: what the edge needs, and whether this binary can do it.

use crate::config::BypassSettings;
use crate::config::spec::BypassSpec;
use crate::config::text::{Faults, Written};

/// Binds `[server.bypass]`. A binary without it serves all the same, by its sockets, as it does where the kernel or the
/// rights are missing; it says so here, since the start can only repeat it.
pub(super) fn bind(spec: &Written<BypassSpec>, faults: &Faults) -> BypassSettings {
    if !cfg!(feature = "bypass") {
        let warning =
            spec.place.warning("this binary was built without kernel bypass: the sockets answer alone");
        faults.add(warning.help("build it with `--features bypass`, or remove this table"));
    }
    BypassSettings {
        interfaces: spec.interfaces.iter().map(|name| name.value.clone()).collect(),
        mode: spec.mode.unwrap_or_default(),
    }
}
