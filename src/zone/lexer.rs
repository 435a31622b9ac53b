//! Master-file octets to tokens (RFC 1035 §5.1).
//!
//! An *entry* is a line, or several that parentheses join. The lexer knows blanks, comments, parentheses and quotes,
//! and where every token stands; it does not know what a token means and copies nothing. Where RFC 1035 is silent it
//! does as BIND does: a parenthesis, a quote or a semicolon ends a token that stands before it, nested parentheses
//! count, a quoted text ends on the line on which it begins. A carriage return is a blank.

use std::ops::Range;

use thiserror::Error;

/// A token: where its text stands. The text of a quoted token is what stands between the quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    start: u32,
    end: u32,
    /// Whether the text stood in quotes.
    pub(super) quoted: bool,
}

impl Token {
    /// The octets of the token, its escapes untouched.
    pub(super) fn text<'s>(&self, octets: &'s [u8]) -> &'s [u8] {
        &octets[self.start as usize..self.end as usize]
    }

    /// What a fault underlines: the text with its quotes.
    pub(super) fn span(&self) -> Range<usize> {
        let quote = usize::from(self.quoted);
        self.start as usize - quote..self.end as usize + quote
    }

    /// Whether `next` follows without anything between, as the value in `alpn="h2"` does.
    pub(super) fn touches(&self, next: &Token) -> bool {
        self.span().end == next.span().start
    }
}

/// What the lexer cannot make tokens of, each with the place to point at.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum LexFault {
    #[error("this quoted text has no closing quote on its line")]
    UnclosedQuote(Range<usize>),
    #[error("this parenthesis is never closed")]
    UnclosedParenthesis(Range<usize>),
    #[error("there is no opening parenthesis for this one")]
    StrayParenthesis(Range<usize>),
    #[error("a NUL octet stands here")]
    Nul(Range<usize>),
}

impl LexFault {
    /// What to underline.
    pub(super) fn span(&self) -> Range<usize> {
        match self {
            LexFault::UnclosedQuote(span)
            | LexFault::UnclosedParenthesis(span)
            | LexFault::StrayParenthesis(span)
            | LexFault::Nul(span) => span.clone(),
        }
    }

    /// What to do about it.
    pub(super) fn help(&self) -> &'static str {
        match self {
            LexFault::UnclosedQuote(_) => {
                "close the text with \" on the same line; write \\\" for a quote in it"
            }
            LexFault::UnclosedParenthesis(_) => "close it with ) after the last part of the record",
            LexFault::StrayParenthesis(_) => "remove it, or write \\) where it is a part of a name or text",
            LexFault::Nul(_) => "write \\000 where the octet is meant, else remove it",
        }
    }
}

/// Cuts the octets of one file into entries.
pub(super) struct Lexer<'s> {
    octets: &'s [u8],
    at: usize,
    open: Option<usize>,
    /// Whether a parenthesis was found that nothing closes. A second one ends the file: each costs a walk to the end.
    gave_up_once: bool,
}

