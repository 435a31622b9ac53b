//! Texts of somebody else (certificates, errors of libraries) that go into a reason.

/// The longest text of somebody else (a certificate's names, an error) that goes into a reason, in characters.
const MAX_FOREIGN_TEXT: usize = 120;

/// A text of somebody else, made safe for one line of a log and cut to a bounded length.
pub(super) fn foreign(text: &str) -> String {
    let mut safe = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == MAX_FOREIGN_TEXT {
            safe.push('…');
            break;
        }
        if character.is_control() { safe.extend(character.escape_default()) } else { safe.push(character) }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_cut() {
        assert_eq!(foreign(&"ä".repeat(1000)).chars().count(), MAX_FOREIGN_TEXT + 1);
    }
}
