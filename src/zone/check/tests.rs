use super::super::fixture::{HEAD, lines, load, load_beside};

/// The lines below the head, the first of which is line 5, give these faults; what to do is left out.
fn check(text: &str, expected: &[&str]) {
    let faults = lines(&load(&format!("{HEAD}{text}\n")).1);
    let messages: Vec<&str> =
        faults.iter().map(|line| line.split(" (help").next().unwrap_or_default()).collect();
    assert_eq!(messages, expected, "{text}");
}

/// The first target stands in full, the second ends in a pointer to the apex.
#[test]
fn two_cnames_of_which_only_the_second_is_in_the_zone_are_a_fault_and_nothing_worse() {
    let faults = lines(&load(&format!("{HEAD}a CNAME x.net.\na CNAME a-much-longer-target\n")).1);
    assert!(faults.iter().any(|line| line.contains("error")), "{faults:?}");
}

#[test]
fn a_zone_has_soa_and_ns() {
    let messages = |text: &str| lines(&load(text).1);
    assert_eq!(
        messages("$TTL 1\n@ NS a.\n"),
        [" error: the zone example.com. has no SOA record \
          (help: begin it with: @ SOA ns1.example.com. hostmaster.example.com. 1 1h 15m 1w 5m)"]
    );
    assert_eq!(
        messages("$TTL 1\n@ SOA a b 1 2 3 4 5\n"),
        [" error: the zone example.com. has no NS record at its apex \
          (help: name the servers of the zone, as in: @ NS ns1.example.com.)"]
    );
    check("", &[]);
}

#[test]
fn a_cname_stands_alone_but_for_its_signature() {
    check("a CNAME ns1\na A 192.0.2.1", &["5:3: error: a.example.com. has a CNAME record and A beside it"]);
    check("@ CNAME ns1", &["5:3: error: example.com. has a CNAME record and NS beside it"]);
    check("a CNAME ns1\na NSEC b CNAME\na RRSIG CNAME 13 3 300 20270101000000 20261201000000 1 @ AAAA", &[]);
}

#[test]
fn nameservers_and_hosts_of_the_zone_have_addresses() {
    check("@ NS ns2", &["5:6: error: NS names ns2.example.com., which has no A or AAAA record"]);
    check(
        "@ NS ns2\n*.b A 192.0.2.1\n@ NS x.b",
        &["5:6: error: NS names ns2.example.com., which has no A or AAAA record"],
    );
    check("a MX 10 b\nb TXT x", &["5:9: warning: MX names b.example.com., which has no A or AAAA record"]);
    check("a SRV 1 2 3 b", &["5:13: warning: SRV names b.example.com., which has no A or AAAA record"]);
    check(
        "a MX 0 .\na SRV 0 0 0 .\na NS x.net.",
        &[
            "5:3: warning: the MX record of a.example.com. is never answered: a.example.com. is delegated",
            "6:3: warning: the SRV record of a.example.com. is never answered: a.example.com. is delegated",
        ],
    );
    check("a NS b", &["5:6: warning: NS names b.example.com., which has no A or AAAA record"]);
    check(
        "a NS (\n ; c\n ns.a )",
        &["7:2: warning: the glue of ns.a.example.com. is missing: it has no A or AAAA record here"],
    );
    check("a NS ns.a\nns.a A 192.0.2.1\nb NS ns.a", &[]);
    check("a NS x.b\nb NS ns1", &[]);
}

#[test]
fn what_records_lead_to_exists_or_lies_elsewhere() {
    check(
        "1 PTR www.acme.test",
        &["5:7: warning: PTR names www.acme.test.example.com., which does not exist"],
    );
    check("1 PTR www.acme.test.\n_a._udp PTR _b.c\nx._b.c TXT x\n2 PTR @\n*.w TXT x\n3 PTR a.w", &[]);
    check(
        "a HTTPS 1 . alpn=h2\nb HTTPS 0 ns1\nc HTTPS 0 www.acme.test\nd SVCB 1 nowhere port=53",
        &[
            "7:11: warning: HTTPS names www.acme.test.example.com., which does not exist",
            "8:10: warning: SVCB names nowhere.example.com., which does not exist",
        ],
    );
    check(
        "a NAPTR 1 2 s \"SIP+D2U\" \"\" nowhere\nb NAPTR 1 2 u \"\" \"!^.*$!x!\" .\nc NAPTR 1 2 a \"\" \"\" ns1",
        &["5:28: warning: NAPTR names nowhere.example.com., which does not exist"],
    );
    check("a PTR b.d\nd NS ns.x.net.", &[]);
}

#[test]
fn the_mailbox_has_a_dot_for_its_at_sign() {
    let zone = |names: &str| format!("$TTL 300\n@ SOA {names} 1 2 3 4 64\n@ NS x.net.\n");
    let messages = |names: &str| lines(&load(&zone(names)).1);
    for wrong in ["ns.x.net. hostmaster@acme.test.", "ns hostmaster@acme.test"] {
        let [message] = &messages(wrong)[..] else { panic!("{wrong}: {:?}", messages(wrong)) };
        assert!(
            message.contains("warning: the mailbox of the SOA record is written with a dot"),
            "{message}"
        );
    }
    for right in ["ns.x.net. hostmaster.acme.test.", "@ host\\.master", "ns ."] {
        assert_eq!(messages(right), [""; 0], "{right}");
    }
}

