//! `meridian resume`: gives out a member again that is up and awaits it.

use super::control::{Socket, send_and_print};
use crate::admin::control::Request;

/// Give out a member again that is up and awaits it
///
/// In a pool with `manual_resume = true` a member that went down stays out until somebody says here that it may come back.
/// A member that is still down is not resumed.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which one, such as web-fra/fra-1
    #[arg(value_name = "POOL/MEMBER", value_parser = pool_and_member)]
    member: (String, String),
    #[command(flatten)]
    socket: Socket,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let (pool, member) = arguments.member.clone();
    send_and_print(&arguments.socket, &Request::Resume { pool, member })
}

/// Names hold no slash (`config::text`), so the only one is between them.
fn pool_and_member(text: &str) -> Result<(String, String), String> {
    match text.split_once('/') {
        Some((pool, member)) if !pool.is_empty() && !member.is_empty() => {
            Ok((pool.to_owned(), member.to_owned()))
        }
        _ => Err("write POOL/MEMBER, such as web-fra/fra-1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_named_with_its_pool() {
        assert_eq!(pool_and_member("web/a"), Ok(("web".to_owned(), "a".to_owned())));
        for wrong in ["", "web", "/", "web/", "/a"] {
            assert!(pool_and_member(wrong).is_err(), "{wrong:?}");
        }
    }
}
