//! Where the statements of a file with syntax errors probably begin: told by how lines begin, since brackets and quotes
//! cannot be trusted there.

use std::ops::Range;

/// A header or a key with its value, as far as the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    /// Whole lines.
    pub(super) span: Range<usize>,
    /// Whether it begins a table.
    pub(super) is_header: bool,
    /// Where its key ends, if it begins with one.
    pub(super) key_end: Option<usize>,
}

/// How a line begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beginning {
    Header,
    /// With a key, and where that ends.
    Key(usize),
    /// Not with a statement: it belongs to what stands above it.
    Other,
}

/// The statements of a text, which together are the whole of it.
pub(super) fn of(text: &str) -> Vec<Statement> {
    let mut statements = vec![Statement { span: 0..0, is_header: false, key_end: None }];
    // The indent of a table's first key. What stands further in is part of a value.
    let mut indent = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let depth = line.len() - line.trim_start().len();
        let (is_header, key_end) = match beginning(line.trim_start()) {
            Beginning::Header => {
                indent = None;
                (true, None)
            }
            Beginning::Key(end) if depth <= *indent.get_or_insert(depth) => {
                (false, Some(start + depth + end))
            }
            Beginning::Key(_) | Beginning::Other => {
                extend(&mut statements, start + line.len());
                start += line.len();
                continue;
            }
        };
        statements.push(Statement { span: start..start + line.len(), is_header, key_end });
        start += line.len();
    }
    statements.retain(|statement| !statement.span.is_empty());
    statements
}

/// Where the key of a header ends that lacks its last brackets, and these.
pub(super) fn unclosed_header(line: &str) -> Option<(usize, &'static str)> {
    let indent = line.len() - line.trim_start().len();
    let inside = line.trim_start().trim_start_matches('[');
    let opened = line.len() - indent - inside.len();
    let blanks = inside.len() - inside.trim_start().len();
    let end = indent + opened + blanks + key_length(inside.trim_start())?;
    let behind = line[end..].split('#').next().unwrap_or_default().trim();
    match (opened, behind) {
        (1, "") => Some((end, "]")),
        (2, "" | "]") => Some((end, "]]")),
        _ => None,
    }
}

fn extend(statements: &mut [Statement], end: usize) {
    if let Some(last) = statements.last_mut() {
        last.span.end = end;
    }
}

/// How a line begins whose blanks in front are gone. Within a value over several lines no line begins with a bare word but
/// for these.
fn beginning(line: &str) -> Beginning {
    const WORDS: [&str; 4] = ["true", "false", "inf", "nan"];
    let inside = line.trim_start_matches('[').trim_start();
    let is_bare = inside.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if line.starts_with('[') {
        let goes_on = line.trim_end().ends_with(',');
        return if is_bare && !goes_on { Beginning::Header } else { Beginning::Other };
    }
    let Some(end) = key_length(line) else { return Beginning::Other };
    let behind = line[end..].trim_start();
    if behind.starts_with(']') && is_bare && !WORDS.contains(&&line[..end]) {
        return Beginning::Header;
    }
    let is_assigned = behind.starts_with('=');
    let is_word = is_bare && !behind.starts_with(',') && !WORDS.contains(&&line[..end]);
    if is_assigned || is_word { Beginning::Key(end) } else { Beginning::Other }
}

/// The length of a dotted key at the beginning of a text.
fn key_length(text: &str) -> Option<usize> {
    let mut end = part_length(text)?;
    while let Some(part) = text[end..].strip_prefix('.').and_then(part_length) {
        end += 1 + part;
    }
    Some(end)
}

/// The length of a bare or quoted part of a key.
fn part_length(text: &str) -> Option<usize> {
    match text.chars().next()? {
        quote @ ('"' | '\'') => {
            let length = text[1..].find([quote, '\n'])?;
            text[1 + length..].starts_with(quote).then_some(length + 2)
        }
        _ => {
            let is_bare = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
            let length = text.find(|character| !is_bare(character)).unwrap_or(text.len());
            (length > 0).then_some(length)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_begin_with_headers_and_with_keys_at_the_indent_of_their_table() {
        let text = "# all\na = 1\n[pool.x]\nmembers = [\n  { name = \"a\" },\n  b = 2\n]\n\"q.r\" = 1\npool.y]\nsite \"x\"\n";
        let begin = |statement: Statement| text[statement.span.clone()].lines().next().unwrap_or_default();
        let lines: Vec<(bool, &str)> =
            of(text).into_iter().map(|statement| (statement.is_header, begin(statement))).collect();
        assert_eq!(
            lines,
            [
                (false, "# all"),
                (false, "a = 1"),
                (true, "[pool.x]"),
                (false, "members = ["),
                (false, "\"q.r\" = 1"),
                (true, "pool.y]"),
                (false, "site \"x\""),
            ]
        );
        assert_eq!(of(text).last().map(|statement| statement.span.end), Some(text.len()));
    }

    #[test]
    fn a_header_is_closed_where_only_its_brackets_are_missing() {
        for (line, expected) in [
            ("[pool.x\n", Some((7, "]"))),
            ("[pool.x # here\n", Some((7, "]"))),
            ("  [[steer]\n", Some((9, "]]"))),
            ("[[steer\n", Some((7, "]]"))),
            ("[pool x]\n", None),
            ("[pool.\"a b\"", Some((11, "]"))),
            ("[]", None),
        ] {
            assert_eq!(unclosed_header(line), expected, "{line:?}");
        }
    }
}
