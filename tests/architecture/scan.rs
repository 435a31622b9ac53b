//! Reads Rust source just well enough to know which paths it names: comments, strings and test code are taken out,
//! `use` trees are unfolded, `super`, `self` and imported names are resolved.

use std::collections::BTreeMap;

/// What one source file outside of its tests names.
#[derive(Debug, Default)]
pub struct Names {
    /// Resolved paths, as segments; a glob import ends in `*`.
    pub paths: Vec<Vec<String>>,
    /// Every word, for keywords such as `unsafe`.
    pub words: Vec<String>,
    /// Macros called by their bare name.
    pub macros: Vec<String>,
    /// Modules that exist for tests only (`#[cfg(test)] mod name;`).
    pub test_modules: Vec<String>,
}

/// Scans the source of the module at `module` (segments below the crate root).
pub fn scan(module: &[String], source: &str) -> Names {
    let tokens = tokens(&without_comments_and_literals(source));
    let (tokens, test_modules) = without_test_items(tokens);
    let mut names = Names { test_modules, ..Names::default() };
    let mut imports = BTreeMap::new();
    let mut position = 0;
    let mut written = Vec::new();
    while position < tokens.len() {
        if is_import(&tokens, position) {
            position = use_tree(&tokens, position + 1, &[], &mut |path, name| {
                let path = resolve(module, path, &BTreeMap::new());
                imports.insert(name, path.clone());
                names.paths.push(path);
            });
        } else if is_word(&tokens[position]) {
            let (path, next) = path_at(&tokens, position);
            names.words.extend(path.iter().cloned());
            if path.len() == 1 && tokens.get(next).is_some_and(|token| token == "!") {
                names.macros.push(path[0].clone());
            }
            if path.len() > 1 {
                written.push(path);
            }
            position = next;
        } else {
            position += 1;
        }
    }
    names.paths.extend(written.into_iter().map(|path| resolve(module, path, &imports)));
    names
}

/// `super` and `self` become paths from the crate root, an imported first segment what it was imported from.
fn resolve(module: &[String], path: Vec<String>, imports: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let supers = path.iter().take_while(|segment| *segment == "super").count();
    if supers > 0 {
        let mut resolved = vec!["crate".to_string()];
        resolved.extend_from_slice(&module[..module.len().saturating_sub(supers)]);
        resolved.extend_from_slice(&path[supers..]);
        return resolved;
    }
    match path[0].as_str() {
        "self" => ["crate".to_string()].iter().chain(module).chain(&path[1..]).cloned().collect(),
        // The binary sees the library by the package's name.
        "meridian" => ["crate".to_string()].iter().chain(&path[1..]).cloned().collect(),
        first => match imports.get(first) {
            Some(origin) => origin.iter().chain(&path[1..]).cloned().collect(),
            None => path,
        },
    }
}

/// Whether a `use` declaration starts here; `use<'a>` names what a return type captures.
fn is_import(tokens: &[String], position: usize) -> bool {
    tokens[position] == "use" && tokens.get(position + 1).is_some_and(|next| next != "<")
}

/// Walks a `use` tree from `position`, calls `leaf` with each path and the name it gets; returns where it ends.
fn use_tree(
    tokens: &[String],
    mut position: usize,
    prefix: &[String],
    leaf: &mut dyn FnMut(Vec<String>, String),
) -> usize {
    let mut path = prefix.to_vec();
    while position < tokens.len() {
        match tokens[position].as_str() {
            "::" => position += 1,
            "{" => {
                position += 1;
                while tokens.get(position).is_some_and(|token| token != "}" && token != ";") {
                    position = use_tree(tokens, position, &path, leaf);
                    if tokens.get(position).is_some_and(|token| token == ",") {
                        position += 1;
                    }
                }
                return position + 1;
            }
            "as" => {
                leaf(path, tokens.get(position + 1).cloned().unwrap_or_default());
                return position + 2;
            }
            "," | ";" | "}" => break,
            // `a::{self, b}` names `a` itself.
            "self" if !path.is_empty() => position += 1,
            segment => {
                path.push(segment.to_string());
                position += 1;
            }
        }
    }
    if path.len() > prefix.len() || tokens.get(position.wrapping_sub(1)).is_some_and(|token| token == "self")
    {
        let name = path.last().cloned().unwrap_or_default();
        leaf(path, name);
    }
    position
}

