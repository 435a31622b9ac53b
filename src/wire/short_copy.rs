//! Copies of a few octets without a call.
//!
//! What an answer is put together from is short: a question, a record, an option. A call of the C library's copy costs more
//! than such a copy itself, because of what has to be saved around it.

/// Copies octets of which there mostly are 16 to 64, into room of the same length.
#[inline(always)]
pub(super) fn copy_short(from: &[u8], to: &mut [u8]) {
    if !copy_halves::<16>(from, to) && !copy_halves::<32>(from, to) {
        copy_long(from, to);
    }
}

/// Copies octets of which there mostly are 8 to 16, into room of the same length.
#[inline(always)]
pub(super) fn copy_tiny(from: &[u8], to: &mut [u8]) {
    if !copy_halves::<8>(from, to) {
        copy_long(from, to);
    }
}

/// Copies `HALF` octets from the front and as many up to the end, what lies in both twice: that is all of them where they are
/// at least as many and at most twice as many. Returns whether they are.
#[inline(always)]
fn copy_halves<const HALF: usize>(from: &[u8], to: &mut [u8]) -> bool {
    if from.len() > 2 * HALF || from.len() != to.len() {
        return false;
    }
    let (Some(from_front), Some(to_front)) = (from.first_chunk::<HALF>(), to.first_chunk_mut()) else {
        return false;
    };
    *to_front = *from_front;
    if let (Some(from_back), Some(to_back)) = (from.last_chunk::<HALF>(), to.last_chunk_mut()) {
        *to_back = *from_back;
    }
    true
}

/// Any copy, out of the way of the short ones.
#[cold]
#[inline(never)]
fn copy_long(from: &[u8], to: &mut [u8]) {
    to.copy_from_slice(from);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_of_each_length_are_copied_and_nothing_beside_them() {
        let from: Vec<u8> = (1..=200).collect();
        for length in 0..=from.len() {
            for copy in [copy_short, copy_tiny] {
                let mut room = vec![0; length + 2];
                copy(&from[..length], &mut room[1..=length]);
                assert_eq!(room[1..=length], from[..length]);
                assert_eq!((room[0], room[length + 1]), (0, 0), "{length}");
            }
        }
    }
}
