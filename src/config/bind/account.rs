//! `user` and `group`: names in the files, numbers of this machine.

use nix::unistd::{Group, User};

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
