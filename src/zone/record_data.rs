//! The data of one record that stands somewhere else than in a master file, written as it is there.

use std::ops::Range;

use super::cursor::{Cursor, RdataError};
use super::lexer::Lexer;
use super::master::rdata_help;
use super::{field, rdata, record_type};
use crate::wire::{Name, NameError};

/// What completes relative names where there is nothing: they are refused.
const NO_ORIGIN: &[u8] = &[];

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub struct RecordData {
    /// The data, names in full.
    pub octets: Box<[u8]>,
    /// A name that ends with the origin's own text, probably a forgotten final dot: its place in the text, in octets, and
    /// its meaning.
    pub doubled_origin: Option<(Range<usize>, Name)>,
}

/// Why a text is not the data of a record.
#[derive(Debug, PartialEq, Eq)]
pub struct DataFault {
    /// Its place in the text, in octets.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl RecordData {
    /// Reads the data of a record of this type from a text as a master file has it behind the type (RFC 1035 §5.1, RFC
    /// 3597 §5), for example `10 mail` for MX. Names without a final dot are relative to `origin`; without one they are
    /// faults.
    pub fn parse(rtype: u16, text: &str, origin: Option<&Name>) -> Result<RecordData, DataFault> {
        let mut tokens = Vec::new();
        let mut lexer = Lexer::new(text.as_bytes());
        if let Some(Err(fault)) = lexer.next_entry(&mut tokens) {
            let help = Some(fault.help().to_owned());
            return Err(DataFault { span: fault.span(), message: fault.to_string(), help });
        }
        let mut more = Vec::new();
        if lexer.next_entry(&mut more).is_some() {
            let span = more.first().map_or(text.len()..text.len(), |token| token.span());
            let help = Some("write one record in each text, and several texts as a list".to_owned());
            return Err(DataFault { span, message: "a second line begins here".to_owned(), help });
        }
        let origin = origin.map_or(NO_ORIGIN, Name::as_octets);
        let mut cursor = Cursor::new(text.as_bytes(), &tokens, 0..text.len(), origin);
        let mut octets = Vec::new();
        match rdata::parse(rtype, &mut cursor, &mut octets) {
            Ok(()) => Ok(RecordData { octets: octets.into(), doubled_origin: cursor.doubled_origin() }),
            Err(error) => {
                let help = match error {
                    RdataError::Name(NameError::NoOrigin) => {
                        "write it in full, with a dot at the end: this file belongs to no zone".to_owned()
                    }
                    _ => help_to_write(rtype, &error),
                };
                let help = (!help.is_empty()).then_some(help);
                Err(DataFault { span: cursor.span(), message: error.to_string(), help })
            }
        }
    }
}

/// What to do about data that was refused; an example does not repeat the type.
fn help_to_write(rtype: u16, error: &RdataError) -> String {
    let help = rdata_help(rtype, error);
    match record_type::example(rtype) {
        Some(example) if help.starts_with("written as: ") => format!("written as: {example}"),
        _ => help,
    }
}

/// The data of a record with its names in lower case (RFC 4034 §6.2): equal data is equal octets.
pub fn canonical_data(rtype: u16, octets: &[u8]) -> Vec<u8> {
    let mut canonical = octets.to_vec();
    let names: Vec<Range<usize>> = field::names(rtype, octets).collect();
    names.into_iter().for_each(|name| canonical[name].make_ascii_lowercase());
    canonical
}

/// The data of a record, names in full, as a master file writes it behind the type.
pub fn print_data(rtype: u16, octets: &[u8]) -> String {
    rdata::print(rtype, octets)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::name;
    use super::*;
    use crate::wire::rtype;

    fn read(rtype: u16, text: &str, origin: Option<&str>) -> Result<String, String> {
        let origin = origin.map(name);
        match RecordData::parse(rtype, text, origin.as_ref()) {
            Ok(data) => Ok(print_data(rtype, &data.octets)),
            Err(DataFault { span, message, .. }) => Err(format!("{span:?} {message}")),
        }
    }

    #[test]
    fn data_is_written_as_in_a_master_file() {
        let origin = Some("example.com.");
        assert_eq!(read(rtype::MX, "10 mail", origin), Ok("10 mail.example.com.".into()));
        assert_eq!(read(rtype::CNAME, "@", origin), Ok("example.com.".into()));
        assert_eq!(read(rtype::TXT, "\"a b\" c ; no more", origin), Ok("\"a b\" \"c\"".into()));
        assert_eq!(read(rtype::SRV, "(1 2\n 3 a.example.net.)", None), Ok("1 2 3 a.example.net.".into()));
        assert_eq!(read(65534, "\\# 1 ff", None), Ok("\\# 1 FF".into()));
    }

    #[test]
    fn faults_point_into_the_text() {
        let refused = |rtype, text, message: &str| assert_eq!(read(rtype, text, None), Err(message.into()));
        refused(
            rtype::MX,
            "10 mail",
            "3..7 this is not a domain name: the name is relative and there is no origin",
        );
        refused(rtype::MX, "10", "0..2 the data ends here, but a domain name is still missing");
        refused(rtype::MX, "", "0..0 the data ends here, but a number up to 65535 is still missing");
        refused(rtype::CNAME, "a. b.", "3..5 the data is complete before this");
        refused(rtype::TXT, "a\nb", "2..3 a second line begins here");
        refused(rtype::TXT, "\"a", "0..2 this quoted text has no closing quote on its line");
    }

    #[test]
    fn a_forgotten_final_dot_is_noticed() {
        let origin = name("example.com.");
        let read = RecordData::parse(rtype::CNAME, "www.example.com", Some(&origin)).unwrap();
        assert_eq!(read.doubled_origin, Some((0..15, name("www.example.com.example.com."))));
    }
}
