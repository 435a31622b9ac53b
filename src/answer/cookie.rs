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

use super::{Context, Moment};
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

    /// Judges the cookie that `client` has sent.
    pub fn new(secrets: Secrets<'_>, client: IpAddr, sent: &'p [u8], now: Moment) -> Judged<'p> {
        let standing = match (sent.len(), <&[u8; COOKIE]>::try_from(sent)) {
            (_, Ok(cookie)) if is_valid(secrets, client, cookie, now) => Standing::Valid,
            (CLIENT_COOKIE, _) => Standing::ClientOnly,
            (0..CLIENT_COOKIE, _) => Standing::None,
            _ => Standing::Invalid,
        };
        Judged { standing, sent }
    }

    /// The cookie that goes back to `client`; `None` where none was sent.
    #[inline]
    pub fn reply(&self, secrets: Secrets<'_>, client: IpAddr, now: Moment) -> Option<[u8; COOKIE]> {
        if let (Standing::Valid, Ok(cookie)) = (self.standing, <[u8; COOKIE]>::try_from(self.sent))
            && age(made_at(&cookie), now) <= REFRESH
        {
            return Some(cookie);
        }
        let client_cookie = self.sent.first_chunk::<CLIENT_COOKIE>()?;
        Some(secrets.in_use.make(*client_cookie, client, now.unix))
    }
}

/// The secrets that count at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Secrets<'s> {
    /// Cookies are made with this one, and nearly all that come back were.
    in_use: &'s Secret,
    /// It and those before and after it.
    schedule: &'s [ScheduledSecret],
}

/// The secrets of a process that is given none: one a day, all following from one that it draws when it starts. It also
/// keeps which secret is in use, its own or a configured one, so that this is found once a second and not for each query.
pub struct ProcessSecrets {
    seed: Secret,
    period: u32,
    schedule: [ScheduledSecret; 3],
    in_use: Option<InUse>,
}

/// The secret that cookies are made with in one second of one generation.
struct InUse {
    generation: u64,
    unix: u32,
    secret: Secret,
}

impl ProcessSecrets {
    /// Secrets that follow from `seed`, which should be random.
    pub fn new(seed: Secret) -> ProcessSecrets {
        let period = 0;
        ProcessSecrets { seed, period, schedule: derive(&seed, period), in_use: None }
    }

    /// The secrets that cookies are made and judged with; `None` where cookies are off.
    #[inline]
    pub fn at<'a>(&'a mut self, context: &Context<'a>) -> Option<Secrets<'a>> {
        let cookies = context.snapshot.configuration.cookies.as_ref()?;
        let (generation, unix) = (context.snapshot.generation, context.now.unix);
        let is_known =
            self.in_use.as_ref().is_some_and(|known| (known.generation, known.unix) == (generation, unix));
        if !is_known {
            let secret = self.look_up(&cookies.secrets, context.now);
            self.in_use = Some(InUse { generation, unix, secret });
        }
        let schedule = if cookies.secrets.is_empty() { &self.schedule } else { cookies.secrets.as_slice() };
        self.in_use.as_ref().map(|known| Secrets { in_use: &known.secret, schedule })
    }

    /// The secret in use: one of `configured`, or else today's. Today's is derived once a day.
    #[cold]
    fn look_up(&mut self, configured: &[ScheduledSecret], now: Moment) -> Secret {
        if let Some(scheduled) = secret_in_use(configured, now) {
            return scheduled.secret;
        }
        let period = now.unix / PERIOD;
        if period != self.period {
            self.period = period;
            self.schedule = derive(&self.seed, period);
        }
        let [_, today, _] = &self.schedule;
        today.secret
    }
}

/// Yesterday's, today's and tomorrow's secret.
fn derive(seed: &Secret, period: u32) -> [ScheduledSecret; 3] {
    [period.wrapping_sub(1), period, period.wrapping_add(1)]
        .map(|period| ScheduledSecret { from: period.wrapping_mul(PERIOD), secret: seed.derive(period) })
}

fn is_valid(secrets: Secrets<'_>, client: IpAddr, cookie: &[u8; COOKIE], now: Moment) -> bool {
    (-AHEAD..=LIFE).contains(&age(made_at(cookie), now))
        && (secrets.in_use.has_made(cookie, client) || another_has_made(secrets, client, cookie, now))
}

/// Whether a cookie that the secret in use has not made was made with another one that is accepted.
#[cold]
fn another_has_made(secrets: Secrets<'_>, client: IpAddr, cookie: &[u8; COOKIE], now: Moment) -> bool {
    accepted(secrets.schedule, now).any(|secret| secret != secrets.in_use && secret.has_made(cookie, client))
}

