//! Counters of the packet path: one tally per worker, written by that worker alone, summed by whoever reads.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Standing;
use crate::steer::Reason;
use crate::wire::{Features, Rcode, rtype};

/// The list of counters: variant, metric name, label name and value.
macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $variant:ident: $metric:literal, $label:literal = $value:literal;)+) => {
        /// Everything that is counted on the way of a packet.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Counter { $($(#[doc = $doc])+ $variant,)+ }

        impl Counter {
            /// Every counter, in the order of the list.
            pub const ALL: &'static [Counter] = &[$(Counter::$variant,)+];

            /// The metric it belongs to (without prefix and `_total`), and its label there.
            pub fn metric(self) -> (&'static str, (&'static str, &'static str)) {
                match self { $(Counter::$variant => ($metric, ($label, $value)),)+ }
            }
        }
    };
}

counters! {
    /// Packets over UDP that were read.
    Udp: "queries", "transport" = "udp";
    /// Messages over TCP that were read.
    Tcp: "queries", "transport" = "tcp";
    /// Questions for A.
    TypeA: "questions", "type" = "A";
    /// Questions for AAAA.
    TypeAaaa: "questions", "type" = "AAAA";
    /// Questions for NS.
    TypeNs: "questions", "type" = "NS";
    /// Questions for SOA.
    TypeSoa: "questions", "type" = "SOA";
    /// Questions for MX.
    TypeMx: "questions", "type" = "MX";
    /// Questions for TXT.
    TypeTxt: "questions", "type" = "TXT";
    /// Questions for HTTPS.
    TypeHttps: "questions", "type" = "HTTPS";
    /// Questions for any other type.
    TypeOther: "questions", "type" = "other";
    /// Questions that came with EDNS.
    WithEdns: "query_features", "feature" = "edns";
    /// Questions that came with EDNS Client Subnet.
    WithClientSubnet: "query_features", "feature" = "client_subnet";
    /// Questions with DNSSEC OK.
    WithDnssecOk: "query_features", "feature" = "dnssec_ok";
    /// Octets followed the message; they were ignored.
    Trailing: "query_features", "feature" = "trailing_octets";
    /// A client cookie alone: a client that has none of ours yet.
    CookieClientOnly: "cookies", "standing" = "client_only";
    /// A server cookie of ours that is not too old.
    CookieValid: "cookies", "standing" = "valid";
    /// A server cookie that is not ours, or too old.
    CookieInvalid: "cookies", "standing" = "invalid";
    /// NOERROR.
    NoError: "responses", "rcode" = "NOERROR";
    /// FORMERR.
    FormErr: "responses", "rcode" = "FORMERR";
    /// SERVFAIL.
    ServFail: "responses", "rcode" = "SERVFAIL";
    /// NXDOMAIN.
    NxDomain: "responses", "rcode" = "NXDOMAIN";
    /// NOTIMP.
    NotImp: "responses", "rcode" = "NOTIMP";
    /// REFUSED.
    Refused: "responses", "rcode" = "REFUSED";
    /// YXDOMAIN: a DNAME leads to a name that is too long.
    YxDomain: "responses", "rcode" = "YXDOMAIN";
    /// NOTAUTH, which the control handler gives.
    NotAuth: "responses", "rcode" = "NOTAUTH";
    /// BADVERS.
    BadVers: "responses", "rcode" = "BADVERS";
    /// BADCOOKIE.
    BadCookie: "responses", "rcode" = "BADCOOKIE";
    /// Responses with TC.
    Truncated: "truncated", "transport" = "udp";
    /// Shorter than a header.
    DropShort: "drops", "reason" = "short";
    /// A response instead of a query.
    DropResponse: "drops", "reason" = "response";
    /// Source port 0.
    DropSourcePort: "drops", "reason" = "source_port_zero";
    /// The source is one of our own listening addresses.
    DropLoop: "drops", "reason" = "own_address";
    /// A source that no packet from outside has (past the kernel, which drops it otherwise).
    DropSource: "drops", "reason" = "impossible_source";
    /// A frame whose lengths or checksums are wrong (past the kernel, which drops it otherwise).
    DropFrame: "drops", "reason" = "malformed_frame";
    /// The queue of control requests was full.
    DropControlFull: "drops", "reason" = "control_queue_full";
    /// The kernel did not take the answer.
    DropSend: "drops", "reason" = "send_failed";
    /// Frames that came past the kernel's stack.
    BypassReceived: "bypass", "event" = "received";
    /// Those of them that an answer went to, past the kernel as well.
    BypassAnswered: "bypass", "event" = "answered";
    /// Frames that were lost because no room was left for them.
    BypassLost: "bypass", "event" = "lost";
    /// Answers for which a network's meter and the bucket of their class were empty.
    RateLimited: "rate_limit", "event" = "limited";
    /// Those of them that went out truncated (an error: as it is).
    RateSlipped: "rate_limit", "event" = "slipped";
    /// Answers that went out uncounted, because a valid cookie proves their client's address.
    RateExempt: "rate_limit", "event" = "exempt_by_cookie";
    /// Those of them that did not go out.
    RateDropped: "rate_limit", "event" = "dropped";
    /// Handed to the control handler.
    Control: "control_requests", "kind" = "all";
    /// Questions that a zone's access list kept from its data.
    AccessRefused: "refusals", "reason" = "access_list";
    /// Panics caught while answering.
    Panic: "panics", "place" = "answer";
    /// TCP connections accepted.
    TcpAccepted: "tcp_connections", "event" = "accepted";
    /// TCP connections that have ended, for whatever reason.
    TcpClosed: "tcp_connections", "event" = "closed";
    /// Idle TCP connections closed to make room.
    TcpShed: "tcp_connections", "event" = "shed";
    /// TCP connections with half a message or unread answers closed to make room.
    TcpDisplaced: "tcp_connections", "event" = "displaced";
    /// TCP connections ended by a deadline.
    TcpTimedOut: "tcp_connections", "event" = "timed_out";
    /// Steered: the first healthy candidate.
    SteerHealthy: "steered", "reason" = "healthy";
    /// Steered: a degraded candidate.
    SteerDegraded: "steered", "reason" = "degraded";
    /// Steered: suspect members, as if up.
    SteerSuspect: "steered", "reason" = "suspect";
    /// Steered: all down, members as if up.
    SteerAllDown: "steered", "reason" = "all_down";
    /// Steered: all down, drained members.
    SteerAllDownDrained: "steered", "reason" = "all_down_drained";
    /// Steered: all down, the pool named for it.
    SteerAllDownPool: "steered", "reason" = "all_down_pool";
    /// Steered: all down, the default RRset.
    SteerAllDownDefault: "steered", "reason" = "all_down_default";
    /// Steered: all down, NODATA.
    SteerAllDownNone: "steered", "reason" = "all_down_none";
    /// Steered: nothing left, the default RRset.
    SteerNothingLeft: "steered", "reason" = "nothing_left";
    /// Steered: an empty site list, the default RRset.
    SteerEmptyDefault: "steered", "reason" = "empty_default";
    /// Steered: an empty site list, NODATA.
    SteerEmptyNoData: "steered", "reason" = "empty_nodata";
}

