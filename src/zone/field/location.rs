//! Places on Earth: LOC (RFC 1876) and the older GPOS (RFC 1712).

use super::octets::{Octets, Words};
use super::text::parse_checked;
use crate::zone::cursor::{Cursor, RdataError, decimal};

/// Thousandths of an arc second in a degree.
const DEGREE: u32 = 3_600_000;
const MINUTE: u32 = 60_000;
const SECOND: u32 = 1_000;
/// What stands for the equator and the prime meridian.
const ORIGIN: u32 = 1 << 31;
/// Altitudes count from 100 km below the reference spheroid, in centimetres.
const ALTITUDE_ORIGIN: i64 = 10_000_000;
/// The largest size or precision: nine times ten to the ninth centimetres.
const SIZE_MAX: i64 = 9_000_000_000;
/// A size of 1 m, a horizontal precision of 10 km and a vertical one of 10 m are what is meant where nothing is said.
const SIZES: [u8; 3] = [0x12, 0x16, 0x13];

/// Reads latitude, longitude, altitude, and up to three sizes.
pub(super) fn parse(cursor: &mut Cursor<'_>, into: &mut Vec<u8>) -> Result<(), RdataError> {
    let latitude = parse_angle(cursor, &LATITUDE)?;
    let longitude = parse_angle(cursor, &LONGITUDE)?;
    let what = "an altitude in metres from -100000.00m to 42849672.95m";
    let altitude = metres(cursor.word(what)?).map(|centimetres| centimetres + ALTITUDE_ORIGIN);
    let altitude = altitude.and_then(|centimetres| u32::try_from(centimetres).ok());
    let altitude = altitude.ok_or(RdataError::Expected(what))?;
    let mut sizes = SIZES;
    for size in &mut sizes {
        if cursor.peek().is_some() {
            *size = parse_size(cursor)?;
        }
    }
    into.push(0);
    into.extend(sizes);
    into.extend([latitude, longitude, altitude].iter().flat_map(|number| number.to_be_bytes()));
    Ok(())
}

/// How one of the two angles is written.
struct Axis {
    what: &'static str,
    degrees_max: u32,
    positive: char,
    negative: char,
}

const LATITUDE: Axis = Axis {
    what: "a latitude: degrees up to 90, then minutes and seconds if you like, then N or S",
    degrees_max: 90,
    positive: 'N',
    negative: 'S',
};
const LONGITUDE: Axis = Axis {
    what: "a longitude: degrees up to 180, then minutes and seconds if you like, then E or W",
    degrees_max: 180,
    positive: 'E',
    negative: 'W',
};

impl Axis {
    /// +1 or −1 where `text` is one of the two directions.
    fn direction(&self, text: &[u8]) -> Option<bool> {
        let is = |direction: char| text.eq_ignore_ascii_case(&[direction as u8]);
        is(self.positive).then_some(true).or(is(self.negative).then_some(false))
    }
}

/// Reads `d [m [s[.fff]]] direction` as thousandths of an arc second around 2^31.
fn parse_angle(cursor: &mut Cursor<'_>, axis: &Axis) -> Result<u32, RdataError> {
    let expected = RdataError::Expected(axis.what);
    let mut angle = cursor.number(axis.what, axis.degrees_max)? * DEGREE;
    let mut text = cursor.word(axis.what)?;
    if axis.direction(text).is_none() {
        angle += decimal(text).filter(|minutes| *minutes < 60).ok_or(expected.clone())? * MINUTE;
        text = cursor.word(axis.what)?;
        if axis.direction(text).is_none() {
            let seconds = fixed(text, 3).filter(|thousandths| *thousandths < i64::from(MINUTE));
            angle +=
                seconds.and_then(|thousandths| u32::try_from(thousandths).ok()).ok_or(expected.clone())?;
            text = cursor.word(axis.what)?;
        }
    }
    let is_positive = axis.direction(text).filter(|_| angle <= axis.degrees_max * DEGREE).ok_or(expected)?;
    Ok(if is_positive { ORIGIN + angle } else { ORIGIN - angle })
}

