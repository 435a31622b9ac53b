//! Domain names as octets (RFC 1035 §3.1): uncompressed, ending in the root label, at most 255 octets.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use thiserror::Error;

/// The longest name in octets, root label included (RFC 1035 §2.3.4).
pub const NAME_MAX: usize = 255;
/// The longest label in octets (RFC 1035 §2.3.4).
pub const LABEL_MAX: usize = 63;
/// The most labels a name can have, the root label not counted.
pub const LABELS_MAX: usize = 127;

/// Why a text or some octets are not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NameError {
    /// Two dots in a row, a leading dot, or no text at all.
    #[error("a label is empty")]
    EmptyLabel,
    /// A label is longer than [`LABEL_MAX`].
    #[error("a label is longer than 63 octets")]
    LabelTooLong,
    /// The whole is longer than [`NAME_MAX`].
    #[error("the name is longer than 255 octets")]
    NameTooLong,
    /// A backslash that no three digits (000 to 255) and no other character follow.
    #[error("a backslash must be followed by three digits up to 255 or by a character")]
    BadEscape,
    /// The name has no final dot and there is no origin to complete it.
    #[error("the name is relative and there is no origin")]
    NoOrigin,
    /// Octets that do not end in a root label, or that hold a compression pointer.
    #[error("the octets are not one uncompressed name")]
    NotAName,
}

/// An absolute domain name that owns its octets. The case is kept; comparison and hashing ignore it (RFC 4343).
///
/// Invariant: `octets` is one uncompressed name of at most 255 octets.
#[derive(Clone)]
pub struct Name {
    octets: Box<[u8]>,
}

impl Name {
    /// The root name.
    pub fn root() -> Name {
        Name { octets: Box::new([0]) }
    }

    /// A name from its uncompressed wire form; nothing may follow the root label.
    pub fn from_wire(octets: &[u8]) -> Result<Name, NameError> {
        let mut at = 0;
        loop {
            match octets.get(at) {
                _ if at >= NAME_MAX => return Err(NameError::NameTooLong),
                Some(0) if at + 1 == octets.len() => return Ok(Name { octets: octets.into() }),
                Some(&length @ 1..=63) => at += 1 + usize::from(length),
                _ => return Err(NameError::NotAName),
            }
        }
    }

    /// A name from its presentation form (RFC 1035 §5.1, with `\DDD` and `\X`). `@` alone is the origin; a text
    /// without a final dot is completed by it.
    pub fn parse(text: &[u8], origin: Option<&Name>) -> Result<Name, NameError> {
        let mut octets = Vec::with_capacity(text.len() + 2);
        append_parsed(text, origin.map(Name::as_octets), &mut octets)?;
        Ok(Name { octets: octets.into() })
    }

    /// The uncompressed wire form, root label included.
    pub fn as_octets(&self) -> &[u8] {
        &self.octets
    }

    /// The labels from left to right, without the root label.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest: &[u8] = &self.octets;
        std::iter::from_fn(move || {
            let length = usize::from(rest[0]);
            if length == 0 {
                return None;
            }
            let (label, tail) = rest[1..].split_at(length);
            rest = tail;
            Some(label)
        })
    }

    /// The number of labels, the root label not counted.
    pub fn label_count(&self) -> usize {
        self.labels().count()
    }

    /// The name without its first label; `None` for the root.
    pub fn parent(&self) -> Option<Name> {
        let length = usize::from(self.octets[0]);
        (length != 0).then(|| Name { octets: self.octets[1 + length..].into() })
    }

    /// Whether this is `ancestor` or a name below it.
    pub fn is_within(&self, ancestor: &Name) -> bool {
        let Some(extra) = self.octets.len().checked_sub(ancestor.octets.len()) else { return false };
        self.octets[extra..].eq_ignore_ascii_case(&ancestor.octets) && self.is_label_start(extra)
    }

    /// Whether the first label is `*` (RFC 4592 §2.1.1).
    pub fn is_wildcard(&self) -> bool {
        self.octets.starts_with(b"\x01*")
    }

    /// The same name in lower case.
    #[must_use]
    pub fn to_lowercase(&self) -> Name {
        Name { octets: self.octets.to_ascii_lowercase().into() }
    }

    /// `label` below this name.
    pub fn child(&self, label: &[u8]) -> Result<Name, NameError> {
        if label.is_empty() {
            return Err(NameError::EmptyLabel);
        }
        if label.len() > LABEL_MAX {
            return Err(NameError::LabelTooLong);
        }
        let mut octets = Vec::with_capacity(1 + label.len() + self.octets.len());
        octets.push(label.len() as u8);
        octets.extend_from_slice(label);
        octets.extend_from_slice(&self.octets);
        if octets.len() > NAME_MAX {
            return Err(NameError::NameTooLong);
        }
        Ok(Name { octets: octets.into() })
    }

    fn is_label_start(&self, offset: usize) -> bool {
        let mut at = 0;
        while at < offset {
            at += 1 + usize::from(self.octets[at]);
        }
        at == offset
    }
}

/// [`Name::parse`] without an allocation of its own: appends the wire form to `octets`. `origin` is a whole name in
/// wire form. After an error `octets` may hold a part of the name.
pub fn append_parsed(text: &[u8], origin: Option<&[u8]>, octets: &mut Vec<u8>) -> Result<(), NameError> {
    if text == b"@" {
        octets.extend_from_slice(origin.ok_or(NameError::NoOrigin)?);
        return Ok(());
    }
    if text == b"." {
        octets.push(0);
        return Ok(());
    }
    let start = octets.len();
    if !append_labels(text, octets)? {
        octets.extend_from_slice(origin.ok_or(NameError::NoOrigin)?);
    }
    if octets.len() - start > NAME_MAX {
        return Err(NameError::NameTooLong);
    }
    Ok(())
}

