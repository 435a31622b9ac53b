//! Master files to records (RFC 1035 §5.1, RFC 2308 §4).
//!
//! A record's TTL is the one it is written with; else that of the last `$TTL`; else that of the record before it
//! (RFC 1035); else, for the SOA, its MINIMUM, with a warning, which then is the default, as BIND does. The origin and
//! the current owner after an `$INCLUDE` are those before it.
//!
//! A broken record costs itself only: reading goes on with the next one, so that all faults are found in one run.

use std::ops::Range;
use std::sync::Arc;

use super::cursor::{Cursor, RdataError, ends_with_origin_twice, seconds};
use super::faults::{Faults, Place, excerpt};
use super::lexer::{LexFault, Lexer, Token};
use super::record_type::{self, Parsed};
use super::records::Records;
use super::{Include, directive, rdata};
use crate::fault::{Fault, Source};
use crate::wire::name::append_parsed;
use crate::wire::{Name, QuestionName, class, rtype};

/// The longest TTL (RFC 2181 §8).
const TTL_MAX: u32 = i32::MAX as u32;
/// The most octets of one master file, or of one that it includes.
pub const FILE_OCTETS_MAX: usize = 1 << 30;

/// Reads a master file and what it includes.
pub(super) fn read(apex: &Name, source: &Arc<Source>, include: Include<'_>, faults: &mut Faults) -> Records {
    let octets = &source.octets;
    let lines = octets.iter().filter(|&&octet| octet == b'\n').count();
    let mut reader = Reader {
        apex,
        include,
        faults,
        records: Records::new(apex, octets.len().min(FILE_OCTETS_MAX), lines),
        default_ttl: None,
        last_ttl: None,
        included: 0,
        generated: 0,
        name: Vec::new(),
        question_name: QuestionName::default(),
    };
    reader.read_file(FileState { source, above: None, origin: apex.clone(), owner: Current::None });
    reader.records
}

/// What all files of a zone share.
pub(super) struct Reader<'a> {
    apex: &'a Name,
    pub(super) include: Include<'a>,
    pub(super) faults: &'a mut Faults,
    records: Records,
    /// From `$TTL`, or the SOA's MINIMUM where there is no other.
    pub(super) default_ttl: Option<u32>,
    /// That of the last record that was written with one.
    last_ttl: Option<u32>,
    /// How often a file was asked for by `$INCLUDE` so far.
    pub(super) included: usize,
    /// How many records `$GENERATE` was asked for so far.
    pub(super) generated: u64,
    /// Room for an owner name.
    name: Vec<u8>,
    question_name: QuestionName,
}

/// What each file has for itself.
pub(super) struct FileState<'f> {
    pub(super) source: &'f Arc<Source>,
    /// The file that includes this one.
    pub(super) above: Option<&'f FileState<'f>>,
    pub(super) origin: Name,
    pub(super) owner: Current,
}

impl<'f> FileState<'f> {
    /// The octets of a token of this file, its escapes untouched.
    pub(super) fn text(&self, token: &Token) -> &'f [u8] {
        token.text(&self.source.octets)
    }
}

/// The owner that a line without one means.
#[derive(Clone, Copy)]
pub(super) enum Current {
    /// No record was there yet.
    None,
    /// It was at fault, which was said already.
    Bad,
    /// An owner's number.
    Owner(u32),
}

/// The parts of a record in front of its data.
#[derive(Clone, Copy)]
pub(super) struct Header {
    pub(super) owner: u32,
    rtype: u16,
    /// The TTL as written.
    ttl: Option<u32>,
    /// The index of the token that is the type.
    pub(super) type_at: usize,
}

/// Whether the tokens look like an SOA record, however broken.
fn mentions_soa(octets: &[u8], tokens: &[Token]) -> bool {
    tokens.iter().any(|token| !token.quoted && token.text(octets).eq_ignore_ascii_case(b"SOA"))
}

