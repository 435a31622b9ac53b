//! `$GENERATE` (as BIND has it): one record for each number of a range.
//!
//! `$GENERATE start-stop[/step] owner [TTL] [class] type data`, where `$` in owner and data is the number and
//! `${offset[,width[,base]]}` the number plus an offset, with zeros in front, in base d, o, x, X, n or N (the last two:
//! nibbles from the lowest, with full stops between them); `$$` and `\$` are a dollar sign. The data is one word; in
//! quotes it may have several parts, and `\"` for quotes of theirs. Unlike BIND, nothing may follow the numbers of the
//! range, and an offset counts for its own `$` only (BIND 9.18 adds it to every plain `$` behind it, against its
//! manual).
//!
//! A record is made as the line that one would have written, and read like it, so every type works. Its faults point
//! at the directive and show that line; of one directive only the first error and the first warning are told.

mod template;

use std::ops::Range;
use std::sync::Arc;

use self::template::{Template, TemplateError};
use super::cursor::decimal;
use super::faults::{Place, excerpt};
use super::lexer::{Lexer, Token};
use super::master::{Current, FileState, Header, Reader};
use crate::fault::{Fault, Severity, Source};

/// The most records that one directive makes.
const BY_ONE_MAX: u64 = 1_000_000;
/// The most records that all directives of a zone make.
const IN_ZONE_MAX: u64 = 4_000_000;
/// The highest number of a range, as in BIND.
const NUMBER_MAX: u32 = i32::MAX as u32;

/// Where the parts stand among the directive's tokens.
const RANGE: usize = 1;
const OWNER: usize = 2;
const AFTER_OWNER: usize = 3;

const USAGE: &str =
    "$GENERATE start-stop[/step] owner [TTL] [class] type data: $GENERATE 1-9 host$ A 192.0.2.$";

/// A directive whose parts are read.
struct Directive<'t> {
    tokens: &'t [Token],
    numbers: Numbers,
    owner: Template,
    data: Template,
    header: Header,
    place: Place,
}

/// Carries out the directive that `tokens` are, in file number `file`.
pub(super) fn read(reader: &mut Reader<'_>, state: &FileState<'_>, file: u16, tokens: &[Token]) {
    let Some(directive) = parse(reader, state, file, tokens) else { return };
    let (numbers, place) = (directive.numbers, directive.place);
    if numbers.count() > BY_ONE_MAX || reader.generated + numbers.count() > IN_ZONE_MAX {
        let help = format!("at most {BY_ONE_MAX} of one directive, and {IN_ZONE_MAX} of all in a zone");
        return reader.fault(state, &tokens[RANGE], "this makes too many records", &help);
    }
    reader.generated += numbers.count();
    reader.faults.mark_generated(place);
    let mut warned = false;
    for number in numbers.all() {
        match directive.make(reader, state, number, warned) {
            _ if reader.is_full() => return,
            Some(Severity::Error) => return,
            Some(Severity::Warning) => warned = true,
            None => {}
        }
    }
}

fn parse<'t>(
    reader: &mut Reader<'_>,
    state: &FileState<'_>,
    file: u16,
    tokens: &'t [Token],
) -> Option<Directive<'t>> {
    let [directive, range, owner, ..] = tokens else {
        reader.fault(state, &tokens[0], "an argument is missing", USAGE);
        return None;
    };
    let numbers = Numbers::parse(state.text(range));
    if numbers.is_none() {
        let message = format!("{} is not a range", excerpt(state.text(range)));
        let help = format!("write start-stop or start-stop/step, numbers up to {NUMBER_MAX}, as in 0-254/2");
        reader.fault(state, range, &message, &help);
    }
    let numbers = numbers?;
    if owner.quoted {
        reader.fault(state, owner, "an owner name cannot stand in quotes", USAGE);
        return None;
    }
    if tokens.len() == AFTER_OWNER {
        reader.fault(state, directive, "an argument is missing", USAGE);
        return None;
    }
    let header = reader.parse_header(state, 0, tokens, AFTER_OWNER)?;
    let data = match &tokens[header.type_at + 1..] {
        [data] => data,
        [] => {
            reader.fault(state, &tokens[header.type_at], "the data is missing", USAGE);
            return None;
        }
        [_, surplus, ..] => {
            let help = "write data of several parts in quotes: $GENERATE 1-9 @ MX \"10 mail$\"";
            reader.fault(state, surplus, "the data is complete before this", help);
            return None;
        }
    };
    let place = Place { file, offset: tokens[header.type_at].span().start as u32 };
    let owner = template(reader, state, owner, numbers)?;
    let data = template(reader, state, data, numbers)?;
    Some(Directive { tokens, numbers, owner, data, header, place })
}