#[test]
fn aliases_are_no_hosts_and_lead_somewhere() {
    check("a CNAME ns1\nb MX 1 a", &["6:8: warning: MX names a.example.com., which is an alias"]);
    check(
        "a CNAME nowhere",
        &["5:9: warning: the alias leads to nowhere.example.com., which does not exist"],
    );
    check("a CNAME nowhere.example.net.", &[]);
    check(
        "a CNAME b.d\nd DNAME x.net.\ne MX 1 b.d",
        &["7:8: warning: MX names b.d.example.com., which is an alias"],
    );
    check(
        "a CNAME b\nb CNAME a",
        &[
            "5:3: warning: the alias a.example.com. leads back to itself",
            "6:3: warning: the alias b.example.com. leads back to itself",
        ],
    );
    check("*.a CNAME x.a", &["5:5: warning: the alias *.a.example.com. leads back to itself"]);
}

#[test]
fn rfc6672_a_dname_leads_somewhere_and_nothing_stands_below_it() {
    check("d DNAME x.net.\nd A 192.0.2.1\nd MX 1 ns1\ne DNAME ns1\nf DNAME b.g\nc.b.g A 192.0.2.1", &[]);
    check(
        "d DNAME nowhere",
        &["5:9: warning: the DNAME leads to nowhere.example.com., which does not exist"],
    );
    check(
        "d DNAME x.net.\na.d A 192.0.2.1\n*.b.d TXT x\nc.d NSEC3 1 0 0 - 00000000000000000000000000000000 A",
        &[
            "6:5: error: the A record of a.d.example.com. is never answered: d.example.com. has a DNAME record",
            "7:7: error: the TXT record of *.b.d.example.com. is never answered: d.example.com. has a DNAME record",
        ],
    );
    check(
        "d NS ns1\nd DNAME x.net.",
        &["6:3: warning: the DNAME record of d.example.com. is never answered: d.example.com. is delegated"],
    );
    check(
        "d CNAME ns1\nd DNAME x.net.",
        &["5:3: error: d.example.com. has a CNAME record and DNAME beside it"],
    );
}

#[test]
fn rfc6672_loops_through_dnames_are_told() {
    let back = |line: usize, what: &str, name: &str| {
        format!("{line}:3: warning: the {what} {name}.example.com. leads back to itself")
    };
    let check = |text: &str, expected: &[String]| {
        check(text, &expected.iter().map(String::as_str).collect::<Vec<_>>());
    };
    check("d DNAME e\ne DNAME d", &[back(5, "DNAME of", "d"), back(6, "DNAME of", "e")]);
    check("d DNAME d", &[back(5, "DNAME of", "d")]);
    check("d DNAME x.d", &[back(5, "DNAME of", "d")]);
    check("d DNAME x.e\ne DNAME d", &[back(5, "DNAME of", "d"), back(6, "DNAME of", "e")]);
    check("a CNAME a.d\nd DNAME @", &[back(5, "alias", "a")]);
    check("a CNAME b.d\nd DNAME @\nb A 192.0.2.1", &[]);
}

#[test]
fn names_of_a_served_zone_inside_of_this_one_are_left_to_it() {
    let inside = "@ NS ns.in.ner\na CNAME www.in.ner\nb MX 1 in.ner\nc PTR x.y.in.ner\nd DNAME in.ner\ne CNAME ner\n\
                  f CNAME win.ner\n";
    let messages = |children: &[&str]| {
        let text = format!("{HEAD}{inside}");
        lines(&load_beside("example.com.", &[("z", &text)], children).1)
    };
    assert_eq!(messages(&[]).len(), 7);
    let left = messages(&["IN.ner.example.com.", "deeper.in.ner.example.com."]);
    let [e, f] = &left[..] else { panic!("{left:?}") };
    assert!(e.contains("leads to ner.example.com., which does not exist"), "{e}");
    assert!(f.contains("leads to win.ner.example.com., which does not exist"), "{f}");
}

#[test]
fn what_a_delegation_hides_is_told() {
    check(
        "a NS ns.a\nns.a A 192.0.2.1\nns.a TXT x\nb.a A 192.0.2.1\na TXT x\na DS 1 13 9 aa\nns.a AAAA ::1",
        &[
            "7:6: warning: the TXT record of ns.a.example.com. is never answered: a.example.com. is delegated",
            "8:5: warning: the A record of b.a.example.com. is never answered: a.example.com. is delegated",
            "9:3: warning: the TXT record of a.example.com. is never answered: a.example.com. is delegated",
        ],
    );
    check("a DS 1 13 9 aa", &["5:3: warning: a.example.com. has a DS record but is not delegated"]);
}

#[test]
fn asterisks_are_wildcards_only_as_the_whole_first_label() {
    check("*.a TXT x", &[]);
    check("*a TXT x", &["5:4: warning: the asterisk in *a.example.com. is an ordinary character"]);
    check("b.*.a TXT x", &["5:7: warning: the asterisk in b.*.a.example.com. is an ordinary character"]);
    check("*.a NS ns1", &["5:5: error: a wildcard cannot be delegated: *.a.example.com. has NS records"]);
}
