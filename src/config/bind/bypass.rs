//! Queries past the kernel: what the edge needs, and whether this binary can do it.

use crate::config::BypassSettings;
use crate::config::spec::BypassSpec;
use crate::config::text::{Faults, Written};

/// Whether this binary was built with it.
const BUILT_IN: bool = cfg!(feature = "bypass");

/// Binds `[server.bypass]`. A binary without it serves all the same, by its sockets, as it does where the kernel or the
/// rights are missing; it says so here, since the start can only repeat it.
pub(super) fn bind(spec: &Written<BypassSpec>, faults: &Faults) -> BypassSettings {
    if !BUILT_IN {
        warn_of_absence(spec, faults);
    }
    BypassSettings {
        interfaces: spec.interfaces.iter().map(|name| name.value.clone()).collect(),
        mode: spec.mode.unwrap_or_default(),
    }
}

fn warn_of_absence(spec: &Written<BypassSpec>, faults: &Faults) {
    let warning = spec.place.warning("this binary was built without kernel bypass: the sockets answer alone");
    faults.add(warning.help("build it with `--features bypass`, or remove this table"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::spec::MainSpec;
    use crate::fault::Source;

    #[test]
    fn a_binary_without_it_warns_where_it_is_asked_for() {
        let text = "[server]\nlisten = \"127.0.0.1:5300\"\n[server.bypass]\ninterfaces = \"eth0\"\n[zones]\nfolder = \"zones\"\n";
        let (source, faults) = (Source::new("meridian.toml", text), Faults::default());
        let spec = MainSpec::read(&source, &faults).server.unwrap().bypass.unwrap();
        assert_eq!(bind(&spec, &faults).interfaces, ["eth0"]);
        if BUILT_IN {
            assert!(faults.into_sorted(&source).is_empty());
        }
        let faults = Faults::default();
        warn_of_absence(&spec, &faults);
        let told: Vec<String> = faults.into_sorted(&source).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "meridian.toml:3:1: warning: this binary was built without kernel bypass: the sockets answer alone \
              (help: build it with `--features bypass`, or remove this table)"
            ]
        );
    }
}
