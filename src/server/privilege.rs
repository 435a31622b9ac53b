//! What the process may do: less than it could when it was started.
//!
//! A server started as root binds its ports and becomes an ordinary user before it reads the first packet. Nothing brings
//! the rights back: not a call, and not a program with the set-user-id bit.

use nix::errno::Errno;
use nix::sys::prctl;
use nix::unistd::{
    Gid, ResGid, ResUid, Uid, geteuid, getresgid, getresuid, setegid, seteuid, setgroups, setresgid,
    setresuid,
};
use thiserror::Error;

use crate::config::Account;

/// Why the process could not become another user. A sentence for the operator.
#[derive(Debug, Error)]
pub enum PrivilegeError {
    /// Only root may.
    #[error("cannot become the user {user}: only root can; start as root, or leave `user` out of `[server]`")]
    NotRoot {
        /// The user as configured.
        user: String,
    },
    /// The system said something else.
    #[error("cannot become the user {user}: {step}: {error}")]
    Refused {
        /// The user as configured.
        user: String,
        /// What was tried.
        step: &'static str,
        /// What the system said.
        error: Errno,
    },
    /// The rights of before could be had again.
    #[error("cannot become the user {user} for good: the rights of before can be had again")]
    Regained {
        /// The user as configured.
        user: String,
    },
}

/// No program that this process starts gets more rights than it has (`PR_SET_NO_NEW_PRIVS`). It holds for the calling
/// thread and those that it starts: to be called before the first one.
pub fn forgo_new_privileges() {
    if let Err(error) = prctl::set_no_new_privs() {
        tracing::warn!(%error, "new privileges cannot be forgone");
    }
}

/// Whether the process is that user or root: told before anything is done for that user.
pub fn may_become_account(account: &Account) -> Result<(), PrivilegeError> {
    let (uid, gid) = ids(account);
    if geteuid().is_root() || is(uid, gid) {
        return Ok(());
    }
    Err(PrivilegeError::NotRoot { user: account.user.clone() })
}

/// Becomes an ordinary user for good: its user and group and no further group, in every thread; the kernel drops all
/// capabilities with that. Nothing happens when the process is that user already.
pub fn become_account(account: &Account) -> Result<(), PrivilegeError> {
    let (uid, gid) = ids(account);
    if is(uid, gid) {
        return Ok(());
    }
    let user = || account.user.clone();
    let refused = |step| move |error| PrivilegeError::Refused { user: user(), step, error };
    setgroups(&[gid]).map_err(refused("setgroups"))?;
    setresgid(gid, gid, gid).map_err(refused("setresgid"))?;
    setresuid(uid, uid, uid).map_err(refused("setresuid"))?;
    // Not even processes of the same user may look into the memory, where secrets lie.
    prctl::set_dumpable(false).map_err(refused("PR_SET_DUMPABLE"))?;
    let regained =
        seteuid(Uid::from_raw(0)).is_ok() || gid.as_raw() != 0 && setegid(Gid::from_raw(0)).is_ok();
    if regained || !is(uid, gid) {
        return Err(PrivilegeError::Regained { user: user() });
    }
    tracing::info!(user = account.user, uid = account.uid, gid = account.gid, "serving as an ordinary user");
    Ok(())
}

fn ids(account: &Account) -> (Uid, Gid) {
    (Uid::from_raw(account.uid), Gid::from_raw(account.gid))
}

/// Whether real, effective and saved ids are these.
fn is(uid: Uid, gid: Gid) -> bool {
    getresuid() == Ok(ResUid { real: uid, effective: uid, saved: uid })
        && getresgid() == Ok(ResGid { real: gid, effective: gid, saved: gid })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_becomes_somebody_else() {
        let account = Account { user: "somebody".into(), uid: u32::MAX - 9, gid: u32::MAX - 9 };
        let told = may_become_account(&account).map_err(|error| error.to_string());
        // The tests run as root or as anybody.
        if geteuid().is_root() {
            assert_eq!(told, Ok(()));
        } else {
            assert!(told.unwrap_err().contains("cannot become the user somebody: only root can"));
        }
    }

    #[test]
    fn whoever_is_that_user_already_stays_so() {
        let account = Account {
            user: "ourselves".into(),
            uid: nix::unistd::getuid().as_raw(),
            gid: nix::unistd::getgid().as_raw(),
        };
        assert!(become_account(&account).is_ok());
    }
}
