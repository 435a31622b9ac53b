//! Domain names as octets.

use std::fmt;

/// The largest name (RFC 1035 §2.3.4).
const LENGTH_MAX: usize = 255;
/// The largest label.
const LABEL_MAX: usize = 63;

/// A name as its labels, the case kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Name {
    labels: Vec<Vec<u8>>,
}

impl Name {
    /// A name of labels, unless that is none.
    pub fn of(labels: Vec<Vec<u8>>) -> Option<Name> {
        let fits = labels.iter().all(|label| (1..=LABEL_MAX).contains(&label.len()));
        let name = Name { labels };
        (fits && name.length() <= LENGTH_MAX).then_some(name)
    }

    /// A name in presentation form without escapes.
    pub fn plain(text: &str) -> Name {
        let labels = text.split('.').filter(|label| !label.is_empty()).map(|label| label.as_bytes().to_vec());
        Name::of(labels.collect()).expect("a name of a test is a name")
    }

    pub fn labels(&self) -> &[Vec<u8>] {
        &self.labels
    }

    fn length(&self) -> usize {
        1 + self.labels.iter().map(|label| label.len() + 1).sum::<usize>()
    }

    pub fn octets(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(self.length());
        for label in &self.labels {
            octets.push(label.len() as u8);
            octets.extend(label);
        }
        octets.push(0);
        octets
    }

    /// With a label in front, if it fits.
    pub fn below(&self, label: &[u8]) -> Option<Name> {
        Name::of([&[label.to_vec()], self.labels.as_slice()].concat())
    }

    /// Without its first `count` labels.
    pub fn above(&self, count: usize) -> Name {
        Name { labels: self.labels[count.min(self.labels.len())..].to_vec() }
    }

    pub fn lower(&self) -> Name {
        Name { labels: self.labels.iter().map(|label| label.to_ascii_lowercase()).collect() }
    }

    /// Whether it is `other` or below it, whatever the case.
    pub fn is_within(&self, other: &Name) -> bool {
        let Some(skipped) = self.labels.len().checked_sub(other.labels.len()) else { return false };
        self.labels[skipped..].iter().zip(&other.labels).all(|(own, other)| own.eq_ignore_ascii_case(other))
    }
}

impl fmt::Display for Name {
    /// Presentation form (RFC 1035 §5.1), as dig reads it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.labels.is_empty() {
            return formatter.write_str(".");
        }
        for label in &self.labels {
            for &octet in label {
                match octet {
                    b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => {
                        write!(formatter, "\\{}", octet as char)?;
                    }
                    0x21..=0x7e => write!(formatter, "{}", octet as char)?,
                    _ => write!(formatter, "\\{octet:03}")?,
                }
            }
            formatter.write_str(".")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_limits() {
        assert!(Name::of(vec![vec![b'a'; 64]]).is_none());
        assert!(Name::of(vec![Vec::new()]).is_none());
        let longest = Name::of(vec![vec![b'a'; 63], vec![b'b'; 63], vec![b'c'; 63], vec![b'd'; 61]]).unwrap();
        assert_eq!(longest.octets().len(), 255);
        assert!(longest.below(b"x").is_none());
        assert_eq!(longest.above(9), Name::default());
    }

    #[test]
    fn names_print_as_dig_reads_them() {
        let name = Name::of(vec![b"a.\x00 B".to_vec(), b"c".to_vec()]).unwrap();
        assert_eq!(name.to_string(), "a\\.\\000\\032B.c.");
        assert_eq!(Name::default().to_string(), ".");
        assert!(name.is_within(&Name::plain("C")) && !name.is_within(&Name::plain("b.c")));
    }
}
