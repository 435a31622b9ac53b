//! What a client's cookie is worth, and which one it gets back (RFC 7873, RFC 9018).
//!
//! | the query carries                                         | standing   | it gets back             |
//! |-----------------------------------------------------------|------------|--------------------------|
//! | no cookie                                                 | None       | nothing                  |
//! | a client cookie alone                                     | ClientOnly | a new server cookie      |
//! | a server cookie of ours, at most half an hour old         | Valid      | the same                 |
//! | a server cookie of ours, at most an hour old              | Valid      | a new one                |
//! | a server cookie that is older, of the future, not of ours | Invalid    | a new one                |
//!
//! Which secrets count follows from the moment alone: the one in use, those whose use ended within the life of a cookie,
//! and one whose use is about to begin, since clocks differ within a set of servers.

use std::net::IpAddr;

use super::Moment;
use crate::wire::cookie::{CLIENT_COOKIE, COOKIE, ScheduledSecret, Secret, made_at};

/// How long a server cookie is accepted, in seconds (RFC 9018 §4.3).
const LIFE: i32 = 3600;
/// How far in the future it may have been made, in seconds (RFC 9018 §4.3).
const AHEAD: i32 = 300;
/// From which age on it is replaced, in seconds (RFC 9018 §4.3).
const REFRESH: i32 = 1800;
/// How long a process uses a secret of its own, in seconds: a day (RFC 7873 §7.1).
const PERIOD: u32 = 86_400;

/// What a query's cookie says of its source address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// There is none: nothing is known.
    None,
    /// A client cookie alone: the client knows cookies, and has none of ours yet.
    ClientOnly,
    /// The client has received an answer of ours at this address within the hour.
    Valid,
    /// A server cookie that is too old, made for another address, or not ours.
    Invalid,
}

/// A query's cookie and what it is worth.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'p> {
    /// What it says of the source address.
    pub standing: Standing,
    /// As sent: 8 or 16 to 40 octets; empty where there is none.
    sent: &'p [u8],
}

impl<'p> Judged<'p> {
    /// No cookie, or one that nobody looks at.
    pub const NONE: Judged<'static> = Judged { standing: Standing::None, sent: &[] };

    /// Judges the cookie that `client` has sent, under the secrets of `schedule`.
    pub fn new(schedule: &[ScheduledSecret], client: IpAddr, sent: &'p [u8], now: Moment) -> Judged<'p> {
        let standing = match (sent.len(), <&[u8; COOKIE]>::try_from(sent)) {
            (0..CLIENT_COOKIE, _) => Standing::None,
            (CLIENT_COOKIE, _) => Standing::ClientOnly,
            (_, Ok(cookie)) if is_valid(schedule, client, cookie, now) => Standing::Valid,
            _ => Standing::Invalid,
        };
        Judged { standing, sent }
    }

    /// The cookie that goes back to `client`; `None` where none was sent or there is no secret.
    pub fn reply(&self, schedule: &[ScheduledSecret], client: IpAddr, now: Moment) -> Option<[u8; COOKIE]> {
        if let (Standing::Valid, Ok(cookie)) = (self.standing, <[u8; COOKIE]>::try_from(self.sent))
            && age(made_at(&cookie), now) <= REFRESH
        {
            return Some(cookie);
        }
        let (client_cookie, _) = self.sent.split_first_chunk::<CLIENT_COOKIE>()?;
        Some(secret_in_use(schedule, now)?.secret.make(*client_cookie, client, now.unix))
    }
}

/// The secrets of a process that is given none: one a day, all following from one that it draws when it starts.
pub struct ProcessSecrets {
    seed: Secret,
    period: u32,
    schedule: [ScheduledSecret; 3],
}

impl ProcessSecrets {
    /// Secrets that follow from `seed`, which should be random.
    pub fn new(seed: Secret) -> ProcessSecrets {
        let period = 0;
        ProcessSecrets { seed, period, schedule: derive(&seed, period) }
    }

