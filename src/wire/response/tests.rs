use super::*;

pub(super) const HEADER: Header = Header::of([0xAB, 0xCD, 0x01, 0x00]);
pub(super) const QUESTION: &[u8] = b"\x01w\x07example\0\0\x01\0\x01";
pub(super) const TWO_A: &[u8] =
    b"\0\0\0\x01\0\x01\0\0\0\x3C\0\x04\x01\x02\x03\x04\0\0\0\x01\0\x01\0\0\0\x3C\0\x04\x05\x06\x07\x08";

pub(super) fn records<'r>(octets: &'r [u8], count: u16, pointers: &'r [u16]) -> Records<'r> {
    Records { octets, count, pointers, ttl: None }
}

#[test]
fn owners_pointers_and_ttls_are_patched() {
    let mut buffer = [0xEE; 512];
    let mut response = Response::start(&mut buffer, 512, HEADER, QUESTION, None).unwrap();
    assert!(response.put(
        Section::Answer,
        QUESTION_AT,
        14,
        Records { ttl: Some(7), ..records(TWO_A, 2, &[]) }
    ));
    let ns = b"\0\0\0\x02\0\x01\0\0\0\x3C\0\x05\x02ns\xC0\0";
    assert!(response.put(Section::Authority, 14, 14, records(ns, 1, &[15])));
    let length = response.finish(Rcode::NoError, true, None);
    let mut expected = b"\xAB\xCD\x85\0\0\x01\0\x02\0\x01\0\0".to_vec();
    expected.extend_from_slice(QUESTION);
    expected.extend_from_slice(b"\xC0\x0C\0\x01\0\x01\0\0\0\x07\0\x04\x01\x02\x03\x04");
    expected.extend_from_slice(b"\xC0\x0C\0\x01\0\x01\0\0\0\x07\0\x04\x05\x06\x07\x08");
    expected.extend_from_slice(b"\xC0\x0E\0\x02\0\x01\0\0\0\x3C\0\x05\x02ns\xC0\x0E");
    assert_eq!(buffer[..length], expected);
}

#[test]
fn a_pointer_within_records_is_moved_to_where_they_stand() {
    let ns = b"\0\0\0\x02\0\x01\0\0\0\x3C\0\x05\x02ns\xC0\0\0\0\0\x02\0\x01\0\0\0\x3C\0\x04\x01x\xC0\x0C";
    for (start, fits) in [(QUESTION.len(), true), (POINTER_REACH - 24, true), (POINTER_REACH - 23, false)] {
        let question: Vec<u8> = QUESTION.iter().copied().cycle().take(start).collect();
        let mut buffer = vec![0; 0x5000];
        let mut response = Response::start(&mut buffer, 0x5000, HEADER, &question, None).unwrap();
        assert_eq!(response.put(Section::Authority, 14, 14, records(ns, 2, &[15, 31])), fits);
        let first = HEADER_LENGTH + start;
        assert_eq!(response.position(), if fits { first + ns.len() } else { first }, "{start}");
        let length = response.finish(Rcode::NoError, false, None);
        assert_eq!(buffer[8..10], [0, if fits { 2 } else { 0 }]);
        if fits {
            assert_eq!(buffer[first + 15..][..2], [0xC0, 14]);
            let target = (POINTER_BITS | (first + 12) as u16).to_be_bytes();
            assert_eq!(buffer[length - 2..length], target);
        }
    }
}

#[test]
fn rfc6672_a_redirection_copies_what_is_kept_through_pointers() {
    let mut buffer = [0; 512];
    let mut response = Response::start(&mut buffer, 512, HEADER, QUESTION, None).unwrap();
    let at = response.position();
    assert!(response.put(
        Section::Answer,
        QUESTION_AT,
        14,
        records(b"\0\0\0\x05\0\x01\0\0\0\x3C\0\x05\x02ab\xC0\0", 1, &[15])
    ));
    let alias = at as u16 + 12;
    assert_eq!(response.within_name(alias, 0), alias);
    assert_eq!(response.within_name(alias, 3), 14);
    assert_eq!(response.within_name(alias, 3 + 8), 14 + 8);
    let start = response.position();
    assert!(!response.put_redirection(alias, 512, 14, 7));
    // Octet 14 is where `example.` stands, 22 its root label, which is written out.
    assert!(response.put_redirection(alias, 3, 14, 7));
    assert!(response.put_redirection(alias, 3 + 8, 22, 7));
    assert_eq!(response.find(rtype::CNAME, b"\x02ab\xC0\x0E"), Some(alias));
    assert_eq!(response.find(rtype::CNAME, b"\x02ab\x07example\0"), Some(start as u16 + 17 + 12));
    assert_eq!(response.find(rtype::DNAME, b"\x02ab\xC0\x0E"), None);
    let length = response.finish(Rcode::NoError, true, None);
    let mut expected = vec![0xC0, alias as u8];
    expected.extend_from_slice(b"\0\x05\0\x01\0\0\0\x07\0\x05\x02ab\xC0\x0E");
    expected.extend_from_slice(&[0xC0, alias as u8]);
    expected.extend_from_slice(b"\0\x05\0\x01\0\0\0\x07\0\x0C\x02ab\x07example\0");
    assert_eq!(buffer[start..length], expected);
    assert_eq!(buffer[6..8], [0, 3]);
}

#[test]
fn truncation_drops_whole_sections_and_keeps_opt() {
    let mut buffer = [0; 512];
    let opt = Opt {
        payload: 1232,
        dnssec_ok: true,
        client_subnet: Some((&[0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2], 20)),
        options: b"\0\x03\0\x03fra",
    };
    let limit = 12 + QUESTION.len() + 11 + 7 + 11;
    let mut response = Response::start(&mut buffer, limit, HEADER, QUESTION, Some(&opt)).unwrap();
    assert!(!response.put(Section::Answer, QUESTION_AT, 14, records(TWO_A, 2, &[])));
    response.truncate();
    let length = response.finish(Rcode::BadVers, true, Some(&opt));
    assert_eq!(length, limit);
    assert_eq!(buffer[2..12], *b"\x87\0\0\x01\0\0\0\0\0\x01");
    let expected = b"\0\0\x29\x04\xD0\x01\0\x80\0\0\x12\0\x08\0\x07\0\x01\x18\x14\xC0\0\x02\0\x03\0\x03fra";
    assert_eq!(buffer[12 + QUESTION.len()..length], *expected);
    assert!(Response::start(&mut buffer, limit - 1, HEADER, QUESTION, Some(&opt)).is_none());
}
