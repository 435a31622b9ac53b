//! Networks out of a file of their own: a text of one network a line, or the JSON of Prometheus' file-based service
//! discovery.

use std::sync::Arc;

use crate::config::document::{Kind, Table, Value};
use crate::config::text::{
    self, Broken, Faults, Items, Parsed, Place, Reader, Written, any_text, list, quote, sound,
};
use crate::config::{json, limits};
use crate::fault::{Fault, Source};

use super::SiteList;

/// The networks of a file.
#[derive(Debug, Default)]
pub(crate) struct NetworkList {
    /// Those with the same sites together.
    pub(crate) groups: Vec<NetworkGroup>,
}

/// Networks that go to the same sites.
#[derive(Debug)]
pub(crate) struct NetworkGroup {
    /// The networks as written.
    pub(crate) networks: Vec<Written<String>>,
    /// The sites that the file itself names for them.
    pub(crate) sites: Option<SiteList>,
}

impl NetworkList {
    /// Reads a file: JSON where its name ends in `.json`, a text otherwise. More networks than a map may have are a
    /// fault.
    pub(crate) fn read(source: &Arc<Source>, faults: &Faults) -> NetworkList {
        let groups =
            if is_json(&source.path) { read_json(source, faults) } else { Ok(read_text(source, faults)) };
        NetworkList { groups: groups.unwrap_or_default() }
    }
}

fn is_json(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("json"))
}

/// `203.0.113.0/24 sin, fra # the office`: a network, perhaps sites, perhaps a remark; empty lines count nothing.
fn read_text(source: &Arc<Source>, faults: &Faults) -> Vec<NetworkGroup> {
    let mut groups: Vec<NetworkGroup> = Vec::new();
    let (mut start, mut count) = (0, 0);
    for line in source.octets.split_inclusive(|&octet| octet == b'\n') {
        let mut words = words(source, start, line, faults).into_iter();
        start += line.len();
        let Some(network) = words.next() else { continue };
        count += 1;
        if count > limits::MAP_ENTRIES {
            let message = format!("this list has more than {} networks", limits::MAP_ENTRIES);
            faults.add(network.place.error(message).label("one too many"));
            break;
        }
        let sites: SiteList = words.collect();
        match groups.last_mut().filter(|last| last.sites.is_none() && sites.is_empty()) {
            Some(last) => last.networks.push(network),
            None => groups.push(NetworkGroup {
                networks: vec![network],
                sites: (!sites.is_empty()).then(|| without_doubled(sites, faults)),
            }),
        }
    }
    groups
}

/// The words of a line that starts at an offset, without its remark; none where it is no text.
fn words(source: &Arc<Source>, start: usize, line: &[u8], faults: &Faults) -> Vec<Written<String>> {
    let end = line.iter().position(|&octet| octet == b'#').unwrap_or(line.len());
    let Ok(text) = std::str::from_utf8(&line[..end]) else {
        let fault = Fault::error(source, start..start + end, "this line is not UTF-8");
        faults.add(fault.label("no UTF-8").help("save the file as UTF-8"));
        return Vec::new();
    };
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(begin) = rest.find(|character| !separates(character)) {
        let word = &rest[begin..];
        let word = &word[..word.find(separates).unwrap_or(word.len())];
        let offset = start + (text.len() - rest.len()) + begin;
        let place = Place { source: Arc::clone(source), span: offset..offset + word.len() };
        words.push(Written { value: word.to_owned(), place });
        rest = &rest[begin + word.len()..];
    }
    words
}

fn separates(character: char) -> bool {
    character.is_whitespace() || character == ','
}

/// `[{ "targets": ["203.0.113.0/24"], "labels": { "sites": "sin, fra" } }]`; other labels are other people's.
fn read_json(source: &Arc<Source>, faults: &Faults) -> Parsed<Vec<NetworkGroup>> {
    let document = json::read(source, faults)?;
    let groups = list(limits::MAP_ENTRIES, read_group)(&document, faults)?;
    let groups: Vec<NetworkGroup> = sound(groups).into_iter().map(|group| group.value).collect();
    if groups.iter().map(|group| group.networks.len()).sum::<usize>() > limits::MAP_ENTRIES {
        let message = format!("this list has more than {} networks", limits::MAP_ENTRIES);
        faults.add(Fault::file(source, message));
        return Err(Broken);
    }
    Ok(groups)
}

fn read_group(value: &Value, faults: &Faults) -> Parsed<NetworkGroup> {
    let mut reader = Reader::new(text::table(value, faults)?, "a group", faults);
    let targets = reader.required("targets", "\"targets\": []", list(limits::MAP_ENTRIES, text::text));
    let labels = reader.lenient("labels", |value, faults| read_labels(text::table(value, faults)?, faults));
    reader.finish(&[("sites", "write `\"labels\": { \"sites\": \"…\" }`")]);
    let sites = labels.and_then(|labels| labels.value);
    Ok(NetworkGroup { networks: sound::<String>(targets?.value), sites })
}

