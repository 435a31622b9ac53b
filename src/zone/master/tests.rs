//! Master files and the records, or faults, that they give.

use super::super::fixture::{HEAD, lines, load, load_files, records, whole};

/// The lines below the head of a zone give these records (owners below example.com.) beside the head's.
fn check(text: &str, expected: &[&str]) {
    let found = records(&whole(text));
    let found: Vec<String> =
        found[3..].iter().map(|record| record.replacen(".example.com. ", " ", 1)).collect();
    assert_eq!(found, expected, "{text}");
}

/// The lines below the head of a zone, the first of which is line 5, give these faults.
fn check_faults(text: &str, expected: &[&str]) {
    assert_eq!(lines(&load(&format!("{HEAD}{text}")).1), expected, "{text}");
}

#[test]
fn owners_ttls_and_classes_stand_in_any_allowed_form() {
    check("a A 192.0.2.1", &["a 300 1 c0000201"]);
    check("a 60 A 192.0.2.1", &["a 60 1 c0000201"]);
    check("a IN 60 A 192.0.2.1", &["a 60 1 c0000201"]);
    check("a 1h30m in a 192.0.2.1", &["a 5400 1 c0000201"]);
    check("a CLASS1 TYPE1 192.0.2.1", &["a 300 1 c0000201"]);
    check("a\tA\t192.0.2.1\r\n", &["a 300 1 c0000201"]);
    check("\"a\" A 192.0.2.1", &["a 300 1 c0000201"]);
    check("(a A\n192.0.2.1) ; (\n", &["a 300 1 c0000201"]);
    check("a A 192.0.2.1\n 5 TXT x", &["a 300 1 c0000201", "a 5 16 0178"]);
    check("A.Example.com. A 192.0.2.1", &["a 300 1 c0000201"]);
    check("a\\.b\\032c A 192.0.2.1", &["a\\.b\\032c 300 1 c0000201"]);
}