    /// Yesterday's, today's and tomorrow's secret. They are derived once a day.
    pub fn at(&mut self, now: Moment) -> &[ScheduledSecret] {
        let period = now.unix / PERIOD;
        if period != self.period {
            self.period = period;
            self.schedule = derive(&self.seed, period);
        }
        &self.schedule
    }
}

fn derive(seed: &Secret, period: u32) -> [ScheduledSecret; 3] {
    [period.wrapping_sub(1), period, period.wrapping_add(1)]
        .map(|period| ScheduledSecret { from: period.wrapping_mul(PERIOD), secret: seed.derive(period) })
}

fn is_valid(schedule: &[ScheduledSecret], client: IpAddr, cookie: &[u8; COOKIE], now: Moment) -> bool {
    (-AHEAD..=LIFE).contains(&age(made_at(cookie), now))
        && accepted(schedule, now).any(|secret| secret.has_made(cookie, client))
}

/// The secret that cookies are made with: the last one whose time has come, or the first one of all.
pub fn secret_in_use(schedule: &[ScheduledSecret], now: Moment) -> Option<&ScheduledSecret> {
    let due = schedule.iter().rev().find(|scheduled| age(scheduled.from, now) >= 0);
    due.or(schedule.first())
}

/// The secrets with which a cookie that is alive may have been made, the latest first.
fn accepted(schedule: &[ScheduledSecret], now: Moment) -> impl Iterator<Item = &Secret> {
    let has_begun = move |index: usize| index == 0 || age(schedule[index].from, now) >= -AHEAD;
    let has_ended =
        move |index: usize| schedule.get(index + 1).is_some_and(|next| age(next.from, now) > LIFE);
    let indices = (0..schedule.len()).rev();
    indices.filter(move |&index| has_begun(index) && !has_ended(index)).map(|index| &schedule[index].secret)
}

/// Seconds since a moment, negative before it; serial arithmetic, as RFC 9018 §4.3 wants it.
fn age(unix: u32, now: Moment) -> i32 {
    now.unix.wrapping_sub(unix) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: [u8; CLIENT_COOKIE] = *b"abcdefgh";

    fn address() -> IpAddr {
        "192.0.2.1".parse().unwrap()
    }

    fn at(unix: u32) -> Moment {
        Moment { unix, uptime_ms: 0 }
    }

    fn secret(number: u8) -> Secret {
        Secret::new([number; 16])
    }

    /// Secrets 1, 2, 3 … used from these moments on.
    fn schedule(starts: &[u32]) -> Vec<ScheduledSecret> {
        (1..).zip(starts).map(|(number, &from)| ScheduledSecret { from, secret: secret(number) }).collect()
    }

    fn standing(schedule: &[ScheduledSecret], sent: &[u8], now: u32) -> Standing {
        Judged::new(schedule, address(), sent, at(now)).standing
    }

    #[test]
    fn a_cookie_is_valid_for_an_hour_and_from_five_minutes_before() {
        let schedule = schedule(&[0]);
        for made in [100_000, u32::MAX - 10, 5] {
            let cookie = secret(1).make(CLIENT, address(), made);
            for (age, expected) in [
                (-301, Standing::Invalid),
                (-300, Standing::Valid),
                (0, Standing::Valid),
                (3600, Standing::Valid),
                (3601, Standing::Invalid),
            ] {
                let now = made.wrapping_add_signed(age);
                assert_eq!(standing(&schedule, &cookie, now), expected, "made at {made}, {age} later");
            }
        }
    }

    #[test]
    fn anything_else_is_a_client_cookie_or_invalid() {
        let schedule = schedule(&[0]);
        let cookie = secret(1).make(CLIENT, address(), 1000);
        let long = [cookie.as_slice(), b"more"].concat();
        for (sent, expected) in [
            (b"".as_slice(), Standing::None),
            (&cookie[..8], Standing::ClientOnly),
            (&cookie[..16], Standing::Invalid),
            (&cookie, Standing::Valid),
            (&long, Standing::Invalid),
        ] {
            assert_eq!(standing(&schedule, sent, 1000), expected, "{sent:?}");
            let reply =
                Judged::new(&schedule, address(), sent, at(1000)).reply(&schedule, address(), at(1000));
            assert_eq!(reply, (!sent.is_empty()).then_some(cookie), "{sent:?}");
            assert_eq!(Judged::new(&[], address(), sent, at(1000)).reply(&[], address(), at(1000)), None);
        }
    }

    #[test]
    fn a_cookie_is_given_back_until_half_an_hour_and_then_replaced() {
        let schedule = schedule(&[0]);
        let cookie = secret(1).make(CLIENT, address(), 1000);
        for (now, made) in [(1000, 1000), (2800, 1000), (2801, 2801), (4601, 4601)] {
            let judged = Judged::new(&schedule, address(), &cookie, at(now));
            let reply = judged.reply(&schedule, address(), at(now));
            assert_eq!(reply.map(|reply| made_at(&reply)), Some(made), "at {now}");
        }
    }

    #[test]
    fn secrets_are_accepted_a_little_before_their_use_and_an_hour_after() {
        let schedule = schedule(&[10_000, 20_000, 30_000]);
        // When, with which secret cookies are made, which ones are accepted.
        for (now, used, good) in [
            (5_000, 1, vec![1]),
            (10_000, 1, vec![1]),
            (19_699, 1, vec![1]),
            (19_700, 1, vec![1, 2]),
            (19_999, 1, vec![1, 2]),
            (20_000, 2, vec![1, 2]),
            (23_600, 2, vec![1, 2]),
            (23_601, 2, vec![2]),
            (29_700, 2, vec![2, 3]),
            (40_000, 3, vec![3]),
        ] {
            let client_only = Judged::new(&schedule, address(), &CLIENT, at(now));
            let made = client_only.reply(&schedule, address(), at(now)).unwrap();
            assert!(secret(used).has_made(&made, address()), "at {now}");
            let accepted: Vec<u8> = (1..=3)
                .filter(|&number| {
                    let cookie = secret(number).make(CLIENT, address(), now);
                    standing(&schedule, &cookie, now) == Standing::Valid
                })
                .collect();
            assert_eq!(accepted, good, "at {now}");
        }
    }

    #[test]
    fn a_process_rolls_its_own_secrets_every_day() {
        let mut secrets = ProcessSecrets::new(secret(9));
        let day = 20_000 * PERIOD;
        let reply = |secrets: &mut ProcessSecrets, sent: &[u8], now| {
            let schedule = secrets.at(at(now));
            let judged = Judged::new(schedule, address(), sent, at(now));
            (judged.standing, judged.reply(schedule, address(), at(now)).unwrap())
        };
        let (_, evening) = reply(&mut secrets, &CLIENT, day - 1);
        let (standing, _) = reply(&mut secrets, &evening, day + 1000);
        assert_eq!(standing, Standing::Valid, "over midnight");
        let (_, morning) = reply(&mut secrets, &CLIENT, day + 1);
        assert!(secrets.at(at(day))[1].secret.has_made(&morning, address()));
        assert!(!secrets.at(at(day))[0].secret.has_made(&morning, address()));
        // Whoever is made anew with the same seed knows the same secrets.
        let mut again = ProcessSecrets::new(secret(9));
        assert_eq!(reply(&mut again, &morning, day + 100).0, Standing::Valid);
    }
}
