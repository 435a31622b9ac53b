//! Sentences with places to fill in: the forms are data, and so are what is said of a sentence that fits none.

use std::ops::Range;

use super::faults::{Faults, quote};
use super::reader::{Broken, Parsed};
use super::written::{Place, Written};

/// A form: words that stand as they are, words in capitals that are filled in ([`Blank`]), and words with `(s)` that may
/// stand in the plural.
pub(crate) type Form = &'static str;

/// What fills the capital words of a form, in their order.
#[derive(Debug, Clone)]
pub(crate) struct Filled {
    /// The number of the form.
    pub(crate) form: usize,
    /// The words that were filled in.
    pub(crate) blanks: Vec<Vec<Written<String>>>,
}

/// The form that a sentence has. Letter case and blanks do not matter in the words of the form. Where it has none, a
/// fault tells the first word that fits none, and the forms.
pub(crate) fn match_forms(sentence: &Written<String>, forms: &[Form], faults: &Faults) -> Parsed<Filled> {
    let words = words(sentence);
    let mut best = (0, "");
    for (number, form) in forms.iter().enumerate() {
        match fit(&words, form) {
            Ok(blanks) => return Ok(Filled { form: number, blanks }),
            Err(fitting) if fitting > best.0 => best = (fitting, form),
            Err(_) => {}
        }
    }
    faults.add(misfit(sentence, &words, forms, best));
    Err(Broken)
}

fn misfit(
    sentence: &Written<String>,
    words: &[Written<String>],
    forms: &[Form],
    (fitting, closest): (usize, Form),
) -> crate::fault::Fault {
    let fault = match words.get(fitting) {
        Some(word) if fitting > 0 => {
            word.place.error(format!("{} does not fit here", quote(word))).label("not understood")
        }
        None if fitting > 0 => sentence.place.error("this sentence breaks off").label("not at its end"),
        _ => sentence.place.error("this sentence is none that is understood").label("not understood"),
    };
    let shown = |form: &str| format!("`{form}`");
    fault.help(match closest {
        "" => format!(
            "the sentences are: {}",
            forms.iter().map(|form| shown(form)).collect::<Vec<_>>().join(", ")
        ),
        closest => format!("the closest sentence is {}", shown(closest)),
    })
}

/// What fills the blanks of a form, or how many words fit before the first that does not.
fn fit(words: &[Written<String>], form: Form) -> Result<Vec<Vec<Written<String>>>, usize> {
    let pattern: Vec<&str> = form.split(' ').collect();
    let mut blanks = Vec::new();
    let mut at = 0;
    for (index, part) in pattern.iter().enumerate() {
        if !is_blank(part) {
            match words.get(at) {
                Some(word) if is_word(part, word) => at += 1,
                _ => return Err(at),
            }
            continue;
        }
        // A blank goes as far as the word of the form behind it.
        let end = match pattern.get(index + 1) {
            Some(next) => words[at..].iter().position(|word| is_word(next, word)).map(|length| at + length),
            None => Some(words.len()),
        };
        match end {
            Some(end) if end > at => {
                blanks.push(words[at..end].to_vec());
                at = end;
            }
            _ => return Err(at),
        }
    }
    if at == words.len() { Ok(blanks) } else { Err(at) }
}

fn is_blank(part: &str) -> bool {
    part.bytes().all(|octet| octet.is_ascii_uppercase())
}

fn is_word(part: &str, word: &str) -> bool {
    match part.strip_suffix("(s)") {
        Some(singular) => {
            let plural = word.strip_suffix(['s', 'S']);
            word.eq_ignore_ascii_case(singular)
                || plural.is_some_and(|word| word.eq_ignore_ascii_case(singular))
        }
        None => word.eq_ignore_ascii_case(part),
    }
}

/// The words of a sentence with their places; commas part words like blanks do.
fn words(sentence: &Written<String>) -> Vec<Written<String>> {
    let text = sentence.value.as_str();
    let inside = inside(sentence);
    let mut words = Vec::new();
    let mut start = None;
    for (at, character) in text.char_indices().chain([(text.len(), ' ')]) {
        let parts = character.is_whitespace() || character == ',';
        match (parts, start) {
            (false, None) => start = Some(at),
            (true, Some(from)) => {
                let place = match inside {
                    Some(begin) => {
                        Place { source: sentence.place.source.clone(), span: begin + from..begin + at }
                    }
                    None => sentence.place.clone(),
                };
                words.push(Written { value: text[from..at].to_owned(), place });
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// Where the text of a string begins in its file, if it stands there as it is.
fn inside(sentence: &Written<String>) -> Option<usize> {
    let Range { start, end } = sentence.place.span;
    let written = sentence.place.source.octets.get(start..end)?;
    let begin =
        written.windows(sentence.value.len().max(1)).position(|part| part == sentence.value.as_bytes())?;
    Some(start + begin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Source;

    const FORMS: [Form; 4] = [
        "no client is left without an answer",
        "PLACE never reaches site(s) SITES",
        "the loss of any NUMBER site(s) hurts",
        "no scope is wide",
    ];

    fn outcome(text: &str) -> String {
        let file = format!("that = \"{text}\"");
        let source = Source::new("f", file.as_str());
        let faults = Faults::default();
        let place = Place { source: source.clone(), span: 7..file.len() };
        match match_forms(&Written { value: text.to_owned(), place }, &FORMS, &faults) {
            Ok(filled) => {
                let blanks: Vec<String> = filled
                    .blanks
                    .iter()
                    .map(|words| words.iter().map(|word| word.value.as_str()).collect::<Vec<_>>().join("+"))
                    .collect();
                format!("{} {}", filled.form, blanks.join(" "))
            }
            Err(Broken) => faults.into_sorted(&source)[0].to_string(),
        }
    }

    #[test]
    fn a_sentence_has_the_form_whose_words_it_has() {
        for (sentence, expected) in [
            ("no client is left without an answer", "0 "),
            ("  No client  is left without an answer ", "0 "),
            ("country CN never reaches site iad", "1 country+CN iad"),
            ("EU never reaches sites iad, sin", "1 EU iad+sin"),
            ("the loss of any two sites hurts", "2 two"),
        ] {
            assert_eq!(outcome(sentence), expected, "{sentence}");
        }
    }

    #[test]
    fn the_first_word_that_does_not_fit_is_told_with_the_closest_form() {
        for (sentence, expected) in [
            (
                "no client is let without an answer",
                "f:1:22: error: `let` does not fit here (help: the closest sentence \
              is `no client is left without an answer`)",
            ),
            (
                "no client is left",
                "f:1:8: error: this sentence breaks off (help: the closest sentence is `no client is \
              left without an answer`)",
            ),
            (
                "no client is left without an answer at all",
                "f:1:45: error: `at` does not fit here (help: the closest \
              sentence is `no client is left without an answer`)",
            ),
            (
                "CN never reaches site",
                "f:1:8: error: this sentence breaks off (help: the closest sentence is `PLACE \
              never reaches site(s) SITES`)",
            ),
            (
                "all is well",
                "f:1:8: error: this sentence is none that is understood (help: the sentences are: `no \
              client is left without an answer`, `PLACE never reaches site(s) SITES`, `the loss of any NUMBER site(s) \
              hurts`, `no scope is wide`)",
            ),
        ] {
            assert_eq!(outcome(sentence), expected, "{sentence}");
        }
    }
}