impl Reader<'_> {
    /// Reads a file and adds its records.
    pub(super) fn read_file(&mut self, mut state: FileState<'_>) {
        let file = self.faults.add_source(state.source);
        if state.source.octets.len() > FILE_OCTETS_MAX {
            let message = format!("the file is larger than {FILE_OCTETS_MAX} octets");
            self.faults.push(Fault::file(state.source, message));
            return;
        }
        let octets = &state.source.octets;
        if octets.starts_with(b"\xef\xbb\xbf") {
            let fault = Fault::error(state.source, 0..3, "the file begins with a byte order mark");
            self.faults.push(fault.help("save it as UTF-8 without one"));
        }
        let mut lexer = Lexer::new(octets);
        let mut tokens = Vec::new();
        while let Some(entry) = lexer.next_entry(&mut tokens) {
            let faults_before = self.faults.count();
            match entry {
                Err(fault) => self.report_lex_fault(&state, &fault),
                Ok(false) if tokens[0].text(octets).starts_with(b"$") => {
                    directive::read(self, &mut state, file, &tokens);
                }
                Ok(continues) => self.read_record(&mut state, file, &tokens, continues),
            }
            if self.faults.count() > faults_before && mentions_soa(octets, &tokens) {
                self.faults.mark_soa();
            }
            if self.is_full() {
                self.faults.push(Fault::file(state.source, "the zone is too large: its data exceeds 4 GiB"));
                return;
            }
        }
    }

    /// Reports what the lexer refused.
    pub(super) fn report_lex_fault(&mut self, state: &FileState<'_>, fault: &LexFault) {
        let place = Fault::error(state.source, fault.span(), fault.to_string());
        self.faults.push(place.help(fault.help()));
    }

    /// Whether the zone takes no further record.
    pub(super) fn is_full(&self) -> bool {
        self.records.is_full()
    }

    fn read_record(&mut self, state: &mut FileState<'_>, file: u16, tokens: &[Token], continues: bool) {
        let owner = if continues {
            self.owner_above(state, &tokens[0])
        } else {
            self.parse_owner(state, &tokens[0]).map_or(Current::Bad, Current::Owner)
        };
        state.owner = owner;
        let Current::Owner(owner) = owner else { return };
        if let Some(header) = self.parse_header(state, owner, tokens, usize::from(!continues)) {
            let place = Place { file, offset: tokens[header.type_at].span().start as u32 };
            self.add_record(state, &header, place, tokens);
        }
    }

    /// The owner of a line that has none; a file that begins so is told once.
    fn owner_above(&mut self, state: &FileState<'_>, first: &Token) -> Current {
        if let Current::None = state.owner {
            let message = "this line begins with a blank, but there is no owner name above it";
            self.fault(state, first, message, "begin the line with the owner name; @ is the origin");
            return Current::Bad;
        }
        state.owner
    }

    /// Reads an owner name and takes it in; its number.
    pub(super) fn parse_owner(&mut self, state: &FileState<'_>, token: &Token) -> Option<u32> {
        let text = state.text(token);
        self.name.clear();
        if let Err(error) = append_parsed(text, Some(state.origin.as_octets()), &mut self.name) {
            let message = format!("this is not an owner name: {error}");
            self.faults.push(Fault::error(state.source, token.span(), message));
            return None;
        }
        self.question_name.read(&self.name)?;
        let owner = self.records.owner(&self.question_name);
        let name = || Name::from_wire(&self.name).unwrap_or_else(|_| Name::root());
        if owner.is_none() {
            let message = format!("{} is not in the zone {}", name(), self.apex);
            let fault = Fault::error(state.source, token.span(), message).label("outside the zone");
            self.faults.push(fault.help("remove the record, or put it into the file of its own zone"));
        } else if ends_with_origin_twice(text, &self.name, state.origin.as_octets()) {
            let name = name();
            self.warn_doubled_origin(state, token.span(), &name);
        }
        owner
    }

    /// Reads TTL and class, in either order, and the type; token number `first` is the first behind the owner.
    pub(super) fn parse_header(
        &mut self,
        state: &FileState<'_>,
        owner: u32,
        tokens: &[Token],
        first: usize,
    ) -> Option<Header> {
        let mut ttl = None;
        let mut class = None;
        for (type_at, token) in tokens.iter().enumerate().skip(first) {
            let text = state.text(token);
            if token.quoted {
                self.fault(state, token, "here should stand a record type", "remove the quotes");
                return None;
            }
            if ttl.is_none() && text.first().is_some_and(u8::is_ascii_digit) && looks_like_time(text) {
                ttl = Some(self.parse_ttl(state, token)?);
            } else if let (None, Some(found)) = (class, record_type::parse_class(text)) {
                class = Some(self.check_class(state, token, found)?);
            } else {
                let rtype = self.parse_type(state, tokens, type_at, first)?;
                return Some(Header { owner, rtype, ttl, type_at });
            }
        }
        let end = tokens[tokens.len() - 1];
        self.fault(state, &end, "the record ends here, its type is missing", "write: owner TTL type data");
        None
    }

    fn check_class(&mut self, state: &FileState<'_>, token: &Token, found: u16) -> Option<u16> {
        if found != class::IN {
            self.fault(state, token, "only class IN is served", "remove the class, or write IN");
            return None;
        }
        Some(found)
    }

    /// Reads the type, token number `at` of a record whose first token behind the owner is number `first`.
    fn parse_type(
        &mut self,
        state: &FileState<'_>,
        tokens: &[Token],
        at: usize,
        first: usize,
    ) -> Option<u16> {
        let token = &tokens[at];
        let text = state.text(token);
        match record_type::parse(text) {
            Some(Parsed::Data(number)) => return Some(number),
            Some(Parsed::Meta(number)) => {
                let message = format!("no record can have the type {}", record_type::name(number));
                self.fault(
                    state,
                    token,
                    &message,
                    "remove it: this type is for questions and signalling only",
                );
            }
            None => {
                let message = format!("there is no record type {}", excerpt(text));
                let owner_is_type = first == 1 && record_type::parse(state.text(&tokens[0])).is_some();
                let fault = Fault::error(state.source, token.span(), message).label("not a type");
                self.faults.push(fault.help(type_help(text, owner_is_type)));
            }
        }
        None
    }

    /// Reads the data of a record, which was written at `place`, and adds it.
    pub(super) fn add_record(
        &mut self,
        state: &FileState<'_>,
        header: &Header,
        place: Place,
        tokens: &[Token],
    ) {
        let type_token = &tokens[header.type_at];
        if header.rtype == rtype::SOA && header.owner != super::records::APEX {
            let help = format!("the one SOA record belongs to {}", self.apex);
            return self.fault(state, type_token, "an SOA record below the apex of the zone", &help);
        }
        let mut cursor = Cursor::new(
            &state.source.octets,
            &tokens[header.type_at + 1..],
            type_token.span(),
            state.origin.as_octets(),
        );
        let ttl = header.ttl.or(self.default_ttl).or(self.last_ttl);
        let added = self.records.add((header.owner, header.rtype, ttl.unwrap_or(0)), place, |into| {
            rdata::parse(header.rtype, &mut cursor, into)
        });
        if let Some((span, name)) = cursor.doubled_origin() {
            self.warn_doubled_origin(state, span, &name);
        }
        if let Err(error) = added {
            return self.report_rdata_error(state, header.rtype, cursor.span(), &error);
        }
        self.last_ttl = header.ttl.or(self.last_ttl);
        if ttl.is_none() {
            self.settle_missing_ttl(state, type_token, header.rtype);
        }
    }

    /// The record just added has no TTL of its own and there is no default yet.
    fn settle_missing_ttl(&mut self, state: &FileState<'_>, type_token: &Token, number: u16) {
        if number != rtype::SOA {
            let help = "write a TTL before the type, or a line with $TTL above the records";
            return self.fault(state, type_token, "this record has no TTL and there is no $TTL", help);
        }
        let Some(record) = self.records.last_mut() else { return };
        let record = *record;
        let data = self.records.rdata(&record);
        let minimum = data.last_chunk::<4>().map_or(0, |octets| u32::from_be_bytes(*octets)).min(TTL_MAX);
        if let Some(record) = self.records.last_mut() {
            record.ttl = minimum;
        }
        self.default_ttl = Some(minimum);
        let message =
            format!("the SOA record has no TTL: its last field, {minimum}, is taken, and is the default");
        let fault = Fault::warning(state.source, type_token.span(), message);
        self.faults.push(fault.help("write a line with $TTL above it"));
    }

    fn report_rdata_error(
        &mut self,
        state: &FileState<'_>,
        number: u16,
        span: Range<usize>,
        error: &RdataError,
    ) {
        let fault = Fault::error(state.source, span, format!("{}: {error}", record_type::name(number)));
        let help = rdata_help(number, error);
        self.faults.push(if help.is_empty() { fault } else { fault.help(help) });
    }

    /// Reads a time to live. Beyond 31 bits it counts as 0 (RFC 2181 §8).
    pub(super) fn parse_ttl(&mut self, state: &FileState<'_>, token: &Token) -> Option<u32> {
        let Some(ttl) = seconds(state.text(token)) else {
            self.fault(
                state,
                token,
                "this is not a TTL",
                "write seconds up to 2147483647, or units as in 1h30m",
            );
            return None;
        };
        if ttl > TTL_MAX {
            let fault = Fault::warning(state.source, token.span(), "this TTL is too long and counts as 0");
            self.faults.push(fault.help(format!("the longest TTL is {TTL_MAX} seconds (RFC 2181 §8)")));
            return Some(0);
        }
        Some(ttl)
    }

    /// Warns of a name without a final dot that ends with the origin's own text.
    pub(super) fn warn_doubled_origin(&mut self, state: &FileState<'_>, span: Range<usize>, name: &Name) {
        let written = excerpt(&state.source.octets[span.clone()]);
        let fault = Fault::warning(state.source, span, format!("this name is relative: it means {name}"));
        self.faults.push(fault.label("no final dot").help(format!("write {written}. with a final dot")));
    }

    /// An error about a token.
    pub(super) fn fault(&mut self, state: &FileState<'_>, token: &Token, message: &str, help: &str) {
        self.faults.push(Fault::error(state.source, token.span(), message).help(help));
    }
}

