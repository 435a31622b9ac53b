//! Cookies: the table, and the file of secrets that it names.

use crate::config::limits;
use crate::config::spec::{CookiesSpec, cookie_secrets};
use crate::config::text::{Broken, Faults, Parsed, Written, quote};
use crate::config::workspace::Workspace;
use crate::snapshot::Cookies;
use crate::wire::cookie::ScheduledSecret;

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
    let require = cookies.require.unwrap_or_default();
    Ok(cookies.enabled.unwrap_or(true).then_some(Cookies { require, secrets }))
}

fn read_secrets(
    path: &Written<String>,
    workspace: &Workspace<'_>,
    faults: &Faults,
) -> Parsed<Vec<ScheduledSecret>> {
    let source = workspace.named_by(path, limits::COOKIE_SECRETS_OCTETS, faults)?;
    if workspace.is_readable_by_all(path) {
        let message = format!("everybody on this machine can read {}", quote(&source.path));
        let help = format!("`chmod o= {}`: who knows the secrets can make cookies", source.path);
        faults.add(path.place.warning(message).label("named here").help(help));
    }
    let secrets = cookie_secrets::read(&source, faults);
    // Without a secret there was a fault in the file.
    if secrets.is_empty() { Err(Broken) } else { Ok(secrets) }
}
