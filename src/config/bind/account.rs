//! `user` and `group`: names in the files, numbers of this machine; and who this process is.

use nix::unistd::{Group, User, getegid, geteuid};

use crate::config::Account;
use crate::config::spec::ServerSpec;
use crate::config::text::{Broken, Faults, Parsed, Written, quote};

/// Looks the account up that the server is to become; its group is the user's own unless one is named.
pub(super) fn bind(server: &ServerSpec, faults: &Faults) -> Parsed<Option<Account>> {
    let (user, group) = (server.user.as_ref(), server.group.as_ref());
    let found = (user.map(|name| find_user(name, faults)), group.map(|name| find_group(name, faults)));
    match found {
        (None, None) => Ok(None),
        (Some(user), None) => user.map(Some),
        (Some(user), Some(group)) => Ok(Some(Account { gid: group?, ..user? })),
        (None, Some(group)) => {
            if let (Some(name), Ok(_)) = (server.group.as_ref(), group) {
                let fault = name.place.error("`group` has no effect without `user`").label("for nobody");
                faults.add(fault.help("add `user = \"meridian\"`, or remove `group`"));
            }
            Err(Broken)
        }
    }
}

/// The way out where the system lets this process not read `shown`: who it is, and who must be let in.
pub(in crate::config) fn help_to_read(shown: &str) -> String {
    let (uid, gid) = (geteuid(), getegid());
    let name = |found: nix::Result<Option<String>>| found.ok().flatten();
    let user = name(User::from_uid(uid).map(|user| Some(user?.name)));
    let group = name(Group::from_gid(gid).map(|group| Some(group?.name)));
    let user = user.unwrap_or_else(|| format!("the user number {uid}"));
    let group = group.unwrap_or_else(|| gid.to_string());
    format!(
        "this runs as {user}, and the server must be able to read it as its own user: \
         `chown root:{group} {shown}` and `chmod 0640 {shown}` (0750 for a folder) let {user} read it"
    )
}

/// Whether a name is a number: other programs take those, and mean the user or group of that number.
fn is_number(name: &str) -> bool {
    name.bytes().all(|octet| octet.is_ascii_digit())
}

fn find_user(name: &Written<String>, faults: &Faults) -> Parsed<Account> {
    let fault = match User::from_name(name) {
        Ok(Some(user)) if user.uid.is_root() => name
            .place
            .error("the server would keep every right as root")
            .label("no ordinary user")
            .help("name an ordinary user, or leave `user` out"),
        Ok(Some(user)) => {
            return Ok(Account { user: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw() });
        }
        Ok(None) if is_number(name) => name
            .place
            .error(format!("there is no user with the name {} here", quote(name)))
            .label("a number")
            .help("write the user's name: `getent passwd NUMBER` tells it"),
        Ok(None) => {
            name.place.error(format!("there is no user {} here", quote(name))).label("unknown user").help(
                format!("make it: `useradd --system --user-group --shell /usr/sbin/nologin {}`", name.value),
            )
        }
        Err(error) => {
            name.place.error(format!("the user {} cannot be looked up: {error}", quote(name))).label("here")
        }
    };
    faults.add(fault);
    Err(Broken)
}

fn find_group(name: &Written<String>, faults: &Faults) -> Parsed<u32> {
    let fault = match Group::from_name(name) {
        Ok(Some(group)) => return Ok(group.gid.as_raw()),
        Ok(None) if is_number(name) => name
            .place
            .error(format!("there is no group with the name {} here", quote(name)))
            .label("a number")
            .help("write the group's name: `getent group NUMBER` tells it"),
        Ok(None) => name
            .place
            .error(format!("there is no group {} here", quote(name)))
            .label("unknown group")
            .help("leave `group` out for the user's own group"),
        Err(error) => {
            name.place.error(format!("the group {} cannot be looked up: {error}", quote(name))).label("here")
        }
    };
    faults.add(fault);
    Err(Broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_may_not_read_a_file_is_named() {
        let user = User::from_uid(geteuid()).ok().flatten().map(|user| user.name);
        let user = user.unwrap_or_else(|| format!("the user number {}", geteuid()));
        let help = help_to_read("cookie-secrets");
        assert!(help.starts_with(&format!("this runs as {user}, and the server must")), "{help}");
        assert!(help.contains("`chmod 0640 cookie-secrets`"), "{help}");
    }
}