/// What other servers call an alias that they resolve themselves. It is refused, rather than served as the private type
/// that Knot and PowerDNS give it (TYPE65401): nobody's resolver follows that.
const FLATTENED: [&[u8]; 2] = [b"ALIAS", b"ANAME"];

/// What to write where `text` stands instead of a type.
fn type_help(text: &[u8], owner_is_type: bool) -> String {
    if FLATTENED.iter().any(|name| name.eq_ignore_ascii_case(text)) {
        return "no type of the DNS: write A and AAAA records here, and steer the name if they should change"
            .to_owned();
    }
    match record_type::similar(text) {
        Some(similar) => format!("did you mean {similar}?"),
        None if looks_like_time(text) => "a TTL stands once, before the type".to_owned(),
        None if owner_is_type => "a line without an owner name begins with a blank".to_owned(),
        None => "types without a name are written as in TYPE65534 \\# 4 C0000201".to_owned(),
    }
}

/// What to do about data that was refused; empty where there is nothing to add.
pub(super) fn rdata_help(number: u16, error: &RdataError) -> String {
    match error {
        RdataError::NoForm(name) => {
            format!("write the data as octets: {name} \\# 4 C0000201 (their number, and hexadecimal digits)")
        }
        RdataError::StringTooLong(_) => "cut it into several texts, each in quotes".to_owned(),
        RdataError::GenericLength { found, .. } => format!("write \\# {found}, or two digits for each octet"),
        RdataError::NotOfType(_) => "write names in full, without compression, and nothing behind".to_owned(),
        _ => match record_type::entry(number) {
            Some(known) if !known.example.is_empty() => format!("written as: {}", known.example),
            _ => String::new(),
        },
    }
}

/// Whether a text has only digits and units of time.
fn looks_like_time(text: &[u8]) -> bool {
    text.iter().all(|octet| octet.is_ascii_digit() || b"wdhms".contains(&octet.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests;
