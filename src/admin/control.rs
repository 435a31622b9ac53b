//! What an operator asks a running server to do or to work out: `POST /control` on the control socket, and nowhere else.
//!
//! One variant for each command. The program at the other end is this one (`cli::control`): both share the types.

use serde::{Deserialize, Serialize};

use super::{explain, plan};

/// The largest request that is read, in octets.
pub const REQUEST_MAX: usize = 64 * 1024;

/// A request, as JSON: `{"command": "resume", "pool": "web-fra", "member": "fra-1"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Gives out a member again that is up and awaits it (`manual_resume`).
    Resume {
        /// The name of its pool.
        pool: String,
        /// Its name.
        member: String,
    },
    /// Accepts that the suspect members are down (`panic`).
    PanicAccept {
        /// The name of their pool; all pools without one.
        #[serde(default)]
        pool: Option<String>,
    },
    /// Says what a client would get now, and why.
    Explain(explain::Request),
    /// Says what other files would change for clients.
    Plan(plan::Request),
    /// Takes geo databases that are held back, however many clients they move.
    AcceptGeo {
        /// The path of one, as configured; none: all that are held back.
        database: Option<String>,
    },
}

/// A ready answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// As HTTP names it.
    pub(super) content_type: &'static str,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// A text for people, ended by a line feed.
    pub fn text(text: String) -> Reply {
        Reply { content_type: "text/plain; charset=utf-8", body: text.into_bytes() }
    }

    /// JSON that is written already.
    pub fn written_json(json: String) -> Reply {
        Reply { content_type: "application/json", body: json.into_bytes() }
    }

    /// A value for programs. A value that cannot be written as JSON is told as the request's error.
    pub fn json(value: &impl Serialize) -> Result<Reply, String> {
        let body = serde_json::to_vec(value).map_err(|error| error.to_string())?;
        Ok(Reply { content_type: "application/json", body })
    }
}

/// Reads a request; the error says what is wrong with it.
pub(super) fn read(body: &[u8]) -> Result<Request, String> {
    serde_json::from_slice(body)
        .map_err(|error| format!("this is no request that this version knows: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_what_it_says_and_nothing_beside() {
        let resume = Request::Resume { pool: "web".to_owned(), member: "a".to_owned() };
        let text = r#"{"command":"resume","pool":"web","member":"a"}"#;
        assert_eq!(serde_json::to_string(&resume).unwrap(), text);
        assert_eq!(read(text.as_bytes()), Ok(resume));
        for wrong in
            ["", "{}", r#"{"command":"resum"}"#, r#"{"command":"resume","pool":"web"}"#, "[1]", "\u{0}"]
        {
            assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(read(br#"{"command":"resume","pool":"web","member":"a","force":true}"#).is_err());
    }
}