/// Reads a size: its first digit and the power of ten; further digits are cut off, as the RFC's own code does.
fn parse_size(cursor: &mut Cursor<'_>) -> Result<u8, RdataError> {
    let what = "a size or precision in metres from 0m to 90000000m";
    let centimetres = metres(cursor.word(what)?).filter(|size| (0..=SIZE_MAX).contains(size));
    let mut mantissa = centimetres.ok_or(RdataError::Expected(what))?;
    let mut exponent = 0;
    while mantissa > 9 {
        mantissa /= 10;
        exponent += 1;
    }
    Ok((mantissa as u8) << 4 | exponent)
}

/// Metres as centimetres, with or without the unit.
fn metres(text: &[u8]) -> Option<i64> {
    fixed(text.strip_suffix(b"m").or(text.strip_suffix(b"M")).unwrap_or(text), 2)
}

/// A decimal number times ten to the power of `decimals`, which is the most that may follow the point.
fn fixed(text: &[u8], decimals: usize) -> Option<i64> {
    let (is_negative, text) = text.strip_prefix(b"-").map_or((false, text), |rest| (true, rest));
    let point = text.iter().position(|&octet| octet == b'.');
    let (whole, part) = text.split_at(point.unwrap_or(text.len()));
    let part = part.strip_prefix(b".").unwrap_or(part);
    if part.len() > decimals || (point.is_some() && part.is_empty()) {
        return None;
    }
    let mut digits = whole.to_vec();
    digits.extend_from_slice(part);
    digits.resize(whole.len() + decimals, b'0');
    let number = decimal(whole).and(std::str::from_utf8(&digits).ok()?.parse::<i64>().ok())?;
    Some(if is_negative { -number } else { number })
}

/// Prints all of a location, its sizes too.
pub(super) fn print(octets: &mut Octets<'_>, words: &mut Words) -> Option<()> {
    octets.u8().filter(|version| *version == 0)?;
    let sizes: [u8; 3] = octets.array()?;
    print_angle(octets.u32()?, &LATITUDE, words)?;
    print_angle(octets.u32()?, &LONGITUDE, words)?;
    let altitude = i64::from(octets.u32()?) - ALTITUDE_ORIGIN;
    let sign = if altitude < 0 { "-" } else { "" };
    words.push(format_args!("{sign}{}.{:02}m", altitude.abs() / 100, altitude.abs() % 100));
    for size in sizes {
        let (mantissa, exponent) = (u64::from(size >> 4), u32::from(size & 0xf));
        if mantissa > 9 || exponent > 9 {
            return None;
        }
        let centimetres = mantissa * 10_u64.pow(exponent);
        match centimetres % 100 {
            0 => words.push(format_args!("{}m", centimetres / 100)),
            part => words.push(format_args!("{}.{part:02}m", centimetres / 100)),
        }
    }
    Some(())
}

fn print_angle(number: u32, axis: &Axis, words: &mut Words) -> Option<()> {
    let angle = number.abs_diff(ORIGIN);
    if angle > axis.degrees_max * DEGREE {
        return None;
    }
    let (degrees, rest) = (angle / DEGREE, angle % DEGREE);
    let (minutes, rest) = (rest / MINUTE, rest % MINUTE);
    words.push(format_args!("{degrees} {minutes} {}.{:03}", rest / SECOND, rest % SECOND));
    words.push(if number >= ORIGIN { axis.positive } else { axis.negative });
    Some(())
}

/// Reads a decimal number from −`limit` to `limit`, in degrees or metres, as a character string (RFC 1712 §3). Which of
/// latitude and longitude stands first is not told from the numbers: text and example of the RFC have it both ways.
pub(super) fn parse_degrees(
    limit: u32,
    cursor: &mut Cursor<'_>,
    into: &mut Vec<u8>,
) -> Result<(), RdataError> {
    let what = match limit {
        180 => "degrees as a decimal number from -180 to 180",
        _ => "an altitude as a decimal number",
    };
    parse_checked(cursor, into, what, |text| is_within(text, limit))
}

fn is_within(text: &[u8], limit: u32) -> bool {
    let text = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    let mut parts = text.splitn(2, |&octet| octet == b'.');
    let (whole, part) = (parts.next().unwrap_or_default(), parts.next());
    let is_number = part.is_none_or(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit));
    let is_zero = part.is_none_or(|part| part.iter().all(|&digit| digit == b'0'));
    is_number && decimal(whole).is_some_and(|whole| whole < limit || (whole == limit && is_zero))
}
