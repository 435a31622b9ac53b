//! Suggestions for misspelt words.

use crate::config::limits;

use super::faults::quote;

/// The candidate that `word` most likely means, if one is close: at most a third of its letters differ (a
/// transposition counts once), letter case aside.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length > limits::SUGGESTION_CHARACTERS {
        return None;
    }
    let word = word.to_lowercase();
    let allowed = (length / 3).max(1);
    candidates
        .into_iter()
        .take(limits::SUGGESTION_CANDIDATES)
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= 3 * allowed)
        .map(|candidate| (strsim::osa_distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|&(distance, candidate)| distance <= allowed && distance < candidate.chars().count())
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// The help for an unknown word: the closest candidate, else a list of all when it is short.
pub(crate) fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    /// Candidates that are listed when none is close.
    const LISTED: usize = 24;
    if let Some(found) = closest(word, candidates.clone()) {
        return Some(format!("did you mean {}?", quote(found)));
    }
    let listed: Vec<_> = candidates.into_iter().take(LISTED + 1).map(quote).collect();
    match listed.len() {
        0 => None,
        1..=LISTED => {
            Some(format!("there {}: {}", if listed.len() == 1 { "is" } else { "are" }, listed.join(", ")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_word_is_suggested_and_far_ones_are_not() {
        let keys = ["interval", "timeout", "rise", "fall", "site"];
        assert_eq!(closest("intervall", keys), Some("interval"));
        assert_eq!(closest("tiemout", keys), Some("timeout"));
        assert_eq!(closest("Rise", keys), Some("rise"));
        assert_eq!(closest("stie", keys), Some("site"));
        assert_eq!(closest("colour", keys), None);
        assert_eq!(closest("x", ["y"]), None);
        assert_eq!(closest(&"interval".repeat(50), keys), None);
    }

    #[test]
    fn a_short_list_is_shown_whole() {
        assert_eq!(did_you_mean("zzz", ["fra", "iad"]).unwrap(), "there are: `fra`, `iad`");
        assert_eq!(did_you_mean("zzz", []), None);
    }
}
