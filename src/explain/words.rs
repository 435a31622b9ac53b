//! Words for people, the same in `explain`, `status`, `check` and reports.

use crate::steer::Reason;

/// What a named state means, as a sentence without a full stop.
pub fn reason_sentence(reason: Reason) -> &'static str {
    match reason {
        Reason::Healthy => "the first healthy candidate answers",
        Reason::Degraded => {
            "no candidate is healthy; the first degraded one answers with its eligible members"
        }
        Reason::Suspect => {
            "no candidate has an eligible member; the first one answers with those that are only suspect: more have failed than its panic limit allows"
        }
        Reason::AllDown => {
            "no candidate has an eligible member; all_down = \"all\": the first candidate answers as if its members were up"
        }
        Reason::AllDownDrained => {
            "no candidate has an eligible member and only drained ones are left; all_down = \"all\": they answer as if up"
        }
        Reason::AllDownPool => "no candidate has an eligible member; all_down names the pool that answers",
        Reason::AllDownDefault => {
            "no candidate has an eligible member; all_down = \"default\": the default RRset answers"
        }
        Reason::AllDownNone => "no candidate has an eligible member; all_down = \"none\": NODATA",
        Reason::NothingLeft => "no member is left that may be given out; the default RRset answers",
        Reason::EmptyDefault => "the map lists no site for this client; the default RRset answers",
        Reason::EmptyNoData => "the map lists no site for this client; empty = \"nodata\": NODATA",
    }
}

/// A number of things: `1 class`, `2 classes`, `0 records`.
pub fn counted(count: usize, word: &str) -> String {
    let plural = match count {
        1 => "",
        _ if word.ends_with('s') => "es",
        _ => "s",
    };
    format!("{count} {word}{plural}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reason_has_a_sentence_of_its_own() {
        let sentences: BTreeSet<_> = Reason::ALL.iter().map(|&each| reason_sentence(each)).collect();
        assert_eq!(sentences.len(), Reason::ALL.len());
    }

    #[test]
    fn only_one_thing_is_singular() {
        for (count, word, expected) in
            [(0, "record", "0 records"), (1, "class", "1 class"), (2, "class", "2 classes")]
        {
            assert_eq!(counted(count, word), expected);
        }
    }
}
