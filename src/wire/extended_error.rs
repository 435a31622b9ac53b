//! Extended DNS errors (RFC 8914): a code and a sentence for whoever reads the answer.

/// INFO-CODEs (IANA extended DNS error codes).
pub mod info_code {
    /// None of the others; the text says it.
    pub const OTHER: u16 = 0;
    /// The query's source is not allowed.
    pub const PROHIBITED: u16 = 18;
    /// The server has no authority over the name.
    pub const NOT_AUTHORITATIVE: u16 = 20;
    /// The operation or query is not supported.
    pub const NOT_SUPPORTED: u16 = 21;
}

/// What an answer says beside its response code. The text is ASCII, so that it can be cut anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtendedError {
    /// INFO-CODE.
    pub code: u16,
    /// EXTRA-TEXT, without an end mark.
    pub text: &'static str,
}

impl ExtendedError {
    /// One that no code but 0 fits.
    pub const fn other(text: &'static str) -> ExtendedError {
        ExtendedError { code: info_code::OTHER, text }
    }

    /// Something that this server does not do.
    pub const fn not_supported(text: &'static str) -> ExtendedError {
        ExtendedError { code: info_code::NOT_SUPPORTED, text }
    }
}
