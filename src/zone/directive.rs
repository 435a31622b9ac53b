//! The directives of a master file: `$ORIGIN`, `$INCLUDE` (RFC 1035 §5.1), `$TTL` (RFC 2308 §4), and `$GENERATE`.

use std::sync::Arc;

use super::cursor::{append_unescaped, ends_with_origin_twice};
use super::faults::excerpt;
use super::generate;
use super::lexer::Token;
use super::master::{FileState, Reader};
use crate::fault::{Fault, Source};
use crate::wire::Name;

/// The most files that include each other.
const INCLUDE_DEPTH_MAX: usize = 10;
/// The most files that a zone includes, one counted as often as it is asked for.
const INCLUDED_MAX: usize = 1_000;

/// Carries out a directive of file number `file`; the first of its tokens begins with a dollar sign.
pub(super) fn read(reader: &mut Reader<'_>, state: &mut FileState<'_>, file: u16, tokens: &[Token]) {
    let (directive, arguments) = (&tokens[0], &tokens[1..]);
    match (state.text(directive).to_ascii_uppercase().as_slice(), arguments) {
        (b"$ORIGIN", [origin]) => {
            if let Some(origin) = parse_origin(reader, state, origin) {
                state.origin = origin;
            }
        }
        (b"$TTL", [ttl]) => reader.default_ttl = reader.parse_ttl(state, ttl).or(reader.default_ttl),
        (b"$INCLUDE", [path]) => {
            let origin = state.origin.clone();
            include(reader, state, path, origin);
        }
        (b"$INCLUDE", [path, origin]) => {
            if let Some(origin) = parse_origin(reader, state, origin) {
                include(reader, state, path, origin);
            }
        }
        (b"$ORIGIN", _) => {
            refuse(reader, state, (tokens, 1), "$ORIGIN has one argument: $ORIGIN example.com.");
        }
        (b"$TTL", _) => refuse(reader, state, (tokens, 1), "$TTL has one argument: $TTL 1h"),
        (b"$INCLUDE", _) => {
            refuse(reader, state, (tokens, 2), "$INCLUDE has one or two arguments: $INCLUDE file [origin]");
        }
        (b"$GENERATE", _) => generate::read(reader, state, file, tokens),
        _ => {
            let help = "directives are $ORIGIN, $TTL, $INCLUDE and $GENERATE; a name with a dollar sign begins with \\$";
            reader.fault(state, directive, "there is no such directive", help);
        }
    }
}

/// A wrong number of arguments: points at the first beyond `arguments_max`, or at the directive.
fn refuse(
    reader: &mut Reader<'_>,
    state: &FileState<'_>,
    (tokens, arguments_max): (&[Token], usize),
    usage: &str,
) {
    let (token, message) = match tokens.get(arguments_max + 1) {
        Some(surplus) => (surplus, "this is one argument too many"),
        None => (&tokens[0], "an argument is missing"),
    };
    reader.fault(state, token, message, usage);
}

fn parse_origin(reader: &mut Reader<'_>, state: &FileState<'_>, token: &Token) -> Option<Name> {
    let text = state.text(token);
    match Name::parse(text, Some(&state.origin)) {
        Ok(origin) => {
            if ends_with_origin_twice(text, origin.as_octets(), state.origin.as_octets()) {
                reader.warn_doubled_origin(state, token.span(), &origin);
            }
            Some(origin)
        }
        Err(error) => {
            let message = format!("this is not an origin: {error}");
            reader.faults.push(Fault::error(state.source, token.span(), message));
            None
        }
    }
}

fn include(reader: &mut Reader<'_>, state: &FileState<'_>, token: &Token, origin: Name) {
    let open: Vec<&FileState<'_>> = std::iter::successors(Some(state), |state| state.above).collect();
    if open.len() >= INCLUDE_DEPTH_MAX {
        let message = format!("files are included more than {INCLUDE_DEPTH_MAX} deep");
        return reader.fault(state, token, &message, "include the file from a file further up");
    }
    if reader.included >= INCLUDED_MAX {
        return reader.fault(
            state,
            token,
            "too many files are included",
            &format!("at most {INCLUDED_MAX} in all"),
        );
    }
    reader.included += 1;
    let Some(source) = open_file(reader, state, token) else { return };
    if open.iter().any(|above| above.source.path == source.path) {
        return reader.fault(
            state,
            token,
            "this file includes itself",
            "remove one of the directives that lead here",
        );
    }
    reader.read_file(FileState { source: &source, above: Some(state), origin, owner: state.owner });
}

/// Asks the caller for the file that the token names.
fn open_file(reader: &mut Reader<'_>, state: &FileState<'_>, token: &Token) -> Option<Arc<Source>> {
    let mut path = Vec::new();
    let unescaped = append_unescaped(state.text(token), &mut path);
    let (Ok(()), Ok(path)) = (unescaped, String::from_utf8(path)) else {
        reader.fault(state, token, "this is not a path", "write a path in UTF-8");
        return None;
    };
    match (reader.include)(&path) {
        Ok(source) => Some(source),
        Err(reason) => {
            let message = format!("{} cannot be included: {reason}", excerpt(path.as_bytes()));
            reader.faults.push(Fault::error(state.source, token.span(), message));
            None
        }
    }
}
