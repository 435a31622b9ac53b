//! What is configured of who is answered, how much, and what answers say of themselves.

use super::status::{AnsweringStatus, CookiesStatus, RateLimitStatus, SecretsStatus};
use super::timestamp::rfc3339;
use crate::answer::{Moment, secret_in_use};
use crate::snapshot::{Configuration, Cookies, ExtendedErrors, RateLimit, RequireCookies};

/// Of a configuration, at a moment in seconds since 1970.
pub fn answering(configuration: &Configuration, now: u64) -> AnsweringStatus {
    let listed = configuration.zones.iter().filter(|file| file.zone.access().is_some());
    AnsweringStatus {
        rate_limit: configuration.rate_limit.as_ref().map(rate_limit),
        access_lists: listed.map(|file| file.zone.apex().to_string()).collect(),
        cookies: configuration.cookies.as_ref().map(|shown| cookies(shown, now)),
        extended_errors: match configuration.extended_errors {
            ExtendedErrors::Off => "off",
            ExtendedErrors::Errors => "errors",
            ExtendedErrors::All => "all",
        }
        .to_owned(),
        report_channel: configuration.report_channel.as_ref().map(ToString::to_string),
    }
}

fn rate_limit(limit: &RateLimit) -> RateLimitStatus {
    RateLimitStatus {
        responses_per_second: limit.rate.responses_per_second().get(),
        window_ms: limit.rate.window().as_millis() as u64,
        ipv4_prefix: limit.ipv4_prefix,
        ipv6_prefix: limit.ipv6_prefix,
        slip: limit.slip.get(),
        log_only: limit.log_only,
    }
}

fn cookies(cookies: &Cookies, now: u64) -> CookiesStatus {
    // As server cookies count: modulo 2³².
    let now = Moment { unix: now as u32, ..Moment::default() };
    let in_use = secret_in_use(&cookies.secrets, now);
    let secrets = in_use.zip(cookies.secrets.last()).map(|(in_use, last)| SecretsStatus {
        count: cookies.secrets.len(),
        in_use_from: rfc3339(in_use.from.into()),
        last_from: rfc3339(last.from.into()),
    });
    let require = match cookies.require {
        RequireCookies::Never => "never",
        RequireCookies::UnderLoad => "under_load",
        RequireCookies::Always => "always",
    };
    CookiesStatus { require: require.to_owned(), secrets }
}