impl<'s> Lexer<'s> {
    /// A lexer at the start of `octets`, of which there are at most `u32::MAX`.
    pub(super) fn new(octets: &'s [u8]) -> Lexer<'s> {
        Lexer { octets, at: 0, open: None, gave_up_once: false }
    }

    /// Puts the tokens of the next entry that has any into `tokens`. Tells whether its line begins with a blank
    /// (the owner is that of the record before); `None` at the end of the file. After a fault the next call goes on
    /// behind the broken entry.
    pub(super) fn next_entry(&mut self, tokens: &mut Vec<Token>) -> Option<Result<bool, LexFault>> {
        tokens.clear();
        while self.at < self.octets.len() {
            let blank = matches!(self.octets[self.at], b' ' | b'\t');
            if let Err(fault) = self.read_entry(tokens) {
                self.recover(&fault);
                return Some(Err(fault));
            }
            if !tokens.is_empty() {
                return Some(Ok(blank));
            }
        }
        None
    }

    /// Reads to the end of the line, or of the last line where parentheses join several.
    fn read_entry(&mut self, tokens: &mut Vec<Token>) -> Result<(), LexFault> {
        let mut depth = 0_usize;
        self.open = None;
        while let Some(&octet) = self.octets.get(self.at) {
            match octet {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' => {
                    self.at += 1;
                    if depth == 0 {
                        return Ok(());
                    }
                }
                b';' => self.skip_comment(),
                b'(' => {
                    self.open.get_or_insert(self.at);
                    depth += 1;
                    self.at += 1;
                }
                b')' => {
                    depth = depth.checked_sub(1).ok_or(LexFault::StrayParenthesis(self.at..self.at + 1))?;
                    self.at += 1;
                }
                b'"' => tokens.push(self.quoted_token()?),
                0 => return Err(LexFault::Nul(self.at..self.at + 1)),
                _ => tokens.push(self.plain_token()),
            }
        }
        match self.open {
            Some(open) if depth > 0 => Err(LexFault::UnclosedParenthesis(open..open + 1)),
            _ => Ok(()),
        }
    }

    fn skip_comment(&mut self) {
        let rest = &self.octets[self.at..];
        self.at += rest.iter().position(|&octet| octet == b'\n').unwrap_or(rest.len());
    }

    /// A token without quotes; the lexer stands on its first octet.
    fn plain_token(&mut self) -> Token {
        let start = self.at;
        while let Some(&octet) = self.octets.get(self.at) {
            match CLASS[usize::from(octet)] {
                Class::Part => self.at += 1,
                Class::Escape => self.skip_escape(),
                Class::End => break,
            }
        }
        Token { start: start as u32, end: self.at as u32, quoted: false }
    }

    /// A token in quotes; the lexer stands on the first one.
    fn quoted_token(&mut self) -> Result<Token, LexFault> {
        let start = self.at + 1;
        self.at = start;
        loop {
            match self.octets.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => self.skip_escape(),
                Some(0) => return Err(LexFault::Nul(self.at..self.at + 1)),
                Some(b'\n') | None => return Err(LexFault::UnclosedQuote(start - 1..self.at)),
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        Ok(Token { start: start as u32, end: self.at as u32 - 1, quoted: true })
    }

    /// Skips a backslash and the octet it protects; never the end of a line, nor a NUL.
    fn skip_escape(&mut self) {
        self.at += 1;
        if self.octets.get(self.at).is_some_and(|octet| !matches!(octet, b'\n' | b'\r' | 0)) {
            self.at += 1;
        }
    }

    /// Goes to where the next entry probably starts: the next line, or after a parenthesis was opened the next line
    /// that does not look like a continuation, so that one fault does not make ten.
    fn recover(&mut self, fault: &LexFault) {
        if let LexFault::UnclosedParenthesis(span) = fault {
            self.at = if self.gave_up_once { self.octets.len() } else { span.start };
            self.gave_up_once = true;
        }
        loop {
            self.skip_comment();
            self.at = (self.at + 1).min(self.octets.len());
            let continues =
                matches!(self.octets.get(self.at), Some(b' ' | b'\t' | b')' | b'\r' | b'\n' | b';'));
            if self.open.is_none() || !continues {
                return;
            }
        }
    }
}

/// The token after which `count` others stand, counted from the one at `offset`, wherever lines end: for faults that
/// are found when the tokens are long gone. Nothing when the file ends before.
pub(super) fn token_after(octets: &[u8], offset: usize, count: usize) -> Option<Token> {
    let mut lexer = Lexer::new(octets);
    lexer.at = offset;
    let mut seen = 0;
    while let Some(&octet) = octets.get(lexer.at) {
        let token = match octet {
            b';' => {
                lexer.skip_comment();
                continue;
            }
            b'"' => lexer.quoted_token().ok()?,
            octet if matches!(CLASS[usize::from(octet)], Class::End) => {
                lexer.at += 1;
                continue;
            }
            _ => lexer.plain_token(),
        };
        if seen == count {
            return Some(token);
        }
        seen += 1;
    }
    None
}

/// What an octet does to a plain token that it is met in.
#[derive(Clone, Copy)]
enum Class {
    Part,
    Escape,
    End,
}

const CLASS: [Class; 256] = {
    let mut class = [Class::Part; 256];
    let ends = b" \t\r\n;()\"\0";
    let mut at = 0;
    while at < ends.len() {
        class[ends[at] as usize] = Class::End;
        at += 1;
    }
    class[b'\\' as usize] = Class::Escape;
    class
};

#[cfg(test)]
mod tests {
    use super::*;

