//! What packets are read as.

use super::*;

const QUESTION: &[u8] = b"\x03wWw\x07example\x03com\0\0\x01\0\x01";

fn packet(flags: u16, counts: [u16; 4], rest: &[u8]) -> Vec<u8> {
    let mut packet = vec![0xAB, 0xCD];
    packet.extend_from_slice(&flags.to_be_bytes());
    counts.iter().for_each(|count| packet.extend_from_slice(&count.to_be_bytes()));
    packet.extend_from_slice(rest);
    packet
}

fn opt(owner: &[u8], ttl: u32, options: &[u8]) -> Vec<u8> {
    let mut opt = owner.to_vec();
    opt.extend_from_slice(&[0, 41, 0x04, 0xD0]);
    opt.extend_from_slice(&ttl.to_be_bytes());
    opt.extend_from_slice(&(options.len() as u16).to_be_bytes());
    opt.extend_from_slice(options);
    opt
}

/// `rcode+opt` of a refusal, or a word for everything else.
fn reaction(packet: &[u8]) -> String {
    let mut name = QuestionName::default();
    let (mut plain_name, mut plain) = (QuestionName::default(), Query::default());
    let is_plain = read_plain(packet, &mut plain_name, &mut plain);
    let reading = read(packet, &mut name);
    if is_plain {
        assert_eq!((&Packet::Query(plain), plain_name.as_octets()), (&reading, name.as_octets()));
    }
    match reading {
        Packet::Query(query) => {
            let trailing = query.edns.features.has(Features::TRAILING);
            let counts = [count(packet, 1), count(packet, 2), count(packet, 3)];
            let ordinary = matches!(counts, [0, 0, 0 | 1]) && counts[2] == u16::from(query.edns.is_there());
            assert_eq!(is_plain, ordinary && !trailing);
            let edns = if query.edns.is_there() { "+opt" } else { "" };
            let trailing = if trailing { "+trailing" } else { "" };
            format!("query{edns}{trailing}")
        }
        Packet::Refusal(refusal) => {
            let edns = if refusal.opt.is_some() { "+opt" } else { "" };
            let question = if refusal.question.is_empty() { "" } else { "+question" };
            format!("{}{question}{edns}", refusal.rcode.name())
        }
        Packet::CookieRequest(_) => "cookie".into(),
        Packet::Control => "control".into(),
        Packet::Drop(reason) => format!("{reason:?}"),
    }
}