/// The path that starts at `position`, and where it ends. Generic arguments between segments end it.
fn path_at(tokens: &[String], position: usize) -> (Vec<String>, usize) {
    let mut path = vec![tokens[position].clone()];
    let mut next = position + 1;
    while tokens.get(next).is_some_and(|token| token == "::")
        && tokens.get(next + 1).is_some_and(|token| is_word(token))
    {
        path.push(tokens[next + 1].clone());
        next += 2;
    }
    (path, next)
}

fn is_word(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Words, `::`, and single characters for everything else.
fn tokens(source: &str) -> Vec<String> {
    let characters: Vec<char> = source.chars().collect();
    let mut tokens = Vec::new();
    let mut position = 0;
    while position < characters.len() {
        let start = position;
        let first = characters[position];
        position += 1;
        if first.is_whitespace() {
            continue;
        }
        if first.is_alphanumeric() || first == '_' {
            while characters.get(position).is_some_and(|next| next.is_alphanumeric() || *next == '_') {
                position += 1;
            }
        } else if first == ':' && characters.get(position) == Some(&':') {
            position += 1;
        }
        tokens.push(characters[start..position].iter().collect());
    }
    tokens
}

/// Takes out every item marked `#[cfg(test)]` (or `#[test]`), up to its closing brace or semicolon; returns the names
/// of modules of that kind whose source is a file of its own.
fn without_test_items(tokens: Vec<String>) -> (Vec<String>, Vec<String>) {
    const MARKS: [&[&str]; 2] = [&["#", "[", "cfg", "(", "test", ")", "]"], &["#", "[", "test", "]"]];
    let mut kept = Vec::new();
    let mut test_modules = Vec::new();
    let mut position = 0;
    while position < tokens.len() {
        let mark = MARKS.iter().find(|mark| {
            tokens[position..].len() >= mark.len()
                && mark.iter().zip(&tokens[position..]).all(|(mark, token)| mark == token)
        });
        let Some(mark) = mark else {
            kept.push(tokens[position].clone());
            position += 1;
            continue;
        };
        position = item_end(&tokens, position + mark.len());
        if let [.., module, name, end] = &tokens[..position]
            && module == "mod"
            && end == ";"
        {
            test_modules.push(name.clone());
        }
    }
    (kept, test_modules)
}

/// Where the item that starts at `position` ends: behind its `;`, or behind the brace that closes its body.
fn item_end(tokens: &[String], mut position: usize) -> usize {
    let mut depth = 0usize;
    while position < tokens.len() {
        let token = tokens[position].as_str();
        position += 1;
        match token {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && (token == "}" || token == ";") {
            break;
        }
    }
    position
}

/// Replaces comments by a space and literals by an empty string literal.
fn without_comments_and_literals(source: &str) -> String {
    let characters: Vec<char> = source.chars().collect();
    let mut stripped = String::with_capacity(source.len());
    let mut position = 0;
    while position < characters.len() {
        let rest = &characters[position..];
        let skipped = comment_length(rest)
            .or_else(|| raw_string_length(rest, stripped.chars().last()))
            .or_else(|| quoted_length(rest));
        match skipped {
            Some(length) => {
                stripped.push(' ');
                position += length;
            }
            None => {
                stripped.push(rest[0]);
                position += 1;
            }
        }
    }
    stripped
}

fn comment_length(rest: &[char]) -> Option<usize> {
    match rest {
        ['/', '/', ..] => Some(rest.iter().position(|&c| c == '\n').unwrap_or(rest.len())),
        ['/', '*', ..] => {
            let mut depth = 0usize;
            let mut position = 0;
            while position < rest.len() {
                match &rest[position..] {
                    ['/', '*', ..] => depth += 1,
                    ['*', '/', ..] => depth -= 1,
                    _ => {
                        position += 1;
                        continue;
                    }
                }
                position += 2;
                if depth == 0 {
                    break;
                }
            }
            Some(position)
        }
        _ => None,
    }
}

/// `r"…"`, `r#"…"#`, with `b` or `c` in front; not the end of a longer word.
fn raw_string_length(rest: &[char], before: Option<char>) -> Option<usize> {
    if before.is_some_and(|before| before.is_alphanumeric() || before == '_') {
        return None;
    }
    let prefix = usize::from(matches!(rest[0], 'b' | 'c'));
    if rest.get(prefix) != Some(&'r') {
        return None;
    }
    let hashes = rest[prefix + 1..].iter().take_while(|&&c| c == '#').count();
    if rest.get(prefix + 1 + hashes) != Some(&'"') {
        return None;
    }
    let mut position = prefix + 2 + hashes;
    while position < rest.len() {
        if rest[position] == '"'
            && rest[position + 1..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes
        {
            return Some(position + 1 + hashes);
        }
        position += 1;
    }
    Some(rest.len())
}

/// A string or character literal; a lifetime is none.
fn quoted_length(rest: &[char]) -> Option<usize> {
    let quote = rest[0];
    let is_literal = match quote {
        '"' => true,
        '\'' => rest.get(1) == Some(&'\\') || rest.get(2) == Some(&'\''),
        _ => false,
    };
    if !is_literal {
        return None;
    }
    let mut position = 1;
    while position < rest.len() && rest[position] != quote {
        position += if rest[position] == '\\' { 2 } else { 1 };
    }
    Some((position + 1).min(rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(source: &str) -> Vec<String> {
        let module = ["zone".to_string(), "node".to_string()];
        scan(&module, source).paths.iter().map(|path| path.join("::")).collect()
    }

    #[test]
    fn use_trees_are_unfolded() {
        assert_eq!(
            paths("use crate::{fault::{self, Fault as F}, wire::Name}; pub(crate) use std::fs::*;"),
            ["crate::fault", "crate::fault::Fault", "crate::wire::Name", "std::fs::*"]
        );
    }

    #[test]
    fn super_self_and_imported_names_are_resolved() {
        assert_eq!(
            paths("use super::cut; fn f() { self::g(); super::super::wire::h() }"),
            ["crate::zone::cut", "crate::zone::node::g", "crate::wire::h"]
        );
        assert_eq!(paths("use std::time; fn f() { time::Instant::now(); }")[1], "std::time::Instant::now");
        assert_eq!(
            paths("use std::time::Instant as Moment; fn f() { Moment::now(); }")[1],
            "std::time::Instant::now"
        );
    }

    #[test]
    fn captures_of_a_return_type_are_no_import() {
        let source = "fn f<'z>() -> impl Iterator<Item = u8> + use<'z> { let a = 1; crate::wire::g(); a }";
        assert_eq!(paths(source), ["crate::wire::g"]);
    }

    #[test]
    fn comments_strings_and_characters_name_nothing() {
        let source = r##"
            // crate::server
            /* crate::a /* crate::b */ crate::c */
            const A: &str = "crate::d \" crate::e";
            const B: &str = r#"crate::f " crate::g"#;
            const C: &[u8] = br"crate::h";
            const D: (char, char) = ('"', '\'');
            fn f<'a>(x: &'a str) { crate::wire::seen(x) }
        "##;
        assert_eq!(paths(source), ["crate::wire::seen"]);
    }

    #[test]
    fn test_items_name_nothing() {
        let source = "
            #[cfg(test)] mod cases;
            #[cfg(test)] use crate::server::Udp;
            fn f() { crate::wire::before() }
            #[cfg(test)]
            #[allow(dead_code)]
            mod tests { use crate::probe::X; fn g() { if true { crate::admin::y() } } }
            fn h() { crate::wire::after() }
        ";
        assert_eq!(paths(source), ["crate::wire::before", "crate::wire::after"]);
        assert_eq!(scan(&[], source).test_modules, ["cases"]);
    }

    #[test]
    fn words_and_macros_are_seen() {
        let names = scan(&[], "async fn f() { println!(\"x\"); tracing::info!(\"y\"); unsafe { g() } }");
        assert_eq!(names.macros, ["println"]);
        for word in ["async", "unsafe"] {
            assert!(names.words.iter().any(|seen| seen == word), "{word}");
        }
    }
}
