//! The largest change of a geo database that is taken without a question.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The largest change that is accepted, as a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Numerator.
    pub numerator: u32,
    /// Denominator, not 0.
    pub denominator: u32,
}

/// Digits behind the point of a percentage that are understood.
const DECIMALS_MAXIMUM: usize = 6;

/// `2 %`, `2%`, `0.5 %`, `1/50`: from nothing to everything.
impl FromStr for Limit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Limit, LimitError> {
        let whole = |text: &str| -> Option<u32> {
            let text = text.trim();
            let is_number = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
            text.parse().ok().filter(|_| is_number)
        };
        let fraction = match text.split_once('/') {
            Some((numerator, denominator)) => whole(numerator).zip(whole(denominator)),
            None => text.trim().strip_suffix('%').and_then(|number| {
                let (before, behind) = number.trim().split_once('.').unwrap_or((number.trim(), "0"));
                let scale = 10_u32.pow(
                    u32::try_from(behind.len()).ok().filter(|&digits| digits as usize <= DECIMALS_MAXIMUM)?,
                );
                let numerator = whole(before)?.checked_mul(scale)?.checked_add(whole(behind)?)?;
                Some((numerator, scale * 100))
            }),
        };
        match fraction {
            Some((numerator, denominator)) if denominator > 0 && numerator <= denominator => {
                Ok(Limit { numerator, denominator })
            }
            _ => Err(LimitError),
        }
    }
}

/// A text that is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("write a percentage or a fraction of at most everything, such as `2 %`, `0.5 %` or `1/50`")]
pub struct LimitError;

/// In percent, with as many digits as it takes, up to six.
impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millionths = u64::from(self.numerator) * 100_000_000 / u64::from(self.denominator);
        let text = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
        formatter.pad(&format!("{} %", text.trim_end_matches('0').trim_end_matches('.')))
    }
}

/// What becomes of a configured geo database whose file is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GeoGate {
    /// Whether files are watched, and taken without a reload.
    pub watch: bool,
    /// A database that moves more of the clients of a name is held back; none: no change is too large.
    pub max_change: Option<Limit>,
}

impl Default for GeoGate {
    fn default() -> Self {
        GeoGate { watch: true, max_change: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_percentage_or_a_fraction() {
        let parse = |text: &str| text.parse::<Limit>().map(|limit| (limit.numerator, limit.denominator));
        for (text, expected) in [
            ("2%", (20, 1000)),
            (" 0.5 % ", (5, 1000)),
            ("12.345678 %", (12_345_678, 100_000_000)),
            ("1/50", (1, 50)),
            ("0 %", (0, 1000)),
            ("100%", (1000, 1000)),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
        for wrong in
            ["2", "", "%", "-1 %", "+1 %", "101 %", "3/2", "1/0", "1.2345678 %", "1. %", ".5 %", "x/y"]
        {
            assert_eq!(parse(wrong), Err(LimitError), "{wrong}");
        }
    }

    #[test]
    fn a_limit_is_shown_in_percent() {
        for (numerator, denominator, expected) in
            [(20, 1000, "2 %"), (1, 800, "0.125 %"), (1, 3, "33.333333 %")]
        {
            assert_eq!(Limit { numerator, denominator }.to_string(), expected);
        }
    }
}
