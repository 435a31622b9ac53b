//! What is read of sound files and of broken ones.

use super::*;

fn faults_of(text: &str) -> Vec<String> {
    let source = Source::new("f", text);
    let faults = Faults::default();
    read(&source, &[], &faults);
    faults.into_sorted(&source).iter().map(ToString::to_string).collect()
}

#[test]
fn entries_keep_the_written_order_and_know_their_places() {
    let source = Source::new("f", "z = 1\na = \"x\"\n[t]\nb = [true, 1.5]\n");
    let faults = Faults::default();
    let table = read(&source, &[], &faults);
    let keys: Vec<_> = table.entries.iter().map(|entry| entry.key.value.as_str()).collect();
    assert_eq!(keys, ["z", "a", "t"]);
    assert_eq!(table.entries[1].value.place.span, 10..13);
    assert!(matches!(&table.entries[1].value.kind, Kind::Text(text) if text == "x"));
    assert!(!faults.any_error());
}

#[test]
fn all_syntax_errors_are_told_at_once_in_our_words() {
    assert_eq!(
        faults_of("interval = 5s\na = 1\na = 2\nb =\nlisten = 127.0.0.1\n"),
        [
            "f:1:12: error: `5s` lacks its quotes (help: write `\"5s\"`)",
            "f:3:1: error: `a` stands twice (help: keep one of the two)",
            "f:4:4: error: the value is missing (help: write a value or remove the key)",
            "f:5:10: error: `127.0.0.1` is no value (help: texts such as addresses and durations stand in quotes)",
        ]
    );
}

/// The paths of all values, as far as they are known, and the faults.
fn read_all(text: &str) -> (Vec<String>, Vec<String>) {
    fn paths(table: &Table, above: &str, list: &mut Vec<String>) {
        for entry in &table.entries {
            let path = format!("{above}{}", entry.key.value);
            match &entry.value.kind {
                Kind::Table(inner) => paths(inner, &format!("{path}."), list),
                Kind::Broken => list.push(format!("{path}?")),
                _ => list.push(path),
            }
        }
    }
    let source = Source::new("f", text);
    let faults = Faults::default();
    let mut list = Vec::new();
    paths(&read(&source, &[], &faults), "", &mut list);
    (list, faults.into_sorted(&source).iter().map(ToString::to_string).collect())
}

#[test]
fn a_syntax_error_spoils_no_more_than_its_statement() {
    let unclosed = "this header is not closed";
    let no_table = "has a value already and takes no keys (help: keep one of the two)";
    for (text, values, expected) in [
        ("[a\nb = 1\n[c]\nd = 2\n", &["a.b", "c.d"][..], &[format!("f:1:3: error: {unclosed}")][..]),
        ("[[a]\nb = 1\n[c]\nd = 2\n", &["a", "c.d"], &[format!("f:1:5: error: {unclosed}")]),
        ("[a b]\nb = 1\n[c]\nd = 2\n", &["c.d"], &[format!("f:1:3: error: {unclosed}")]),
        (
            "[a]\nb = [1, 2\nc = 3\n[d]\ne = 4\n",
            &["a.b?", "a.c", "d.e"],
            &["f:2:10: error: this list is not closed".to_owned()],
        ),
        (
            "[a]\nb = [\n  { c = 1 }\n  { c = 2 },\n]\nd = 3\n",
            &["a.b?", "a.d"],
            &["f:4:3: error: a comma is missing here".to_owned()],
        ),
        ("[a]\nb \"x\"\nc = 3\n", &["a.b?", "a.c"], &["f:2:3: error: this key has no value".to_owned()]),
        (
            "a = {\nb = 1,\n}\nc = [\nd = \"\"\"\n[x]\n\"\"\"\n",
            &["a.b", "c?", "d"],
            &["f:4:6: error: this list is not closed".to_owned()],
        ),
        (
            "a = [\n{ b = 1\n{ b = 2 }\n]\nc = [\n\"1\" \"2\",\n\"3\" \"4\" ]\n",
            &["a?", "c?"],
            &[
                "f:3:1: error: here should stand a key (help: is a brace missing that closes what stands in front?)"
                    .to_owned(),
                "f:6:5: error: a comma is missing here".to_owned(),
                "f:7:5: error: a comma is missing here".to_owned(),
            ],
        ),
        (
            "a = 1\na.b = 2\nc = 3\n[a.d]\ne = 4\n[f]\ng = 5\n",
            &["a", "c", "f.g"],
            &[
                format!("f:2:1: error: `a` {no_table}"),
                format!("f:4:2: error: `a` {no_table}"),
            ],
        ),
        (
            "[a\nb = {}\nb.c = 1\nd = 2\n",
            &["a.d"],
            &[format!("f:1:3: error: {unclosed}"), format!("f:3:1: error: `b` {no_table}")],
        ),
        (
            "a = 5s\nb = [\nc = 1\nc = 2\n",
            &["a", "b?", "c"],
            &[
                "f:1:5: error: `5s` lacks its quotes (help: write `\"5s\"`)".to_owned(),
                "f:2:6: error: this list is not closed".to_owned(),
                "f:4:1: error: `c` stands twice (help: keep one of the two)".to_owned(),
            ],
        ),
    ] {
        let (found, faults) = read_all(text);
        assert_eq!(faults, expected, "{text}");
        assert_eq!(found, values, "{text}");
    }
}

#[test]
fn sound_values_stay_sound_however_many_of_their_lines_begin_like_statements() {
    let tables = "{ name = \"m\",\naddress = \"]\" }, # [\n".repeat(40);
    let keys = "a.b = 1\n".repeat(40);
    let braced: String = (0..40).map(|number| format!("key{number} = 1,\n")).collect();
    for sound in [
        format!("x = [\n{tables}]\n"),
        format!("x = {{\n{braced}}}\n"),
        format!("x = \"\"\"\n[t]\n{keys}\\\"\"\"\"\"\"\n"),
        format!("x = '''\n[t]\n{keys}\\'''\n"),
    ] {
        let (found, faults) = read_all(&format!("{sound}y = 2\n[b\nz = 3\n"));
        assert_eq!(faults.len(), 1, "{faults:?} {sound}");
        assert!(faults[0].ends_with("this header is not closed"), "{faults:?}");
        assert!(found.ends_with(&["y".to_owned(), "b.z".to_owned()]), "{found:?} {sound}");
        assert!(found.iter().all(|path| !path.ends_with('?')), "{found:?}");
    }
}

#[test]
fn places_are_those_of_the_file_however_it_was_mended() {
    let source = Source::new("f", "[a\nb = 1\n[c\nd = [\ne = 12\n");
    let faults = Faults::default();
    let table = read(&source, &[], &faults);
    let Kind::Table(last) = &table.entries[1].value.kind else { panic!("{table:?}") };
    let entry = last.entries.iter().find(|entry| entry.key.value == "e").unwrap();
    assert_eq!(&source.octets[entry.key.place.span.clone()], b"e");
    assert_eq!(&source.octets[entry.value.place.span.clone()], b"12");
}

#[test]
fn a_file_that_is_not_utf_8_says_where() {
    let source = Source::new("f", b"a = 1\nb = \"\xff\"\n".to_vec());
    let faults = Faults::default();
    read(&source, &[], &faults);
    let sorted = faults.into_sorted(&source);
    assert_eq!(
        sorted[0].to_string(),
        "f:2:6: error: the file is not UTF-8 from here on (help: save the file as UTF-8)"
    );
}
