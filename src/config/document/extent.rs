//! How far a value over several lines goes, told by its brackets and quotes: within it lines may begin like statements.

use super::statements::Statement;

/// Octets beyond those of the text itself that are looked through for the ends of values: a text of which each line begins
/// a value that nothing ends would else be looked through as often as it has lines.
const LOOKED_THROUGH_IN_VAIN: usize = 4 << 20;

/// Looks for the ends of the values of one text.
pub(super) struct Extents<'t> {
    text: &'t str,
    /// Octets that may still be looked through.
    left: usize,
}

/// What is open at a place of a value.
#[derive(Default)]
struct Open {
    /// The brackets and braces, the innermost last.
    brackets: Vec<char>,
    /// The quotes of the text over several lines that goes on there.
    quotes: Option<&'static str>,
}

impl<'t> Extents<'t> {
    /// Those of a text.
    pub(super) fn of(text: &'t str) -> Extents<'t> {
        Extents { text, left: text.len() + LOOKED_THROUGH_IN_VAIN }
    }

    /// How many of the statements, from the first on, its value takes: nothing where nothing ends it before a statement
    /// that cannot stand in it.
    pub(super) fn statements(&mut self, statements: &[Statement]) -> Option<usize> {
        let mut open = Open::default();
        for (count, statement) in (1..).zip(statements) {
            if open.is_left_by(statement) {
                return None;
            }
            self.left = self.left.checked_sub(statement.span.len())?;
            self.text[statement.span.clone()].split_inclusive('\n').for_each(|line| open.read(line));
            if open.is_closed() {
                return Some(count);
            }
        }
        None
    }
}

impl Open {
    fn is_closed(&self) -> bool {
        self.brackets.is_empty() && self.quotes.is_none()
    }

    /// Whether a statement shows that what is open was left open: in a text anything may stand, in braces keys.
    fn is_left_by(&self, statement: &Statement) -> bool {
        self.quotes.is_none() && (statement.is_header || self.brackets.last() == Some(&'['))
    }

    fn read(&mut self, line: &str) {
        let mut rest = Some(line);
        while let Some(part) = rest {
            rest = match self.quotes {
                Some(quotes) => self.read_text(part, quotes),
                None => self.read_outside(part),
            };
        }
    }

    /// What stands on the line behind the text that goes on there.
    fn read_text<'l>(&mut self, line: &'l str, quotes: &'static str) -> Option<&'l str> {
        let end = closing(line, quotes)?;
        self.quotes = None;
        // The text may itself end with a quote or two.
        let own = line[end..].bytes().zip(quotes.bytes().skip(1)).take_while(|(octet, quote)| octet == quote);
        Some(&line[end + own.count()..])
    }

    /// What stands on the line behind the next bracket or quote, outside a text.
    fn read_outside<'l>(&mut self, line: &'l str) -> Option<&'l str> {
        let at = line.find(['[', '{', ']', '}', '"', '\'', '#'])?;
        let (found, behind) = (&line[at..], &line[at + 1..]);
        match found.chars().next()? {
            opening @ ('[' | '{') => self.brackets.push(opening),
            ']' | '}' => drop(self.brackets.pop()),
            '#' => return None,
            quote => {
                let (single, triple) = if quote == '"' { ("\"", "\"\"\"") } else { ("'", "'''") };
                if let Some(text) = found.strip_prefix(triple) {
                    self.quotes = Some(triple);
                    return Some(text);
                }
                return closing(behind, single).map(|end| &behind[end..]);
            }
        }
        Some(behind)
    }
}

/// Where the quotes end that close a text. Between `"`, a backslash takes its meaning from what follows.
fn closing(line: &str, quotes: &str) -> Option<usize> {
    let has_escapes = quotes.starts_with('"');
    let mut at = 0;
    loop {
        at +=
            line[at..].find(|character| quotes.starts_with(character) || has_escapes && character == '\\')?;
        if line[at..].starts_with(quotes) {
            return Some(at + quotes.len());
        }
        let is_escape = line[at..].starts_with('\\');
        let skipped = line[at..].chars().take(if is_escape { 2 } else { 1 });
        at += skipped.map(char::len_utf8).sum::<usize>();
    }
}

#[cfg(test)]
mod tests {
    use super::super::statements;
    use super::*;

    #[test]
    fn a_value_takes_the_statements_within_its_brackets_and_quotes() {
        for (text, expected) in [
            ("a = 1\nb = 2\n", Some(1)),
            ("a = {\nb = 1,\nc = 2 }\nd = 3\n", Some(3)),
            ("a = [\n{ b = 1,\nc = 2 },\n{ b = 1,\nc = 2 },\n]\nd = 3\n", Some(3)),
            ("a = [\nb = 1\n]\n", None),
            ("a = {\n[b]\nc = 1 }\n", None),
            ("a = {\nb = \"}\", # }\nc = '}\\' }\nd = 3\n", Some(3)),
            ("a = \"\"\"\nb = 1\n[c]\n\\\"\"\"\nd = 1\"\"\"\"\ne = 2\n", Some(4)),
            ("a = '''\nb = 1\n\\'''\ne = 2\n", Some(2)),
            ("a = [\"\", '', \"\"\"\nb = 1\"\"\"]\ne = 2\n", Some(2)),
            ("a = \"x\nb = 1\n", Some(1)),
            ("a = \"\"\"\nb = 1\n", None),
            ("[a]\nb = 1\n", None),
        ] {
            assert_eq!(Extents::of(text).statements(&statements::of(text)), expected, "{text}");
        }
    }

    #[test]
    fn what_nothing_ends_is_not_looked_for_without_end() {
        let text = "a = {\n".repeat(100);
        let statements = statements::of(&text);
        let mut extents = Extents { text: &text, left: 1_000 };
        assert!((0..100).all(|first| extents.statements(&statements[first..]).is_none()));
        assert!(extents.left < text.len());
    }
}
