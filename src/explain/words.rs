//! Words for people, the same in `explain`, `status`, `check` and reports.

use super::moment::rfc3339;
use crate::health::AdminState;
use crate::steer::{Member, Pool, Reason, SLOW_START_STEPS, Will};

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

/// What a member weighs: `10`, or while its slow start lasts `3.75 of 10, slow start 6/16`.
pub fn weight(weight: u16, slow_start: Option<u32>) -> String {
    let Some(step) = slow_start else { return weight.to_string() };
    // Sixteenths end after four places.
    let places = u64::from(weight) * u64::from(step) * 10_000 / u64::from(SLOW_START_STEPS);
    let decimal = format!("{}.{:04}", places / 10_000, places % 10_000);
    let decimal = decimal.trim_end_matches('0').trim_end_matches('.');
    format!("{decimal} of {weight}, slow start {step}/{SLOW_START_STEPS}")
}

/// Where the admin state of a member comes from at a moment (seconds since 1970), as far as its operators said more than
/// the word: `until 2026-11-21T06:00:00Z, by ops: new switches`, `scheduled mon–fri 08:00–18:00 Europe/Berlin`.
pub fn will(pool: &Pool, member: &Member, moment: u64) -> Option<String> {
    let wills = member.will.iter().chain(&pool.wills);
    let strongest =
        wills.filter(|will| will.at(moment).admin == member.admin && member.admin != AdminState::Auto);
    strongest.filter_map(|will| words_of(will, moment)).next()
}

fn words_of(will: &Will, moment: u64) -> Option<String> {
    let now = will.at(moment);
    let is_own = will.admin == now.admin && will.until.is_none_or(|until| moment < until);
    if !is_own {
        return now.line.map(|line| format!("scheduled {}", line.hours));
    }
    let until = will.until.map(|until| format!("until {}", rfc3339(until)));
    let who = will.who.as_ref().map(|who| format!("by {who}"));
    let what = [until, who].into_iter().flatten().collect::<Vec<_>>().join(", ");
    match (&will.why, what.is_empty()) {
        (Some(why), true) => Some(why.clone()),
        (Some(why), false) => Some(format!("{what}: {why}")),
        (None, is_empty) => (!is_empty).then_some(what),
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
    fn weights_of_a_slow_start_are_exact() {
        let cases = [
            (10, None, "10"),
            (10, Some(6), "3.75 of 10, slow start 6/16"),
            (1, Some(1), "0.0625 of 1, slow start 1/16"),
            (65_535, Some(15), "61439.0625 of 65535, slow start 15/16"),
            (16, Some(8), "8 of 16, slow start 8/16"),
        ];
        for (value, step, text) in cases {
            assert_eq!(weight(value, step), text);
        }
    }

    #[test]
    fn a_will_says_until_when_who_and_why() {
        let will = |until, who: Option<&str>, why: Option<&str>| Will {
            admin: AdminState::Drained,
            until,
            who: who.map(str::to_owned),
            why: why.map(str::to_owned),
            schedule: Vec::new(),
        };
        let cases = [
            (
                will(Some(1_795_152_706), Some("ops"), Some("new switches")),
                Some("until 2026-11-20T05:31:46Z, by ops: new switches"),
            ),
            (will(None, Some("ops"), None), Some("by ops")),
            (will(None, None, Some("new switches")), Some("new switches")),
            (will(None, None, None), None),
        ];
        for (will, text) in cases {
            assert_eq!(words_of(&will, 1_795_152_000).as_deref(), text);
        }
        assert_eq!(words_of(&will(Some(100), Some("ops"), None), 100), None, "it is over");
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
