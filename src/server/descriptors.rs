//! File descriptors: how many connections they allow.

use std::io;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// The part of the descriptors that TCP leaves to everything else (probes, files, sockets): one over this …
const OTHERS_SHARE: u64 = 2;
/// … and no more than this: the prober's bound, and some.
const OTHERS_MAX: u64 = 4096 + 512;

/// How many of `wanted` TCP connections the descriptors allow, at least one. The soft limit, low for the sake of old
/// programs, is raised as far as the hard one allows; a warning tells when that is not enough.
pub(super) fn connections(wanted: usize) -> usize {
    match raise_limit(wanted as u64 + OTHERS_MAX) {
        Ok(limit) => {
            let allowed = usize::try_from(allowed_by(limit)).unwrap_or(usize::MAX);
            if allowed < wanted {
                tracing::warn!(
                    limit,
                    wanted,
                    allowed,
                    "few descriptors: fewer TCP connections at once than configured; raise the limit (LimitNOFILE, `ulimit -n`)"
                );
            }
            wanted.min(allowed)
        }
        Err(error) => {
            tracing::warn!(%error, "the limit of descriptors cannot be read or raised");
            wanted
        }
    }
}

fn allowed_by(limit: u64) -> u64 {
    limit.saturating_sub((limit / OTHERS_SHARE).min(OTHERS_MAX)).max(1)
}

/// Raises the soft limit to `wanted` or as far as may be; what it is then.
fn raise_limit(wanted: u64) -> io::Result<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let raised = wanted.min(hard);
    if raised <= soft {
        return Ok(soft);
    }
    setrlimit(Resource::RLIMIT_NOFILE, raised, hard)?;
    Ok(raised)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_few_descriptors_and_most_of_many_are_for_connections() {
        for (limit, allowed) in [(1, 1), (96, 48), (1024, 512), (9216, 4608), (65_536, 60_928)] {
            assert_eq!(allowed_by(limit), allowed, "{limit}");
        }
    }

    #[test]
    fn the_limit_is_never_lowered() {
        let before = raise_limit(0).unwrap();
        assert_eq!(raise_limit(before).unwrap(), before);
        assert_eq!(connections(1), 1);
    }
}