/// The types up to the last one that has a counter of its own, and one that stands for all others.
const TYPES: usize = rtype::HTTPS as usize + 2;

/// The counters of these types.
const OF_TYPE: [Counter; TYPES] = {
    let mut counters = [Counter::TypeOther; TYPES];
    counters[rtype::A as usize] = Counter::TypeA;
    counters[rtype::AAAA as usize] = Counter::TypeAaaa;
    counters[rtype::NS as usize] = Counter::TypeNs;
    counters[rtype::SOA as usize] = Counter::TypeSoa;
    counters[rtype::MX as usize] = Counter::TypeMx;
    counters[rtype::TXT as usize] = Counter::TypeTxt;
    counters[rtype::HTTPS as usize] = Counter::TypeHttps;
    counters
};

impl Counter {
    /// The counter of a question's type.
    pub fn of_type(qtype: u16) -> Counter {
        OF_TYPE.get(usize::from(qtype)).copied().unwrap_or(Counter::TypeOther)
    }

    /// Whether it is one of those that [`Tally::count_question`] counts.
    fn is_of_questions(self) -> bool {
        matches!(self.metric().0, "questions" | "query_features")
    }

    /// Whether it counts a question of this type with these features.
    fn counts_question(self, qtype: u16, features: Features) -> bool {
        match self {
            Counter::WithEdns => features.has(Features::EDNS),
            Counter::WithClientSubnet => features.has(Features::CLIENT_SUBNET),
            Counter::WithDnssecOk => features.has(Features::DNSSEC_OK),
            _ => self == Counter::of_type(qtype),
        }
    }