/// Appends the labels of `text`, and the root label where it ends in a dot; tells whether it did.
fn append_labels(text: &[u8], octets: &mut Vec<u8>) -> Result<bool, NameError> {
    let mut length_at = octets.len();
    octets.push(0);
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'.' => {
                close_label(octets, length_at)?;
                length_at = octets.len();
                octets.push(0);
                if rest.is_empty() {
                    return Ok(true);
                }
            }
            b'\\' => {
                let (octet, tail) = unescape(rest)?;
                octets.push(octet);
                rest = tail;
            }
            octet => octets.push(octet),
        }
    }
    close_label(octets, length_at)?;
    Ok(false)
}

/// Ends the label whose length octet stands at `length_at`.
fn close_label(octets: &mut [u8], length_at: usize) -> Result<(), NameError> {
    match octets.len() - length_at - 1 {
        0 => Err(NameError::EmptyLabel),
        length @ 1..=LABEL_MAX => {
            octets[length_at] = length as u8;
            Ok(())
        }
        _ => Err(NameError::LabelTooLong),
    }
}

/// The octet that an escape stands for, and what follows it; `text` begins after the backslash.
pub fn unescape(text: &[u8]) -> Result<(u8, &[u8]), NameError> {
    match text {
        [hundreds @ b'0'..=b'9', tens @ b'0'..=b'9', ones @ b'0'..=b'9', rest @ ..] => {
            let digit = |octet: &u8| u16::from(octet - b'0');
            let value = digit(hundreds) * 100 + digit(tens) * 10 + digit(ones);
            let octet = u8::try_from(value).map_err(|_| NameError::BadEscape)?;
            Ok((octet, rest))
        }
        [b'0'..=b'9', ..] | [] => Err(NameError::BadEscape),
        [octet, rest @ ..] => Ok((*octet, rest)),
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        // Length octets are below 'A', so folding the case of the whole never confuses them.
        self.octets.eq_ignore_ascii_case(&other.octets)
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for octet in &self.octets {
            state.write_u8(octet.to_ascii_lowercase());
        }
    }
}

/// Canonical order (RFC 4034 §6.1): by labels from the right, without case.
impl Ord for Name {
    fn cmp(&self, other: &Name) -> Ordering {
        let ours: Vec<Vec<u8>> = self.labels().map(<[u8]>::to_ascii_lowercase).collect();
        let theirs: Vec<Vec<u8>> = other.labels().map(<[u8]>::to_ascii_lowercase).collect();
        ours.iter().rev().cmp(theirs.iter().rev())
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Name) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Presentation form with a final dot; octets that are not printable, and the special ones, escaped.
impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.octets.len() == 1 {
            return formatter.write_str(".");
        }
        for label in self.labels() {
            for &octet in label {
                match octet {
                    b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => {
                        write!(formatter, "\\{}", char::from(octet))?;
                    }
                    b'!'..=b'~' => write!(formatter, "{}", char::from(octet))?,
                    _ => write!(formatter, "\\{octet:03}")?,
                }
            }
            formatter.write_str(".")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::parse(text.as_bytes(), Some(&Name::root())).unwrap()
    }

    #[test]
    fn parse_and_display_round_trip() {
        for text in [".", "example.com.", "a\\.b.example.", "\\000\\255x.example.", "*.w.example."] {
            assert_eq!(name(text).to_string(), text);
        }
        assert_eq!(Name::parse(b"www", Some(&name("example.com."))).unwrap(), name("WWW.Example.COM."));
        assert_eq!(Name::parse(b"@", Some(&name("example.com."))).unwrap(), name("example.com."));
    }

    #[test]
    fn faults_are_told_apart() {
        let fault = |text: &str| Name::parse(text.as_bytes(), None).unwrap_err();
        assert_eq!(fault("a..b."), NameError::EmptyLabel);
        assert_eq!(fault(".a."), NameError::EmptyLabel);
        assert_eq!(fault(""), NameError::EmptyLabel);
        assert_eq!(fault("a"), NameError::NoOrigin);
        assert_eq!(fault("\\25"), NameError::BadEscape);
        assert_eq!(fault("\\256."), NameError::BadEscape);
        assert_eq!(fault(&format!("{}.", "x".repeat(64))), NameError::LabelTooLong);
        assert_eq!(fault(&"abcdefg.".repeat(32)), NameError::NameTooLong);
        assert_eq!(Name::parse("abcdefg.".repeat(31).as_bytes(), None).unwrap().as_octets().len(), 249);
    }

    #[test]
    fn within_needs_a_label_boundary() {
        assert!(name("a.example.").is_within(&name("EXAMPLE.")));
        assert!(name("example.").is_within(&name(".")));
        assert!(!name("aexample.").is_within(&name("example.")));
        assert!(!name("\\007example.").is_within(&name("example.")));
    }

    #[test]
    fn canonical_order_is_that_of_rfc4034_section_6_1() {
        let sorted = [
            "example.",
            "a.example.",
            "yljkjljk.a.example.",
            "Z.a.example.",
            "zABC.a.EXAMPLE.",
            "z.example.",
        ];
        for pair in sorted.windows(2) {
            assert!(name(pair[0]) < name(pair[1]), "{pair:?}");
        }
    }
}