/// The secret that cookies are made with: the last one whose time has come, or the first one of all.
pub fn secret_in_use(schedule: &[ScheduledSecret], now: Moment) -> Option<&ScheduledSecret> {
    let due = schedule.iter().rev().find(|scheduled| age(scheduled.from, now) >= 0);
    due.or(schedule.first())
}

/// The secrets with which a cookie that is alive may have been made, the latest first; the one in use is among them.
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
    use std::sync::Arc;

    use super::*;
    use crate::snapshot::{Configuration, Cookies, Snapshot};

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

    fn secrets(schedule: &[ScheduledSecret], now: u32) -> Secrets<'_> {
        Secrets { in_use: &secret_in_use(schedule, at(now)).unwrap().secret, schedule }
    }

    fn judged<'p>(schedule: &[ScheduledSecret], sent: &'p [u8], now: u32) -> Judged<'p> {
        Judged::new(secrets(schedule, now), address(), sent, at(now))
    }

    fn standing(schedule: &[ScheduledSecret], sent: &[u8], now: u32) -> Standing {
        judged(schedule, sent, now).standing
    }

    fn reply(schedule: &[ScheduledSecret], sent: &[u8], now: u32) -> Option<[u8; COOKIE]> {
        judged(schedule, sent, now).reply(secrets(schedule, now), address(), at(now))
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
            let reply = reply(&schedule, sent, 1000);
            assert_eq!(reply, (!sent.is_empty()).then_some(cookie), "{sent:?}");
        }
    }

    #[test]
    fn a_cookie_is_given_back_until_half_an_hour_and_then_replaced() {
        let schedule = schedule(&[0]);
        let cookie = secret(1).make(CLIENT, address(), 1000);
        for (now, made) in [(1000, 1000), (2800, 1000), (2801, 2801), (4601, 4601)] {
            let reply = reply(&schedule, &cookie, now);
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
            let made = reply(&schedule, &CLIENT, now).unwrap();
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

    /// A generation that knows cookies, with these secrets.
    fn snapshot(generation: u64, secrets: Vec<ScheduledSecret>) -> Snapshot {
        let cookies = Some(Cookies { secrets, ..Cookies::default() });
        let configuration = Arc::new(Configuration { cookies, ..Configuration::default() });
        Snapshot::new(generation, configuration, &|_| unreachable!("there are no pools"))
    }

    /// What a cookie is worth, and what goes back for it.
    fn exchanged(
        process: &mut ProcessSecrets,
        snapshot: &Snapshot,
        sent: &[u8],
        now: u32,
    ) -> (Standing, [u8; COOKIE]) {
        let context = Context { snapshot, now: at(now), limits: None, keepalive: 0 };
        let secrets = process.at(&context).unwrap();
        let judged = Judged::new(secrets, address(), sent, at(now));
        (judged.standing, judged.reply(secrets, address(), at(now)).unwrap())
    }

    #[test]
    fn a_process_rolls_its_own_secrets_every_day() {
        let snapshot = snapshot(1, Vec::new());
        let mut process = ProcessSecrets::new(secret(9));
        let day = 20_000 * PERIOD;
        let (_, evening) = exchanged(&mut process, &snapshot, &CLIENT, day - 1);
        let (standing, _) = exchanged(&mut process, &snapshot, &evening, day + 1000);
        assert_eq!(standing, Standing::Valid, "over midnight");
        let (_, morning) = exchanged(&mut process, &snapshot, &CLIENT, day + 1);
        let [yesterday, today, _] = derive(&secret(9), 20_000);
        assert!(today.secret.has_made(&morning, address()));
        assert!(!yesterday.secret.has_made(&morning, address()));
        // Whoever is made anew with the same seed knows the same secrets.
        let mut again = ProcessSecrets::new(secret(9));
        assert_eq!(exchanged(&mut again, &snapshot, &morning, day + 100).0, Standing::Valid);
    }

    #[test]
    fn the_secret_in_use_is_that_of_the_generation_and_the_second() {
        let (own, first) = (snapshot(1, Vec::new()), snapshot(2, schedule(&[0, 1001])));
        let mut process = ProcessSecrets::new(secret(9));
        let mut maker = |snapshot: &Snapshot, now| exchanged(&mut process, snapshot, &CLIENT, now).1;
        let [_, today, _] = derive(&secret(9), 0);
        assert!(today.secret.has_made(&maker(&own, 1000), address()));
        assert!(secret(1).has_made(&maker(&first, 1000), address()));
        assert!(secret(2).has_made(&maker(&first, 1001), address()));
        assert!(today.secret.has_made(&maker(&own, 1001), address()));
    }

    #[test]
    fn where_cookies_are_off_no_secret_counts() {
        let off = Snapshot::new(1, Arc::default(), &|_| unreachable!("there are no pools"));
        let context = Context { snapshot: &off, now: at(1000), limits: None, keepalive: 0 };
        assert!(ProcessSecrets::new(secret(9)).at(&context).is_none());
    }
}