    /// The counter of a response code.
    pub fn of_rcode(rcode: Rcode) -> Counter {
        match rcode {
            Rcode::NoError => Counter::NoError,
            Rcode::FormErr => Counter::FormErr,
            Rcode::ServFail => Counter::ServFail,
            Rcode::NxDomain => Counter::NxDomain,
            Rcode::NotImp => Counter::NotImp,
            Rcode::Refused => Counter::Refused,
            Rcode::YxDomain => Counter::YxDomain,
            Rcode::NotAuth => Counter::NotAuth,
            Rcode::BadVers => Counter::BadVers,
            Rcode::BadCookie => Counter::BadCookie,
        }
    }

    /// The counter of a cookie; `None` where there is none.
    pub fn of_standing(standing: Standing) -> Option<Counter> {
        match standing {
            Standing::None => None,
            Standing::ClientOnly => Some(Counter::CookieClientOnly),
            Standing::Valid => Some(Counter::CookieValid),
            Standing::Invalid => Some(Counter::CookieInvalid),
        }
    }

    /// The counter of a steering reason.
    pub fn of_reason(reason: Reason) -> Counter {
        match reason {
            Reason::Healthy => Counter::SteerHealthy,
            Reason::Degraded => Counter::SteerDegraded,
            Reason::Suspect => Counter::SteerSuspect,
            Reason::AllDown => Counter::SteerAllDown,
            Reason::AllDownDrained => Counter::SteerAllDownDrained,
            Reason::AllDownPool => Counter::SteerAllDownPool,
            Reason::AllDownDefault => Counter::SteerAllDownDefault,
            Reason::AllDownNone => Counter::SteerAllDownNone,
            Reason::NothingLeft => Counter::SteerNothingLeft,
            Reason::EmptyDefault => Counter::SteerEmptyDefault,
            Reason::EmptyNoData => Counter::SteerEmptyNoData,
        }
    }
}

/// One worker's counters, on cache lines of their own.
#[repr(align(128))]
pub struct Tally {
    cells: [AtomicU64; Counter::ALL.len()],
    /// What is counted of every question, its type and its features, has one cell for each way in which these come together.
    questions: [[AtomicU64; Features::COUNTED]; TYPES],
}

impl Default for Tally {
    fn default() -> Tally {
        Tally {
            cells: [const { AtomicU64::new(0) }; Counter::ALL.len()],
            questions: [const { [const { AtomicU64::new(0) }; Features::COUNTED] }; TYPES],
        }
    }
}

impl Tally {
    /// Counts a question: its type, and which of EDNS, DNSSEC OK and client subnet it came with. That is one addition
    /// instead of four.
    #[inline(always)]
    pub fn count_question(&self, qtype: u16, features: Features) {
        add(&self.questions[usize::from(qtype).min(TYPES - 1)][features.counted()], 1);
    }

    /// Counts one, for the only writer of this tally.
    #[inline]
    pub fn count(&self, counter: Counter) {
        self.count_several(counter, 1);
    }

