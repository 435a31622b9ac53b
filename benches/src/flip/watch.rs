//! What all answers of a run show, and how many there were when.

use std::time::{Duration, Instant};

use crate::flip::Member;
use crate::load::Heard;
use crate::query::{holds_address, is_for_ipv6};

/// The answers of one family turned to what they had not been.
#[derive(Debug, Clone, Copy)]
pub struct Change {
    /// Whether they show the member now.
    pub is_up: bool,
    /// The first one that does so.
    pub first: Instant,
    /// The last one that still did not; [`Change::first`] where there is none.
    pub last_unchanged: Instant,
}

/// Listens to a loader, from a moment when every answer shows the member.
pub struct Watch {
    start: Instant,
    /// Answers by the millisecond.
    answers: Vec<u32>,
    changes: [Vec<Change>; 2],
}

impl Watch {
    /// Begins to count.
    pub fn start() -> Watch {
        Watch { start: Instant::now(), answers: Vec::new(), changes: [Vec::new(), Vec::new()] }
    }

    /// Takes an answer in.
    ///
    /// Several are under way at once, on several sockets, so that an older one can be heard later. But who asks after the
    /// first changed answer has come must get a changed one: any other counts as a change back.
    pub fn hear(&mut self, heard: Heard<'_>) {
        let millisecond = self.millisecond(heard.at);
        if self.answers.len() <= millisecond {
            self.answers.resize(millisecond + 1, 0);
        }
        self.answers[millisecond] += 1;
        let family = usize::from(is_for_ipv6(heard.octets));
        let is_up = holds_address(heard.octets, Member::ADDRESSES[family]);
        let changes = &mut self.changes[family];
        match changes.last_mut() {
            None if is_up => {}
            Some(last) if last.is_up == is_up => {}
            Some(last) if heard.sent_at < last.first => last.last_unchanged = heard.at,
            _ => changes.push(Change { is_up, first: heard.at, last_unchanged: heard.at }),
        }
    }

    /// The changes of one family (0 is IPv4), in order.
    pub fn changes(&self, family: usize) -> &[Change] {
        &self.changes[family]
    }

    /// Answers within `length` from a moment on, by whole milliseconds; `None` where the count does not reach so far.
    pub fn answers(&self, from: Instant, length: Duration) -> Option<u64> {
        from.checked_duration_since(self.start)?;
        let first = self.millisecond(from);
        let window = self.answers.get(first..first + length.as_millis() as usize)?;
        Some(window.iter().map(|count| u64::from(*count)).sum())
    }

    fn millisecond(&self, at: Instant) -> usize {
        at.saturating_duration_since(self.start).as_millis() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::query_of;

    const fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// An answer of one record, or of none.
    fn answer(is_ipv6: bool, holds_member: bool) -> Vec<u8> {
        let mut answer = query_of("a.bc", is_ipv6, None);
        answer.truncate(answer.len() - 11);
        if holds_member {
            answer[7] = 1;
            answer.extend([0xc0, 12, 0, if is_ipv6 { 28 } else { 1 }, 0, 1, 0, 0, 0, 9, 0]);
            match Member::ADDRESSES[usize::from(is_ipv6)] {
                std::net::IpAddr::V4(address) => answer.extend([&[4], address.octets().as_slice()].concat()),
                std::net::IpAddr::V6(address) => answer.extend([&[16], address.octets().as_slice()].concat()),
            }
        }
        answer
    }

    #[test]
    fn what_was_asked_before_the_change_is_a_straggler_and_what_was_asked_after_it_a_change_back() {
        let mut watch = Watch::start();
        let start = watch.start;
        let mut hear = |sent_at, at, is_ipv6, holds_member| {
            let octets = answer(is_ipv6, holds_member);
            watch.hear(Heard { octets: &octets, sent_at: start + ms(sent_at), at: start + ms(at) });
        };
        hear(0, 1, false, true);
        hear(1, 2, true, true);
        hear(1, 3, false, false);
        hear(2, 4, false, true);
        hear(2, 4, true, true);
        hear(4, 5, false, false);
        hear(5, 6, false, true);
        let changes = watch.changes(0);
        assert_eq!(changes.iter().map(|change| change.is_up).collect::<Vec<_>>(), [false, true]);
        assert_eq!((changes[0].first, changes[0].last_unchanged), (start + ms(3), start + ms(4)));
        assert!(watch.changes(1).is_empty());
        assert_eq!(watch.answers(start + ms(1), ms(4)), Some(5));
        assert_eq!(watch.answers(start + ms(4), ms(4)), None);
    }
}
