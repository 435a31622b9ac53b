//! A text with places for a number: owner or data of a `$GENERATE` directive.

use std::io::Write;
use std::ops::Range;

use thiserror::Error;

/// The most digits that a number is filled up to, as in BIND.
const WIDTH_MAX: u32 = 127;

/// Why a text is no template for the numbers of a directive, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum TemplateError {
    #[error("this is not a form of $")]
    Form(Range<usize>),
    #[error("the number plus this offset goes beyond 2147483647 or below -2147483648")]
    Range(Range<usize>),
}

/// Text and places for the number, in order.
pub(super) struct Template(Vec<Part>);

enum Part {
    Text(Vec<u8>),
    Number(Form, Range<usize>),
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Form {
    offset: i32,
    width: u32,
    base: Base,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    Decimal,
    Octal,
    Hex,
    UpperHex,
    Nibbles,
    UpperNibbles,
}

impl Template {
    /// Reads a text; escapes stay as they are, so that the line that is made has them. Only `\"` in a text that stood
    /// in quotes becomes a quote of that line.
    pub(super) fn parse(text: &[u8], quoted: bool) -> Result<Template, TemplateError> {
        let mut parts = Vec::new();
        let mut plain = Vec::new();
        let mut at = 0;
        while let Some(&octet) = text.get(at) {
            let rest = &text[at + 1..];
            let taken = match (octet, rest.first()) {
                (b'$', Some(b'$')) => {
                    plain.push(b'$');
                    2
                }
                (b'$', next) => {
                    let (form, length) = if next == Some(&b'{') { braced(text, at)? } else { (PLAIN, 1) };
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                    parts.push(Part::Number(form, at..at + length));
                    length
                }
                (b'\\', Some(b'"')) if quoted => {
                    plain.push(b'"');
                    2
                }
                (b'\\', Some(next)) => {
                    plain.extend([b'\\', *next]);
                    2
                }
                _ => {
                    plain.push(octet);
                    1
                }
            };
            at += taken;
        }
        parts.push(Part::Text(plain));
        Ok(Template(parts))
    }

    /// Whether the template has a text for a number.
    pub(super) fn check(&self, number: u32) -> Result<(), TemplateError> {
        self.0.iter().try_for_each(|part| match part {
            Part::Number(form, place) if form.value(number).is_none() => {
                Err(TemplateError::Range(place.clone()))
            }
            _ => Ok(()),
        })
    }

    /// Appends the text for a number that [`Template::check`] lets pass, or lies between two such.
    pub(super) fn append(&self, number: u32, into: &mut Vec<u8>) {
        for part in &self.0 {
            match part {
                Part::Text(text) => into.extend_from_slice(text),
                Part::Number(form, _) => form.append(number, into),
            }
        }
    }
}

const PLAIN: Form = Form { offset: 0, width: 0, base: Base::Decimal };

/// Reads `${offset[,width[,base]]}`, which begins at `start`; the form and the length of all.
fn braced(text: &[u8], start: usize) -> Result<(Form, usize), TemplateError> {
    let length = text[start..].iter().position(|&octet| octet == b'}').map(|close| close + 1);
    let whole = &text[start..start + length.unwrap_or(text.len() - start)];
    let refused = || TemplateError::Form(start..start + whole.len());
    let inner = std::str::from_utf8(&whole[2..]).ok().and_then(|inner| inner.strip_suffix('}'));
    form(inner.ok_or_else(refused)?).map(|form| (form, whole.len())).ok_or_else(refused)
}

fn form(inner: &str) -> Option<Form> {
    let mut parts = inner.split(',');
    let offset = parts.next()?.parse().ok()?;
    let width =
        parts.next().map_or(Some(0), |width| width.parse().ok().filter(|width| *width <= WIDTH_MAX))?;
    let base = match parts.next().unwrap_or("d") {
        "d" => Base::Decimal,
        "o" => Base::Octal,
        "x" => Base::Hex,
        "X" => Base::UpperHex,
        "n" => Base::Nibbles,
        "N" => Base::UpperNibbles,
        _ => return None,
    };
    parts.next().is_none().then_some(Form { offset, width, base })
}

impl Form {
    fn value(self, number: u32) -> Option<i32> {
        i32::try_from(i64::from(number) + i64::from(self.offset)).ok()
    }

