use super::super::fixture::{HEAD, lines, load, records, whole};

/// The records that a directive makes: owner, TTL, type number and data in hexadecimal.
fn check(directive: &str, expected: &[&str]) {
    let all = records(&whole(&format!("{directive}\n")));
    let mut made: Vec<String> = all[3..].iter().map(|line| line.replace(".example.com.", "")).collect();
    made.sort();
    assert_eq!(made, expected, "{directive}");
}

fn check_refused(directive: &str, expected: &str) {
    let faults = lines(&load(&format!("{HEAD}{directive}\n")).1);
    assert_eq!(faults, [expected], "{directive}");
}

#[test]
fn each_number_makes_a_record() {
    check("$GENERATE 1-3 h$ A 192.0.2.$", &["h1 300 1 c0000201", "h2 300 1 c0000202", "h3 300 1 c0000203"]);
    check(
        "$GENERATE 1-10/4 h$ 60 IN A 192.0.2.$",
        &["h1 60 1 c0000201", "h5 60 1 c0000205", "h9 60 1 c0000209"],
    );
    check("$generate 01-1 h$ IN 1m A 192.0.2.$", &["h1 60 1 c0000201"]);
    check("$GENERATE 1-1 h$ MX \"1$ .\"", &["h1 300 15 000b00"]);
    check("$GENERATE 1-1 h$ TXT \"a \\\"b $\\\"\"", &["h1 300 16 016103622031"]);
    check("$GENERATE 1-1 h$$ TXT \\$$", &["h\\$ 300 16 022431"]);
    check("$GENERATE 1-1 h$ TYPE65534 \"\\# 1 0$\"", &["h1 300 65534 01"]);
    check("$GENERATE 10-10 ${0,3,n} A ( 192.0.2.${0,0,d} )", &["a.0 300 1 c000020a"]);
}

/// As in BIND, a line without an owner after the directive belongs to the record before it.
#[test]
fn the_current_owner_stays() {
    check(
        "a TXT x\n$GENERATE 1-1 h$ TXT y\n A 192.0.2.1",
        &["a 300 1 c0000201", "a 300 16 0178", "h1 300 16 0179"],
    );
}

#[test]
fn faults_point_at_the_directive_and_show_what_was_made() {
    check_refused(
        "$GENERATE 254-400 h$ A 192.0.2.$",
        "5:24: error: A: here should stand an IPv4 address, in the record made here: h256 A 192.0.2.256 \
         (help: written as: A 192.0.2.1)",
    );
    check_refused(
        "$GENERATE 1-9 h..$ A 192.0.2.$",
        "5:15: error: this is not an owner name: a label is empty, in the record made here: h..1 A 192.0.2.1",
    );
    check_refused(
        "$GENERATE 1-9 h$ TXT \"\"",
        "5:18: error: TXT: the data ends here, but a character string is still missing, \
         in the record made here: h1 TXT  (help: written as: TXT \"a text\" \"and more of it\")",
    );
    check_refused(
        "$GENERATE 1-9 h$ TXT \"(\"",
        "5:22: error: this parenthesis is never closed, in the record made here: h1 TXT ( \
         (help: close it with ) after the last part of the record)",
    );
    check_refused(
        "$GENERATE 1-9 h$ RP \". mail$.example.com\"",
        "5:21: warning: this name is relative: it means mail1.example.com.example.com., \
         in the record made here: h1 RP . mail1.example.com (help: write mail1.example.com. with a final dot)",
    );
    check_refused(
        "$GENERATE 1-2 h$ SOA \"a b 1 2 3 4 5\"",
        "5:18: error: an SOA record below the apex of the zone, in the record made here: h1 SOA a b 1 2 3 4 5 \
         (help: the one SOA record belongs to example.com.)",
    );
    check_refused(
        "$GENERATE 1-1 h$ MX \"10 h1\" ; a fault that is found when all is read\nb A 192.0.2.1",
        "5:21: warning: MX names h1.example.com., which has no A or AAAA record (help: add an A or AAAA record for \
         h1.example.com., or end the name with a dot if it is not in this zone)",
    );
}

#[test]
fn what_is_wrong_with_the_directive_itself() {
    let usage =
        "(help: $GENERATE start-stop[/step] owner [TTL] [class] type data: $GENERATE 1-9 host$ A 192.0.2.$)";
    check_refused("$GENERATE 1-9", &format!("5:1: error: an argument is missing {usage}"));
    check_refused("$GENERATE 1-9 h$", &format!("5:1: error: an argument is missing {usage}"));
    check_refused("$GENERATE 1-9 h$ A", &format!("5:18: error: the data is missing {usage}"));
    check_refused(
        "$GENERATE 1-9 \"h$\" A 1.1.1.$",
        &format!("5:15: error: an owner name cannot stand in quotes {usage}"),
    );
    check_refused(
        "$GENERATE 1-9 h$ MX 10 m$",
        "5:24: error: the data is complete before this \
         (help: write data of several parts in quotes: $GENERATE 1-9 @ MX \"10 mail$\")",
    );
    for range in ["3-1", "1", "1-2/0", "-1-2", "1-2x", "1-2147483648", "1-2/3/4", "a-b", "1-"] {
        check_refused(
            &format!("$GENERATE {range} h$ A 192.0.2.$"),
            &format!(
                "5:11: error: {range} is not a range \
                 (help: write start-stop or start-stop/step, numbers up to 2147483647, as in 0-254/2)"
            ),
        );
    }
    let form =
        "(help: write $ or ${offset[,width[,base]]}, with base d, o, x, X, n or N; $$ for a dollar sign)";
    check_refused("$GENERATE 1-9 h${0,z} A 1.1.1.$", &format!("5:16: error: this is not a form of $ {form}"));
    check_refused("$GENERATE 1-9 h$ TXT \"$ ${\"", &format!("5:25: error: this is not a form of $ {form}"));
    check_refused(
        "$GENERATE 1-2147483647/2147483646 h${1} A 192.0.2.1",
        &format!(
            "5:36: error: the number plus this offset goes beyond 2147483647 or below -2147483648 {form}"
        ),
    );
    check_refused(
        "$GENERATE 1-2 h$ CH A 192.0.2.1",
        "5:18: error: only class IN is served (help: remove the class, or write IN)",
    );
}

#[test]
fn directives_make_a_bounded_number_of_records() {
    let fault = "this makes too many records \
                 (help: at most 1000000 of one directive, and 4000000 of all in a zone)";
    check_refused("$GENERATE 0-1000000 h$ A 192.0.2.1", &format!("5:11: error: {fault}"));
    let million = "$GENERATE 1-1000000 h A 192.0.2.300\n";
    let faults = lines(&load(&format!("{HEAD}{}", million.repeat(5))).1);
    assert_eq!(faults.len(), 5);
    assert_eq!(faults[4], format!("9:11: error: {fault}"));
}