fn template(
    reader: &mut Reader<'_>,
    state: &FileState<'_>,
    token: &Token,
    numbers: Numbers,
) -> Option<Template> {
    let parsed = Template::parse(state.text(token), token.quoted).and_then(|template| {
        let ends = [numbers.start, numbers.stop];
        ends.iter().try_for_each(|number| template.check(*number)).map(|()| template)
    });
    match parsed {
        Ok(template) => Some(template),
        Err(error) => {
            let start = token.span().start + usize::from(token.quoted);
            let at = |range: &Range<usize>| start + range.start..start + range.end;
            let (TemplateError::Form(range) | TemplateError::Range(range)) = &error;
            let help =
                "write $ or ${offset[,width[,base]]}, with base d, o, x, X, n or N; $$ for a dollar sign";
            reader.faults.push(Fault::error(state.source, at(range), error.to_string()).help(help));
            None
        }
    }
}

impl Directive<'_> {
    /// Makes one record; the severity of the worst fault, which was pushed unless it is a further warning.
    fn make(
        &self,
        reader: &mut Reader<'_>,
        state: &FileState<'_>,
        number: u32,
        warned: bool,
    ) -> Option<Severity> {
        let line = self.line(state, number);
        let source = Source::new(state.source.path.as_str(), line);
        let made = FileState {
            source: &source,
            above: Some(state),
            origin: state.origin.clone(),
            owner: Current::None,
        };
        let before = reader.faults.kept_count();
        let mut tokens = Vec::new();
        match Lexer::new(&source.octets).next_entry(&mut tokens) {
            Some(Err(fault)) => reader.report_lex_fault(&made, &fault),
            _ => self.add(reader, &made, &tokens),
        }
        let faults = reader.faults.take_from(before);
        let worst = faults.iter().map(|fault| fault.severity).max();
        if worst == Some(Severity::Error) || !warned {
            for fault in faults {
                reader.faults.push(self.as_ours(state, &fault, &tokens));
            }
        }
        worst
    }

    /// The line that one would have written: owner, type, data.
    fn line(&self, state: &FileState<'_>, number: u32) -> Vec<u8> {
        let mut line = Vec::new();
        self.owner.append(number, &mut line);
        line.push(b' ');
        line.extend_from_slice(state.text(&self.tokens[self.header.type_at]));
        line.push(b' ');
        self.data.append(number, &mut line);
        line
    }

    fn add(&self, reader: &mut Reader<'_>, made: &FileState<'_>, tokens: &[Token]) {
        let [owner, _, ..] = tokens else {
            let message = "the owner name that is made here is empty, or ends the line";
            return reader.faults.push(Fault::error(made.source, 0..0, message));
        };
        if let Some(owner) = reader.parse_owner(made, owner) {
            let mut header = self.header;
            (header.owner, header.type_at) = (owner, 1);
            reader.add_record(made, &header, self.place, tokens);
        }
    }

    /// A fault about a made line as one about the directive.
    fn as_ours(&self, state: &FileState<'_>, fault: &Fault, made: &[Token]) -> Fault {
        let at = fault.span.as_ref().map_or(0, |span| span.start);
        let part = match made.iter().filter(|token| token.span().end <= at).count() {
            0 => OWNER,
            1 => self.header.type_at,
            _ => self.header.type_at + 1,
        };
        let line = excerpt(&fault.source.octets);
        Fault {
            source: Arc::clone(state.source),
            span: Some(self.tokens[part].span()),
            message: format!("{}, in the record made here: {line}", fault.message),
            ..fault.clone()
        }
    }
}

/// The numbers of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Numbers {
    start: u32,
    stop: u32,
    step: u32,
}

impl Numbers {
    /// Reads `start-stop[/step]`.
    fn parse(text: &[u8]) -> Option<Numbers> {
        let text = std::str::from_utf8(text).ok()?;
        let (ends, step) = text.split_once('/').unwrap_or((text, "1"));
        let (start, stop) = ends.split_once('-')?;
        let number = |text: &str| decimal(text.as_bytes()).filter(|number| *number <= NUMBER_MAX);
        let numbers = Numbers { start: number(start)?, stop: number(stop)?, step: number(step)? };
        (numbers.start <= numbers.stop && numbers.step > 0).then_some(numbers)
    }

    fn count(self) -> u64 {
        u64::from((self.stop - self.start) / self.step) + 1
    }

    fn all(self) -> impl Iterator<Item = u32> {
        (self.start..=self.stop).step_by(self.step as usize)
    }
}

#[cfg(test)]
mod tests;