    /// Below zero, base d has a sign, and the others show the 32 bits of the two's complement, as C does.
    fn append(self, number: u32, into: &mut Vec<u8>) {
        let value = self.value(number).unwrap_or_default();
        let width = self.width as usize;
        let written = match self.base {
            Base::Decimal => write!(into, "{value:0width$}"),
            Base::Octal => write!(into, "{value:0width$o}"),
            Base::Hex => write!(into, "{value:0width$x}"),
            Base::UpperHex => write!(into, "{value:0width$X}"),
            Base::Nibbles => return append_nibbles(value as u32, self.width, b"0123456789abcdef", into),
            Base::UpperNibbles => return append_nibbles(value as u32, self.width, b"0123456789ABCDEF", into),
        };
        written.expect("a Vec takes all octets");
    }
}

/// Appends the hexadecimal digits from the lowest, with full stops between them; the width counts both.
fn append_nibbles(value: u32, width: u32, digits: &[u8; 16], into: &mut Vec<u8>) {
    let (mut value, mut width) = (value, width);
    loop {
        into.push(digits[(value & 0xf) as usize]);
        value >>= 4;
        width = width.saturating_sub(1);
        if width == 0 && value == 0 {
            return;
        }
        into.push(b'.');
        width = width.saturating_sub(1);
        if width == 0 && value == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a template makes of a number; `None` where it is refused.
    fn made(template: &str, number: u32) -> Option<String> {
        let template = Template::parse(template.as_bytes(), false).ok()?;
        template.check(number).ok()?;
        let mut text = Vec::new();
        template.append(number, &mut text);
        Some(String::from_utf8(text).unwrap())
    }

    /// Texts as BIND 9.18 makes them.
    #[test]
    fn numbers_are_written_as_bind_does() {
        for (template, number, expected) in [
            ("h$", 7, "h7"),
            ("$a${0}b$$c", 1, "1a1b$c"),
            ("h\\$$", 1, "h\\$1"),
            ("\\", 1, "\\"),
            ("$", 2_147_483_647, "2147483647"),
            ("${-1}", 0, "-1"),
            ("${-1,3}", 0, "-01"),
            ("${+5}", 1, "6"),
            ("${-1,4,x}", 0, "ffffffff"),
            ("${10,4,d}", 0, "0010"),
            ("${10,4,o}", 0, "0012"),
            ("${10,4,x}", 1, "000b"),
            ("${10,4,X}", 1, "000B"),
            ("${0,2,x}", 43775, "aaff"),
            ("${300,0,n}", 0, "c.2.1"),
            ("${300,5,n}", 0, "c.2.1"),
            ("${300,6,N}x", 0, "C.2.1.x"),
            ("${0,7,N}", 43775, "F.F.A.A"),
            ("${0,8,n}", 43775, "f.f.a.a."),
            ("${0,1,n}", 0, "0"),
            ("${0,2,n}", 0, "0."),
        ] {
            assert_eq!(made(template, number).as_deref(), Some(expected), "{template}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        let refused = [
            "${",
            "${}",
            "${0,0,z}",
            "${0,,d}",
            "${0,3,}",
            "${0,3,d",
            "${ 5}",
            "${0x5}",
            "${0,1,d,1}",
            "${0,128}",
            "${99999999999}",
            "${0,-1}",
        ];
        for template in refused {
            assert_eq!(made(template, 1), None, "{template}");
        }
        assert_eq!(made("${1}", i32::MAX as u32), None);
        assert_eq!(made("${-2147483648}", 0).as_deref(), Some("-2147483648"));
    }
}
