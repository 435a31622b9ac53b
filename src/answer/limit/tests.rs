//! Who shares a bucket with whom.

use std::num::{NonZeroU8, NonZeroU32};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::snapshot::Rate;
use crate::wire::{Network, Networks, Rcode};

/// One response a second, none saved up.
fn one() -> RateLimit {
    RateLimit {
        rate: Rate::new(NonZeroU32::MIN, Duration::from_secs(1)),
        ipv4_prefix: 24,
        ipv6_prefix: 56,
        slip: NonZeroU8::MIN,
        exempt: Networks::new(Vec::new(), false),
        log_only: false,
    }
}

/// What becomes of a response at a moment in milliseconds.
fn limit(
    limiter: &Limiter,
    settings: &RateLimit,
    client: &str,
    (class, subnet): (Class, Option<Prefix>),
    now: u64,
) -> Verdict {
    let (client, limits) = (address(client), limiter.with(settings, now));
    if limits.has_left(&client) { Verdict::Pass } else { limits.limit(&client, class, subnet) }
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn subnet(text: &str) -> Option<Prefix> {
    let (first, length) = text.split_once('/').unwrap();
    Some(Prefix::around(address(first), length.parse().unwrap()))
}

/// Whether a second response finds the bucket of the first one empty.
fn share(
    settings: &RateLimit,
    first: (&str, Class, Option<Prefix>),
    second: (&str, Class, Option<Prefix>),
) -> bool {
    let limiter = Limiter::new([1, 2, 3]);
    let ask = |(client, class, subnet)| limit(&limiter, settings, client, (class, subnet), 0);
    assert_eq!(ask(first), Verdict::Pass);
    ask(second) != Verdict::Pass
}

#[test]
fn clients_of_one_network_share_a_bucket() {
    let class = Class::control();
    let wide = RateLimit { ipv4_prefix: 16, ipv6_prefix: 32, ..one() };
    let narrow = RateLimit { ipv4_prefix: 32, ipv6_prefix: 64, ..one() };
    for (settings, one, other, expected) in [
        (&one(), "192.0.2.1", "192.0.2.254", true),
        (&one(), "192.0.2.1", "192.0.3.1", false),
        (&one(), "2001:db8:1:ff00::1", "2001:db8:1:ffff::2", true),
        (&one(), "2001:db8:1:fe00::1", "2001:db8:1:ff00::1", false),
        (&one(), "0.0.1.0", "::1:0:0:0:100", false),
        (&wide, "192.0.2.1", "192.0.3.1", true),
        (&wide, "2001:db8::1", "2001:db8:1::1", true),
        (&narrow, "192.0.2.1", "192.0.2.2", false),
        (&narrow, "2001:db8::1", "2001:db8::2", true),
        (&narrow, "2001:db8::1", "2001:db8:0:1::1", false),
    ] {
        assert_eq!(share(settings, (one, class, None), (other, class, None)), expected, "{one} {other}");
    }
}

#[test]
fn classes_and_client_subnets_have_buckets_of_their_own() {
    let client = "192.0.2.1";
    let (refused, failed) = (Class::error(Rcode::Refused), Class::error(Rcode::FormErr));
    assert!(share(&one(), (client, refused, None), (client, refused, None)));
    assert!(!share(&one(), (client, refused, None), (client, failed, None)));
    for (first, second, expected) in [
        (subnet("10.1.2.0/24"), subnet("10.1.2.0/24"), true),
        (subnet("10.1.2.0/24"), subnet("10.1.3.0/24"), false),
        (subnet("10.1.2.0/24"), subnet("10.1.2.0/23"), false),
        (subnet("10.1.2.0/24"), None, false),
        (subnet("2001:db8::/56"), subnet("2001:db8:0:100::/56"), false),
        (subnet("2001:db8::/56"), subnet("2001:db8::/56"), true),
    ] {
        let shared = share(&one(), (client, refused, first), (client, refused, second));
        assert_eq!(shared, expected, "{first:?} {second:?}");
    }
}

#[test]
fn invented_client_subnets_get_a_network_no_more_than_32_times_the_rate() {
    let settings =
        RateLimit { rate: Rate::new(NonZeroU32::new(10).unwrap(), Duration::from_secs(1)), ..one() };
    let limiter = Limiter::new([1, 2, 3]);
    let mut passed = 0;
    // 20 subnets each millisecond, none asked for twice.
    for number in 0..200_000u32 {
        let subnet = Some(Prefix::around(IpAddr::from((0x0100_0000 + (number << 8)).to_be_bytes()), 24));
        let verdict =
            limit(&limiter, &settings, "192.0.2.1", (Class::control(), subnet), u64::from(number / 20));
        passed += u32::from(verdict == Verdict::Pass);
    }
    // Ten seconds, and the burst of one.
    assert!((3200..=3520).contains(&passed), "{passed}");
    let other = limit(&limiter, &settings, "192.0.3.1", (Class::control(), subnet("10.0.0.0/24")), 9_999);
    assert_eq!(other, Verdict::Pass);
}

#[test]
fn who_is_exempt_is_not_limited_and_takes_nothing_from_a_class() {
    let network = Network { address: address("192.0.2.128"), length: 25, taken: true };
    let settings = RateLimit { exempt: Networks::new(vec![network], false), ..one() };
    let class = Class::control();
    assert!(!share(&settings, ("192.0.2.129", class, None), ("192.0.2.129", class, None)));
    assert!(!share(&settings, ("192.0.2.129", class, None), ("192.0.2.1", class, None)));
    assert!(share(&settings, ("192.0.2.2", class, None), ("192.0.2.1", class, None)));
}

#[test]
fn a_client_without_rest_gets_the_rate_and_slips_in_between() {
    let settings = RateLimit {
        rate: Rate::new(NonZeroU32::new(100).unwrap(), Duration::from_millis(50)),
        slip: NonZeroU8::new(3).unwrap(),
        ..one()
    };
    let limiter = Limiter::new([1, 2, 3]);
    let mut counts = [0; 3];
    for now in 0..10_000 {
        counts[limit(&limiter, &settings, "192.0.2.1", (Class::control(), None), now) as usize] += 1;
    }
    // 100 a second for 10 s and a burst of 5 at the start, less the one that flows back at the end; a third of the rest
    // slips.
    assert_eq!(counts, [1004, 2998, 5998]);
}

/// Whether in no time up to the last of these moments (milliseconds) more came than 100 a second and this many at once.
fn is_within(moments: &[u64], at_once: u64) -> bool {
    let Some(&last) = moments.last() else { return true };
    let from = |first: usize| (moments.len() - first) as u64;
    moments.iter().enumerate().all(|(index, &first)| from(index) <= (last - first) / 10 + at_once)
}

proptest! {
    /// Ten responses may be saved up: half of them by the network, half by a class.
    #[test]
    fn no_class_gets_more_than_its_rate_and_none_that_asks_for_less_is_held_back(
        queries in prop::collection::vec((0u64..25, 0usize..20, prop::option::of(100u64..400)), 1..400)
    ) {
        let settings = RateLimit { rate: Rate::new(NonZeroU32::new(100).unwrap(), Duration::from_millis(100)), ..one() };
        let limiter = Limiter::new([1, 2, 3]);
        // The third one floods.
        let classes = [Class::control(), Class::error(Rcode::Refused), Class::error(Rcode::FormErr)];
        let (mut now, mut all, mut asked, mut passed) = (0, Vec::new(), [const { Vec::new() }; 3], [const { Vec::new() }; 3]);
        for (gap, number, pause) in queries {
            now += gap / 8 + pause.unwrap_or(0) * (gap / 24);
            let number = number.min(2);
            all.push(now);
            asked[number].push(now);
            let verdict = limit(&limiter, &settings, "192.0.2.1", (classes[number], None), now);
            if verdict == Verdict::Pass {
                passed[number].push(now);
                prop_assert!(is_within(&passed[number], 10), "{number}: {:?}", passed[number]);
            } else {
                prop_assert!(!is_within(&asked[number], 5) && !is_within(&all, 5), "{number} at {now}");
            }
        }
    }
}

#[test]
fn one_network_that_was_limited_is_kept_until_somebody_takes_it() {
    let sample = Sample::default();
    assert_eq!(sample.take(), None);
    sample.offer(&one(), "192.0.2.77".parse().unwrap(), Class::error(Rcode::NxDomain));
    sample.offer(&one(), "198.51.100.1".parse().unwrap(), Class::control());
    let taken = sample.take().unwrap();
    assert_eq!((taken.network.to_string().as_str(), taken.class), ("192.0.2.0/24", "errors of one code"));
    assert_eq!(sample.take(), None);
    sample.offer(&one(), "2001:db8:1:2ff:3::4".parse().unwrap(), Class::control());
    let taken = sample.take().unwrap();
    assert_eq!(
        (taken.network.to_string().as_str(), taken.class),
        ("2001:db8:1:200::/56", "control messages")
    );
}
