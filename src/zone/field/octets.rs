//! The two ends of printing: octets taken off the front of a record's data, and words put onto a line.

use std::fmt::{Display, Write};

use crate::wire::Name;

/// What is left of a record's data.
#[derive(Debug, Clone, Copy)]
pub(in crate::zone) struct Octets<'d>(&'d [u8]);

impl<'d> Octets<'d> {
    /// All of a record's data.
    pub(in crate::zone) fn new(rdata: &'d [u8]) -> Octets<'d> {
        Octets(rdata)
    }

    /// Whether nothing is left.
    pub(in crate::zone) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a number of octets; `None` where there are fewer, here and below.
    pub(in crate::zone) fn take(&mut self, count: usize) -> Option<&'d [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// Takes all that is left.
    pub(in crate::zone) fn all(&mut self) -> &'d [u8] {
        std::mem::take(&mut self.0)
    }

    /// Takes `N` octets.
    pub(in crate::zone) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// Takes one octet.
    pub(in crate::zone) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    /// Takes a number of 16 bits.
    pub(in crate::zone) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// Takes a number of 32 bits.
    pub(in crate::zone) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Takes a length of one octet and what it counts.
    pub(in crate::zone) fn string(&mut self) -> Option<&'d [u8]> {
        let length = self.u8()?;
        self.take(usize::from(length))
    }

    /// Takes a name that is not compressed.
    pub(in crate::zone) fn name(&mut self) -> Option<Name> {
        Name::from_wire(self.take(name_width(self.0))?).ok()
    }
}

/// The octets of the uncompressed name at the front of `rest`; more than there are where it does not end.
pub(super) fn name_width(rest: &[u8]) -> usize {
    let mut at = 0;
    while let Some(&length @ 1..) = rest.get(at) {
        at += 1 + usize::from(length);
    }
    at + 1
}

/// A line that words are put onto, one blank between two.
#[derive(Debug, Default)]
pub(in crate::zone) struct Words(String);

impl Words {
    /// Adds a word.
    pub(in crate::zone) fn push(&mut self, word: impl Display) {
        let blank = if self.0.is_empty() { "" } else { " " };
        write!(self.0, "{blank}{word}").expect("a String takes all text");
    }

    /// The line.
    pub(in crate::zone) fn into_line(self) -> String {
        self.0
    }
}