    /// The entries of a text: `~` in front where the line begins with a blank, quoted tokens in quotes, tokens
    /// separated by `|`; a fault as its message's first word and its span.
    fn entries(text: &str) -> Vec<String> {
        let mut lexer = Lexer::new(text.as_bytes());
        let mut tokens = Vec::new();
        let mut all = Vec::new();
        while let Some(entry) = lexer.next_entry(&mut tokens) {
            all.push(match entry {
                Ok(blank) => {
                    let words: Vec<&str> = tokens.iter().map(|token| &text[token.span()]).collect();
                    format!("{}{}", if blank { "~" } else { "" }, words.join("|"))
                }
                Err(fault) => format!("{fault:?}"),
            });
        }
        all
    }

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(entries(text), expected, "{text:?}");
    }

    #[test]
    fn lines_are_entries_and_blanks_and_comments_separate() {
        check("", &[]);
        check("\n \n;c\n\t;c", &[]);
        check("a b\tc", &["a|b|c"]);
        check("a b\r\nc d\r\n", &["a|b", "c|d"]);
        check(" a ; b ( \" \nc;d", &["~a", "c"]);
        check("\ta\n\n  b", &["~a", "~b"]);
    }

    #[test]
    fn parentheses_join_lines_and_nest() {
        check("a ( b\n c ; d )\n ) e\nf", &["a|b|c|e", "f"]);
        check("(a(b\n)c\n)d\n e", &["a|b|c|d", "~e"]);
        check(" (a)", &["~a"]);
    }

    #[test]
    fn quotes_and_escapes_protect() {
        check("a \"b c;(\\\"\" d", &["a|\"b c;(\\\"\"|d"]);
        check("a\"b\"c\"\"", &["a|\"b\"|c|\"\""]);
        check("a\\ b\\;c\\(\\\"\\\\ d", &["a\\ b\\;c\\(\\\"\\\\|d"]);
        check("a\\\nb", &["a\\", "b"]);
        check("a(b", &["UnclosedParenthesis(1..2)"]);
    }

    #[test]
    fn one_fault_does_not_make_ten() {
        check("a \"b\nc", &["UnclosedQuote(2..4)", "c"]);
        check("a )\nc", &["StrayParenthesis(2..3)", "c"]);
        check("a ( b\n  c\nd e\nf", &["UnclosedParenthesis(2..3)", "d|e", "f"]);
        check("a ( \"b\n c )\nd", &["UnclosedQuote(4..6)", "d"]);
        check("( a\n( b\n( c\n", &["UnclosedParenthesis(0..1)", "UnclosedParenthesis(4..5)"]);
        check("a\0b\nc", &["Nul(1..2)", "c"]);
        check("\"\0\"\nc", &["Nul(1..2)", "c"]);
    }

    #[test]
    fn tokens_are_found_again_from_an_offset() {
        let text = b"x NS ( ; c\n \"q\" ns1 )\n";
        assert_eq!(token_after(text, 2, 0).unwrap().text(text), b"NS");
        assert_eq!(token_after(text, 2, 1).unwrap().text(text), b"q");
        assert_eq!(token_after(text, 2, 2).unwrap().text(text), b"ns1");
        assert_eq!(token_after(text, 2, 3), None);
    }
}
