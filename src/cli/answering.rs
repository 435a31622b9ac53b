//! Who is answered, how much, and what answers say of themselves, in a few lines for people.

use std::time::Duration;

use crate::admin::status::{AnsweringStatus, CookiesStatus, RateLimitStatus};
use crate::explain::words::counted;

/// Zones that are named; `--format json` has all.
const ZONES_NAMED: usize = 10;

/// Four lines, each ended by a line feed.
pub(super) fn lines(answering: &AnsweringStatus) -> String {
    let off = || "off".to_owned();
    format!(
        "rate limit: {}\naccess lists: {}\ncookies: {}\nextended errors: {}, report channel: {}\n",
        answering.rate_limit.as_ref().map_or_else(off, rate_limit),
        access_lists(&answering.access_lists),
        answering.cookies.as_ref().map_or_else(off, cookies),
        answering.extended_errors,
        answering.report_channel.as_deref().unwrap_or("none"),
    )
}

fn rate_limit(limit: &RateLimitStatus) -> String {
    format!(
        "{} a second to one /{} or /{}, window {:?}, slip {}{}",
        counted(limit.responses_per_second as usize, "response"),
        limit.ipv4_prefix,
        limit.ipv6_prefix,
        Duration::from_millis(limit.window_ms),
        limit.slip,
        if limit.log_only { " (log_only: nothing is held back)" } else { "" },
    )
}

fn access_lists(zones: &[String]) -> String {
    if zones.is_empty() {
        return "none, everybody may ask".to_owned();
    }
    let named = zones.iter().take(ZONES_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if zones.len() > ZONES_NAMED { ", …" } else { "" };
    format!("{}: {named}{more}", counted(zones.len(), "zone"))
}

fn cookies(cookies: &CookiesStatus) -> String {
    let secrets = match &cookies.secrets {
        None => "secrets of the process".to_owned(),
        Some(file) => format!(
            "a file with {}, the one of {} in use, the last of {}",
            counted(file.count, "secret"),
            file.in_use_from,
            file.last_from
        ),
    };
    format!("{secrets}, require {}", cookies.require)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::status::SecretsStatus;

    #[test]
    fn what_is_configured_is_said_in_four_lines() {
        let mut shown = AnsweringStatus {
            rate_limit: None,
            access_lists: Vec::new(),
            cookies: None,
            extended_errors: "errors".into(),
            report_channel: None,
        };
        assert_eq!(
            lines(&shown),
            "rate limit: off\naccess lists: none, everybody may ask\ncookies: off\n\
             extended errors: errors, report channel: none\n"
        );
        shown.rate_limit = Some(RateLimitStatus {
            responses_per_second: 200,
            window_ms: 500,
            ipv4_prefix: 24,
            ipv6_prefix: 56,
            slip: 2,
            log_only: true,
        });
        shown.access_lists = vec!["a.".into(), "b.".into()];
        let secrets = SecretsStatus {
            count: 8,
            in_use_from: "2026-11-20T00:00:00Z".into(),
            last_from: "2027-01-08T00:00:00Z".into(),
        };
        shown.cookies = Some(CookiesStatus { require: "under_load".into(), secrets: Some(secrets) });
        shown.report_channel = Some("agent.example.com.".into());
        assert_eq!(
            lines(&shown),
            "rate limit: 200 responses a second to one /24 or /56, window 500ms, slip 2 \
             (log_only: nothing is held back)\naccess lists: 2 zones: a., b.\n\
             cookies: a file with 8 secrets, the one of 2026-11-20T00:00:00Z in use, the last of \
             2027-01-08T00:00:00Z, require under_load\n\
             extended errors: errors, report channel: agent.example.com.\n"
        );
    }
}
