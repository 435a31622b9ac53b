//! What went wrong in TLS, in words fit for operators.

use std::time::Duration;

use rustls::pki_types::{ServerName, UnixTime};
use rustls::{CertificateError, Error};

use super::foreign_text::foreign;

/// The reason for a verdict.
pub(super) fn reason(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(fault) => format!("certificate: {}", of_certificate(fault)),
        Error::InvalidMessage(_) => "the answer is not TLS".to_owned(),
        Error::AlertReceived(alert) => format!("TLS refused by the member: alert {alert:?}"),
        Error::NoCertificatesPresented => "certificate: none presented".to_owned(),
        other => format!("TLS: {}", foreign(&other.to_string())),
    }
}

fn of_certificate(fault: &CertificateError) -> String {
    match fault {
        CertificateError::Expired => "expired".to_owned(),
        CertificateError::ExpiredContext { time, not_after } => {
            format!("expired {} ago", between(*not_after, *time))
        }
        CertificateError::NotValidYet => "not valid yet".to_owned(),
        CertificateError::NotValidYetContext { time, not_before } => {
            format!("not valid yet, only in {}", between(*time, *not_before))
        }
        CertificateError::NotValidForName => "not valid for this name".to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => wrong_name(expected, presented),
        CertificateError::UnknownIssuer => "unknown issuer".to_owned(),
        CertificateError::BadSignature => {
            "signed with another key than that of the trusted issuer of this name".to_owned()
        }
        CertificateError::Other(other) if other.0.to_string() == "CaUsedAsEndEntity" => {
            "a certificate authority's own, used as the member's".to_owned()
        }
        other => foreign(&other.to_string()),
    }
}

/// `presented` are written as the library's debug text: `DnsName("a.example")`.
fn wrong_name(expected: &ServerName<'_>, presented: &[String]) -> String {
    let wanted = match expected {
        ServerName::IpAddress(address) => format!("address {}", std::net::IpAddr::from(*address)),
        name => format!("name {}", name.to_str()),
    };
    if presented.is_empty() {
        return format!("not valid for {wanted}: it has no names");
    }
    let names: Vec<&str> = presented.iter().map(|name| bare(name)).collect();
    format!("not valid for {wanted}, only for {}", foreign(&names.join(", ")))
}

fn bare(name: &str) -> &str {
    let inside = name.split_once('(').map_or(name, |(_, rest)| rest.trim_end_matches(')'));
    inside.trim_matches('"')
}

/// In the largest unit that has a whole count: `3 days`.
fn between(earlier: UnixTime, later: UnixTime) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400, "day"), (3600, "hour"), (60, "minute")];
    let seconds = Duration::from_secs(later.as_secs().saturating_sub(earlier.as_secs())).as_secs();
    let unit = UNITS.iter().find(|(length, _)| seconds >= *length).unwrap_or(&(1, "second"));
    let count = seconds / unit.0;
    format!("{count} {}{}", unit.1, if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_the_largest_unit() {
        for (seconds, expected) in
            [(0, "0 seconds"), (1, "1 second"), (119, "1 minute"), (7200, "2 hours"), (86_400, "1 day")]
        {
            let begin = UnixTime::since_unix_epoch(Duration::from_secs(1_000));
            let end = UnixTime::since_unix_epoch(Duration::from_secs(1_000 + seconds));
            assert_eq!(between(begin, end), expected);
        }
    }
}