#[test]
fn packets_get_the_reaction_of_security_md() {
    let tsig = b"\x03key\0\0\xFA\0\xFF\0\0\0\0\0\0".as_slice();
    let a_record = b"\xC0\x0C\0\x01\0\x01\0\0\0\0\0\x04\x01\x02\x03\x04".as_slice();
    let ok = opt(b"\0", 0, b"");
    let cookie = opt(b"\0", 0, b"\0\x0a\0\x08abcdefgh");
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (packet(0x0100, [1, 0, 0, 0], QUESTION), "query"),
        (packet(0x8100, [1, 0, 0, 0], QUESTION), "Response"),
        (b"\0\0\0\0\0\0\0\0\0\0\0".to_vec(), "Short"),
        (packet(0x1000, [1, 0, 0, 0], QUESTION), "NOTIMP"),
        (packet(0x3000, [0, 0, 0, 0], b""), "NOTIMP"),
        (packet(0x7800, [9, 9, 9, 9], b""), "NOTIMP"),
        (packet(0x1000, [1, 0, 0, 1], &[QUESTION, &ok].concat()), "NOTIMP+opt"),
        (packet(0x7800, [0, 0, 0, 1], &ok), "NOTIMP+opt"),
        (packet(0x2000, [1, 0, 0, 0], QUESTION), "control"),
        (packet(0x2000, [0, 0, 0, 1], &ok), "FORMERR+opt"),
        (packet(0x2000, [1, 0, 0, 2], &[QUESTION, &ok, &ok].concat()), "FORMERR+question+opt"),
        (packet(0x2800, [1, 0, 0, 1], &[QUESTION, &opt(b"\0", 0, b"x")].concat()), "FORMERR+question+opt"),
        (
            packet(0x2800, [1, 0, 0, 1], &[QUESTION, &opt(b"\0", 1 << 16, b"")].concat()),
            "BADVERS+question+opt",
        ),
        (packet(0x2800, [1, 0, 0, 0], QUESTION), "control"),
        (packet(0, [0, 0, 0, 0], b""), "FORMERR"),
        (packet(0, [0, 0, 0, 1], &ok), "FORMERR+opt"),
        (packet(0, [0, 0, 0, 1], &cookie), "cookie"),
        (packet(0, [0, 0, 0, 2], &[cookie.as_slice(), tsig].concat()), "FORMERR+opt"),
        (packet(0, [0, 0, 0, 2], &[cookie.as_slice(), &ok].concat()), "FORMERR+opt"),
        (packet(0x2000, [0, 0, 0, 1], &cookie), "FORMERR+opt"),
        (packet(0, [2, 0, 0, 0], &[QUESTION, QUESTION].concat()), "FORMERR"),
        (packet(0, [2, 0, 0, 1], &[QUESTION, QUESTION, &ok].concat()), "FORMERR+opt"),
        (packet(0, [1, 0, 0, 0], &QUESTION[..QUESTION.len() - 1]), "FORMERR"),
        (packet(0, [1, 0, 0, 0], b"\xC0\x0C\0\x01\0\x01"), "FORMERR"),
        (packet(0, [1, 0, 0, 0], b"\x40\0\x01\0\x01"), "FORMERR"),
        (packet(0, [1, 0, 0, 0], &[QUESTION, b"x"].concat()), "query+trailing"),
        (packet(0, [1, 0, 0, 1], &[QUESTION, &ok].concat()), "query+opt"),
        (packet(0, [1, 0, 0, 1], &[QUESTION, &ok, b"x"].concat()), "query+opt+trailing"),
        (packet(0, [1, 0, 0, 2], &[QUESTION, &ok, &ok].concat()), "FORMERR+question+opt"),
        (packet(0, [1, 1, 0, 0], &[QUESTION, &ok].concat()), "FORMERR+question"),
        (packet(0, [1, 0, 1, 1], &[QUESTION, &ok, &ok].concat()), "FORMERR+question+opt"),
        (packet(0, [1, 0, 1, 0], &[QUESTION, tsig].concat()), "FORMERR+question"),
        (packet(0, [1, 1, 1, 0], &[QUESTION, a_record, a_record].concat()), "query"),
        (packet(0, [1, 0, 0, 1], &[QUESTION, &opt(b"\x01a\0", 0, b"")].concat()), "FORMERR+question+opt"),
        (packet(0, [1, 0, 0, 1], &[QUESTION, &opt(b"\0", 1 << 16, b"x")].concat()), "BADVERS+question+opt"),
        (packet(0, [1, 0, 0, 1], &[QUESTION, &opt(b"\0", 0, b"x")].concat()), "FORMERR+question+opt"),
        (packet(0, [1, 0, 0, 1], &[QUESTION, &ok[..10]].concat()), "FORMERR+question"),
        (packet(0, [1, 0, 0, 1], QUESTION), "FORMERR+question"),
        (packet(0, [1, 1, 0, 1], &[QUESTION, a_record, &ok].concat()), "query+opt"),
        (packet(0, [1, 1, 1, 0], &[QUESTION, a_record, a_record].concat()), "query"),
        (packet(0, [1, 0, 0, 1], &[QUESTION, tsig].concat()), "control"),
        (packet(0, [1, 0, 0, 2], &[QUESTION, &ok, tsig].concat()), "control"),
        (packet(0, [1, 0, 0, 2], &[QUESTION, tsig, &ok].concat()), "FORMERR+question+opt"),
        // Forward and self pointers in owners.
        (packet(0, [1, 1, 0, 0], &[QUESTION, b"\xC0\xFF", &a_record[2..]].concat()), "FORMERR+question"),
        (packet(0, [1, 1, 0, 0], &[QUESTION, b"\xC0\x21", &a_record[2..]].concat()), "FORMERR+question"),
    ];
    for (packet, expected) in cases {
        assert_eq!(reaction(&packet), expected, "{packet:02x?}");
    }
}

#[test]
fn the_question_is_kept_as_sent_and_its_name_folded() {
    let packet = packet(0x0110, [1, 0, 0, 0], QUESTION);
    let mut name = QuestionName::default();
    let Packet::Query(query) = read(&packet, &mut name) else { panic!("not a query") };
    assert_eq!(query.question, QUESTION);
    assert_eq!((query.qtype, query.qclass), (1, 1));
    assert_eq!(name.as_octets(), b"\x03www\x07example\x03com\0");
    assert_eq!(query.header.response(0), [0xAB, 0xCD, 0x81, 0x10]);
}
