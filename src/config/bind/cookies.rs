//! Cookies: the table, and the file of secrets that it names.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::config::limits;
use crate::config::spec::{CookiesSpec, cookie_secrets};
use crate::config::text::{Broken, Faults, Parsed, Written, quote};
use crate::config::workspace::Workspace;
use crate::snapshot::Cookies;
use crate::wire::cookie::ScheduledSecret;

/// How long a secret may be in use, in seconds: 36 days (RFC 7873 §7.1).
const SECRET_AGE_MAX: u64 = 36 * 86_400;

/// Binds `[server.cookies]`; `None` where cookies are off. The file is read anew at every load.
pub(super) fn bind(
    cookies: &CookiesSpec,
    workspace: &Workspace<'_>,
    faults: &Faults,
) -> Parsed<Option<Cookies>> {
    let path = cookies.secrets.as_ref().map_err(|&broken| broken)?;
    let secrets = match path {
        Some(path) => read_secrets(path, workspace, faults)?,
        None => Vec::new(),
    };
    if !cookies.enabled.unwrap_or(true) {
        return Ok(None);
    }
    if let Some(last) = secrets.last() {
        warn_of_age(last, faults);
    }
    let require = cookies.require.as_ref().map_or_else(Default::default, |require| require.value);
    Ok(Some(Cookies { require, secrets: secrets.into_iter().map(|secret| secret.value).collect() }))
}

fn read_secrets(
    path: &Written<String>,
    workspace: &Workspace<'_>,
    faults: &Faults,
) -> Parsed<Vec<Written<ScheduledSecret>>> {
    let source = workspace.named_by(path, limits::COOKIE_SECRETS_OCTETS, faults)?;
    if workspace.is_readable_by_all(path) {
        let message = format!("everybody on this machine can read {}", quote(&source.path));
        let help = format!(
            "`chown root:meridian {0}` and `chmod 0640 {0}`, where the server runs as `meridian`: \
             who knows the secrets can make cookies",
            source.path
        );
        faults.add(path.place.warning(message).label("named here").help(help));
    }
    let secrets = cookie_secrets::read(&source, faults);
    // Without a secret there was a fault in the file.
    if secrets.is_empty() { Err(Broken) } else { Ok(secrets) }
}

/// After its last moment the last secret stays in use, for ever where nobody brings a new file.
fn warn_of_age(last: &Written<ScheduledSecret>, faults: &Faults) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    if now.saturating_sub(last.from.into()) > SECRET_AGE_MAX {
        let warning = last.place.warning("the last secret has been in use for more than 36 days");
        faults.add(warning.label("since then").help(
            "append new ones, `meridian cookie-secrets >> FILE`, on all servers of the set (RFC 7873 §7.1)",
        ));
    }
}