    /// As [`Tally::count`], so many at once.
    #[inline]
    pub fn count_several(&self, counter: Counter, number: u64) {
        add(&self.cells[counter as usize], number);
    }

    /// Counts one where several tasks write (TCP, control).
    pub fn count_shared(&self, counter: Counter) {
        self.cells[counter as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// The present value.
    pub fn get(&self, counter: Counter) -> u64 {
        let counted = self.cells[counter as usize].load(Ordering::Relaxed);
        if counter.is_of_questions() { counted.wrapping_add(self.get_of_questions(counter)) } else { counted }
    }

    fn get_of_questions(&self, counter: Counter) -> u64 {
        let cells = (0..).zip(&self.questions).flat_map(|(qtype, cells)| {
            cells
                .iter()
                .enumerate()
                .filter(move |(number, _)| counter.counts_question(qtype, Features::of_counted(*number)))
        });
        cells.fold(0, |sum, (_, cell)| sum.wrapping_add(cell.load(Ordering::Relaxed)))
    }
}

/// Adds to a counter that nobody else writes to: a plain load and store, no locked instruction.
#[inline(always)]
fn add(cell: &AtomicU64, number: u64) {
    cell.store(cell.load(Ordering::Relaxed).wrapping_add(number), Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn nothing_else_stands_on_the_cache_lines_of_a_tally() {
        // Two lines of 64 octets: some processors fetch them in pairs.
        const LINES: usize = 128;
        assert_eq!((align_of::<Tally>() % LINES, size_of::<Tally>() % LINES), (0, 0));
        // Its counter of owners neither, which stands in front of it.
        let tallies = [Arc::new(Tally::default()), Arc::new(Tally::default())];
        assert!(tallies.iter().all(|tally| Arc::as_ptr(tally).addr() % LINES == 0));
    }

    #[test]
    fn a_question_is_counted_by_its_type_and_by_each_of_its_features() {
        let tally = Tally::default();
        let edns = Features::EDNS;
        for (qtype, features) in [
            (rtype::A, Features::default()),
            (rtype::A, edns.with(Features::CLIENT_SUBNET)),
            (rtype::HTTPS, edns.with(Features::COOKIE)),
            (rtype::PTR, edns.with(Features::DNSSEC_OK)),
            (rtype::HTTPS + 1, edns.with(Features::DNSSEC_OK).with(Features::CLIENT_SUBNET)),
            (u16::MAX, Features::TRAILING),
        ] {
            tally.count_question(qtype, features);
        }
        for (counter, expected) in [
            (Counter::TypeA, 2),
            (Counter::TypeHttps, 1),
            (Counter::TypeOther, 3),
            (Counter::WithEdns, 4),
            (Counter::WithDnssecOk, 2),
            (Counter::WithClientSubnet, 2),
        ] {
            assert_eq!(tally.get(counter), expected, "{counter:?}");
        }
        assert_eq!(Counter::ALL.iter().map(|&counter| tally.get(counter)).sum::<u64>(), 6 + 4 + 2 + 2);
    }

    #[test]
    fn every_counter_has_a_cell_and_a_label_of_its_own() {
        let tally = Tally::default();
        let mut seen = std::collections::HashSet::new();
        for (times, &counter) in Counter::ALL.iter().enumerate() {
            assert!(seen.insert(counter.metric()), "{counter:?}");
            (0..times).for_each(|_| tally.count(counter));
        }
        for (times, &counter) in Counter::ALL.iter().enumerate() {
            assert_eq!(tally.get(counter), times as u64);
        }
        let is_named_so = |reason: &Reason| Counter::of_reason(*reason).metric().1.1 == reason.label();
        assert!(Reason::ALL.iter().all(is_named_so));
        assert!(Rcode::ALL.iter().all(|&rcode| Counter::of_rcode(rcode).metric().1.1 == rcode.name()));
    }
}