/// The label `sites`: names with commas between them. An empty label is none, as it is for Prometheus.
fn read_labels(labels: &Table, faults: &Faults) -> Parsed<Option<SiteList>> {
    let Some(entry) = labels.entries.iter().find(|entry| entry.key.value == "sites") else { return Ok(None) };
    if let Kind::Array(_) = entry.value.kind {
        let fault = entry.value.place.error("labels are texts").label("a list");
        faults.add(fault.help("write the sites with commas between them: `\"sin,fra\"`"));
        return Err(Broken);
    }
    let text = any_text(&entry.value, faults)?;
    let names = text.split(separates).filter(|name| !name.is_empty());
    let named = |name: &str| Written { value: name.to_owned(), place: entry.value.place.clone() };
    let sites: SiteList = names.map(named).collect();
    Ok((!sites.is_empty()).then(|| without_doubled(sites, faults)))
}

/// Each site once, and not more than a list may have.
fn without_doubled(mut sites: SiteList, faults: &Faults) -> SiteList {
    if let Some(beyond) = sites.get(limits::SITES_IN_LIST) {
        let message = format!("this list has {} sites; {} is the most", sites.len(), limits::SITES_IN_LIST);
        faults.add(beyond.place.error(message).label("one too many"));
        sites.truncate(limits::SITES_IN_LIST);
    }
    let mut items: Items<String> = sites.into_iter().map(Ok).collect();
    super::drop_doubled(&mut items, faults, |again, _| {
        again.place.error(format!("the site {} stands twice in this list", quote(again)))
    });
    sound(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Groups as `networks > sites`, each with the column of its first network, and faults.
    fn check(name: &str, text: &str, expected: &[&str], faulty: &[&str]) {
        let source = Source::new(name, text);
        let faults = Faults::default();
        let list = NetworkList::read(&source, &faults);
        let join = |words: &[Written<String>]| {
            words.iter().map(|word| word.value.clone()).collect::<Vec<_>>().join(" ")
        };
        let groups = list.groups.iter().map(|group| {
            let sites = group.sites.as_ref().map_or("default".to_owned(), |sites| join(sites));
            let place =
                group.networks.first().map(|network| network.place.file_and_line()).unwrap_or_default();
            format!("{place}: {} > {sites}", join(&group.networks))
        });
        assert_eq!(groups.collect::<Vec<_>>(), expected, "{text}");
        let found: Vec<String> = faults.into_sorted(&source).iter().map(ToString::to_string).collect();
        assert_eq!(found, faulty, "{text}");
    }

    #[test]
    fn a_text_has_one_network_a_line() {
        check(
            "list.txt",
            "# offices\n\n10.0.0.0/8\n  192.0.2.0/24\t# Frankfurt\n2001:db8::/32 sin,fra\n::/0 , sin # all\n",
            &[
                "list.txt:3: 10.0.0.0/8 192.0.2.0/24 > default",
                "list.txt:5: 2001:db8::/32 > sin fra",
                "list.txt:6: ::/0 > sin",
            ],
            &[],
        );
        check("list.txt", "", &[], &[]);
        check(
            "list.txt",
            "::/0 sin sin",
            &["list.txt:1: ::/0 > sin"],
            &["list.txt:1:10: error: the site `sin` stands twice in this list"],
        );
    }

    #[test]
    fn a_line_that_is_no_text_does_not_spoil_the_others() {
        let source = Source::new("list.txt", b"::/0\n\xff\xff\n10.0.0.0/8 # \xff\n".to_vec());
        let faults = Faults::default();
        let list = NetworkList::read(&source, &faults);
        assert_eq!(list.groups[0].networks.len(), 2);
        let found: Vec<String> = faults.into_sorted(&source).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["list.txt:2:1: error: this line is not UTF-8 (help: save the file as UTF-8)"]);
    }

    #[test]
    fn the_json_of_service_discovery_has_groups_with_labels() {
        check(
            "edges.JSON",
            "[{\"targets\": [\"203.0.113.0/24\",\n\"::/0\"], \"labels\": {\"job\": \"x\", \"sites\": \"sin, fra\"}},\n\
             {\"targets\": [\"10.0.0.0/8\"]}, {\"targets\": [], \"labels\": {\"sites\": \"\"}}]",
            &[
                "edges.JSON:1: 203.0.113.0/24 ::/0 > sin fra",
                "edges.JSON:3: 10.0.0.0/8 > default",
                ":  > default",
            ],
            &[],
        );
    }

    #[test]
    fn faults_of_json_are_told_all_at_once_where_they_stand() {
        check(
            "edges.json",
            "[{\"targets\": [\"::/0\", 5]},\n{\"target\": []},\n7,\n{\"targets\": [], \"labels\": {\"sites\": [\"sin\"]}}]",
            &["edges.json:1: ::/0 > default", ":  > default"],
            &[
                "edges.json:1:23: error: this must be a text, not an integer (help: put it in quotes: `\"5\"`)",
                "edges.json:2:1: error: a group lacks the key `targets` (help: add `\"targets\": []`)",
                "edges.json:2:2: error: a group does not know the key `target` (help: did you mean `targets`?)",
                "edges.json:3:1: error: this must be a table, not an integer",
                "edges.json:4:37: error: labels are texts (help: write the sites with commas between them: `\"sin,fra\"`)",
            ],
        );
        check(
            "edges.json",
            "{\"targets\": []}",
            &[],
            &["edges.json:1:1: error: this must be a list, not a table (help: put it in brackets: `[…]`)"],
        );
    }
}
