//! Reads questions.txt: questions for corners that chance does not meet often enough.

use crate::name::Name;
use crate::query::{Edns, Query, SUBNET, Transport, type_number};

/// The questions of a world, each as it is asked: over UDP with and without EDNS and with a client subnet, and
/// over TCP.
pub fn of_world(text: &str, world: &str) -> Result<Vec<Query>, String> {
    let mut queries = Vec::new();
    let mut is_wanted = false;
    for (number, line) in text.lines().enumerate() {
        let at = |fault: &str| format!("line {}: {fault}", number + 1);
        let line = line.trim();
        if let Some(head) = line.strip_prefix('[') {
            is_wanted = head.strip_suffix(']') == Some(world);
            continue;
        }
        let mut words = line.split_whitespace();
        let Some(name) = words.next().filter(|word| is_wanted && !word.starts_with('#')) else { continue };
        let name = name_of(name).ok_or_else(|| at("this is no name"))?;
        for word in words {
            let rtype = type_number(word).ok_or_else(|| at(&format!("{word} is no type")))?;
            queries.extend(ways_to_ask(&name, rtype));
        }
    }
    Ok(queries)
}

fn ways_to_ask(name: &Name, rtype: u16) -> [Query; 4] {
    let query = Query::plain(name.clone(), rtype);
    let subnet = vec![(SUBNET, vec![0, 1, 24, 0, 198, 51, 100])];
    [
        Query { edns: None, ..query.clone() },
        Query { edns: Some(Edns { options: subnet, ..Edns::plain() }), ..query.clone() },
        Query { transport: Transport::Tcp, ..query.clone() },
        query,
    ]
}

/// A name whose labels may have repeated letters, as `a^63`.
fn name_of(text: &str) -> Option<Name> {
    let labels = text.split('.').filter(|label| !label.is_empty()).map(label);
    Name::of(labels.collect::<Option<Vec<_>>>()?)
}

fn label(text: &str) -> Option<Vec<u8>> {
    match text.split_once('^') {
        Some((letter, count)) => Some(letter.repeat(count.parse().ok()?).into_bytes()),
        None => Some(text.as_bytes().to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_of_a_world_and_asked_in_four_ways() {
        let text = "[one]\n# nothing\na^3.test. A NS\n\n[two]\n. SOA\n";
        let one = of_world(text, "one").unwrap();
        assert_eq!(one.len(), 2 * 4);
        assert!(one.iter().all(|query| query.name == Name::plain("aaa.test")));
        assert_eq!(of_world(text, "two").unwrap()[0].rtype, 6);
        assert!(of_world("[one]\na^64. A\n", "one").is_err());
        assert!(of_world("[one]\na. NO-TYPE\n", "one").is_err());
    }
}