#[test]
fn rfc2308_ttl_defaults() {
    check("a 60 A 192.0.2.1\nb A 192.0.2.1", &["a 60 1 c0000201", "b 300 1 c0000201"]);
    check("$TTL 1h\nb A 192.0.2.1\n$ttl 7\nc TXT x", &["b 3600 1 c0000201", "c 7 16 0178"]);
    let without = "@ SOA ns1 host 1 2 3 4 5\n@ NS ns1\nns1 60 A 192.0.2.1\n AAAA ::1\n";
    let (data, faults) = load(without);
    let message = "1:3: warning: the SOA record has no TTL: its last field, 5, is taken, and is the default \
                   (help: write a line with $TTL above it)";
    assert_eq!(lines(&faults), [message]);
    let ttls: Vec<String> = records(&data.unwrap().compile())
        .iter()
        .map(|record| record.split(' ').nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(ttls, ["5", "5", "60", "5"]);
    let (data, faults) = load("@ 9 SOA ns1 host 1 2 3 4 5\n@ NS ns1\nns1 60 A 192.0.2.1\n AAAA ::1\n");
    assert_eq!(faults, []);
    assert!(records(&data.unwrap().compile()).iter().any(|record| record.contains(" 60 28 ")));
}

#[test]
fn origins_complete_names_in_owners_and_data() {
    check(
        "$ORIGIN b\n@ TXT x\na CNAME c\n$ORIGIN example.com.\nd CNAME a.b\nc.b A 192.0.2.1",
        &[
            "b 300 16 0178",
            "a.b 300 5 01630162076578616d706c6503636f6d00",
            "d 300 5 01610162076578616d706c6503636f6d00",
            "c.b 300 1 c0000201",
        ],
    );
}

#[test]
fn included_files_change_neither_origin_nor_owner() {
    let zone = format!("{HEAD}a TXT x\n$INCLUDE \"inc\" b\n TXT z\n$INCLUDE inc2\nend A 192.0.2.1\n");
    let files = [
        ("z", zone.as_str()),
        ("inc", " TXT y\nc A 192.0.2.1\n$ORIGIN d\ne A 192.0.2.1"),
        ("inc2", "f A 192.0.2.1\n$INCLUDE inc"),
    ];
    let (data, faults) = load_files("example.com.", &files);
    assert_eq!(faults, []);
    let zone = data.unwrap().compile();
    let owners: Vec<String> =
        records(&zone)[3..].iter().map(|record| record.split_once(' ').unwrap().0.to_owned()).collect();
    let expected = ["a", "a", "a", "c.b", "e.d.b", "f", "f", "c", "e.d", "end"];
    assert_eq!(owners, expected.map(|owner| format!("{owner}.example.com.")));
}

#[test]
fn includes_are_bounded_and_their_faults_have_their_own_place() {
    let zone = format!("{HEAD}$INCLUDE a\n$INCLUDE none\n");
    let (_, faults) =
        load_files("example.com.", &[("z", &zone), ("a", "x A 1\n$INCLUDE b"), ("b", "$INCLUDE a")]);
    assert_eq!(
        lines(&faults),
        [
            "6:10: error: none cannot be included: no such file",
            "a:1:5: error: A: here should stand an IPv4 address (help: written as: A 192.0.2.1)",
            "b:1:10: error: this file includes itself (help: remove one of the directives that lead here)",
        ]
    );
    let paths: Vec<String> = (0..20).map(|number| format!("f{number}")).collect();
    let texts: Vec<String> = (1..21).map(|number| format!("$INCLUDE f{number}")).collect();
    let files: Vec<(&str, &str)> =
        paths.iter().zip(&texts).map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let (_, faults) = load_files("example.com.", &files);
    assert!(
        lines(&faults)
            .iter()
            .any(|line| line.starts_with("f9:1:10: error: files are included more than 10 deep")),
        "{faults:?}"
    );
}

#[test]
fn a_file_included_many_times_counts_each_time() {
    let zone = format!("{HEAD}{}", "$INCLUDE a\n".repeat(1001));
    let (_, faults) = load_files("example.com.", &[("z", &zone), ("a", "")]);
    let help = "at most 1000 in all";
    assert_eq!(lines(&faults), [format!("1005:10: error: too many files are included (help: {help})")]);
}

#[test]
fn broken_lines_are_all_reported_and_the_others_read() {
    let twice = "x AAA ::1\ny A 192.0.2\nz A 192.0.2.1\n";
    let (data, faults) = load(&format!("{HEAD}{twice}"));
    assert_eq!(
        lines(&faults),
        [
            "5:3: error: there is no record type AAA (help: did you mean AAAA?)",
            "6:5: error: A: here should stand an IPv4 address (help: written as: A 192.0.2.1)",
        ]
    );
    assert!(data.unwrap().ttl(&super::super::fixture::name("z.example.com."), 1).is_some());
}

#[test]
fn faults_point_at_the_token_and_say_the_way_out() {
    let cases: [(&str, &str); 24] = [
        (
            "www.example.com A 192.0.2.1",
            "5:1: warning: this name is relative: it means www.example.com.example.com. \
             (help: write www.example.com. with a final dot)",
        ),
        (
            "a MX 10 ns1.example.com",
            "5:9: warning: this name is relative: it means ns1.example.com.example.com. \
             (help: write ns1.example.com. with a final dot)",
        ),
        (
            "a.example.net. A 192.0.2.1",
            "5:1: error: a.example.net. is not in the zone example.com. \
             (help: remove the record, or put it into the file of its own zone)",
        ),
        (
            "A 192.0.2.1",
            "5:3: error: there is no record type 192.0.2.1 \
             (help: a line without an owner name begins with a blank)",
        ),
        (
            "a 60 60 A 192.0.2.1",
            "5:6: error: there is no record type 60 (help: a TTL stands once, before the type)",
        ),
        (
            "a Alias b",
            "5:3: error: there is no record type Alias (help: no type of the DNS: \
             write A and AAAA records here, and steer the name if they should change)",
        ),
        ("a CH TXT x", "5:3: error: only class IN is served (help: remove the class, or write IN)"),
        (
            "a ANY x",
            "5:3: error: no record can have the type ANY \
             (help: remove it: this type is for questions and signalling only)",
        ),
        ("a IN", "5:3: error: the record ends here, its type is missing (help: write: owner TTL type data)"),
        (
            "a 1h30 A 192.0.2.1",
            "5:3: error: this is not a TTL (help: write seconds up to 2147483647, or units as in 1h30m)",
        ),
        (
            "a 2147483648 A 192.0.2.1",
            "5:3: warning: this TTL is too long and counts as 0 \
             (help: the longest TTL is 2147483647 seconds (RFC 2181 §8))",
        ),
        (
            "a A 192.0.2.1 192.0.2.2",
            "5:15: error: A: the data is complete before this (help: written as: A 192.0.2.1)",
        ),
        (
            "a MX 10",
            "5:6: error: MX: the data ends here, but a domain name is still missing \
             (help: written as: MX 10 mail.example.com.)",
        ),
        ("a..b A 192.0.2.1", "5:1: error: this is not an owner name: a label is empty"),
        (
            "a CNAME b..c",
            "5:9: error: CNAME: this is not a domain name: a label is empty \
             (help: written as: CNAME www.example.com.)",
        ),
        (
            "a LOC 52 22 23.000 N",
            "5:20: error: LOC: the data ends here, but a longitude: degrees up to 180, then minutes and seconds \
             if you like, then E or W is still missing \
             (help: written as: LOC 52 22 23.000 N 4 53 32.000 E -2.00m 1m 10000m 10m)",
        ),
        (
            "a TYPE65534 x",
            "5:3: error: TYPE65534: TYPE65534 has no form of its own \
             (help: write the data as octets: TYPE65534 \\# 4 C0000201 (their number, and hexadecimal digits))",
        ),
        (
            "a TYPE65534 \\# 3 0102",
            "5:18: error: TYPE65534: \\# says 3 octets, but 2 follow \
             (help: write \\# 2, or two digits for each octet)",
        ),
        (
            "a SOA ns1 host 1 2 3 4 5",
            "5:3: error: an SOA record below the apex of the zone \
             (help: the one SOA record belongs to example.com.)",
        ),
        (
            "$GENERATE 5-1 a$ A 192.0.2.$",
            "5:11: error: 5-1 is not a range \
             (help: write start-stop or start-stop/step, numbers up to 2147483647, as in 0-254/2)",
        ),
        (
            "$ORIGN a",
            "5:1: error: there is no such directive (help: directives are $ORIGIN, $TTL, $INCLUDE and $GENERATE; \
             a name with a dollar sign begins with \\$)",
        ),
        ("$TTL 1 2", "5:8: error: this is one argument too many (help: $TTL has one argument: $TTL 1h)"),
        (
            "a TXT \"x",
            "5:7: error: this quoted text has no closing quote on its line \
             (help: close the text with \" on the same line; write \\\" for a quote in it)",
        ),
        (
            "a A ( 192.0.2.1\n b",
            "5:5: error: this parenthesis is never closed \
             (help: close it with ) after the last part of the record)",
        ),
    ];
    for (text, expected) in cases {
        let (_, faults) = load(&format!("{HEAD}{text}\n"));
        assert_eq!(lines(&faults).first().map(String::as_str), Some(expected), "{text}");
    }
    check_faults("", &[]);
}

#[test]
fn faults_before_the_first_record() {
    let first = |text: &str, number: usize| lines(&load(text).1)[number].clone();
    assert_eq!(
        first(" A 192.0.2.1", 1),
        "1:2: error: this line begins with a blank, but there is no owner name above it \
         (help: begin the line with the owner name; @ is the origin)"
    );
    assert_eq!(
        first("\u{feff}@ NS a", 0),
        "1:1: error: the file begins with a byte order mark (help: save it as UTF-8 without one)"
    );
}

#[test]
fn a_record_without_any_ttl_is_refused() {
    let (_, faults) = load("@ NS ns1\nns1 A 192.0.2.1\n@ 1 SOA ns1 host 1 2 3 4 5\n");
    assert!(lines(&faults)[0].starts_with("1:3: error: this record has no TTL and there is no $TTL"));
}
