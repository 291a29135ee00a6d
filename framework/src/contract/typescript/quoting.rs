//! Names that are no identifiers. ts-rs puts quotes around them, and escapes nothing within; of the empty one it writes
//! nothing.

use std::collections::BTreeSet;

use serde_json::Value;

/// A string as TypeScript has it.
pub(in crate::contract) fn quoted(text: &str) -> String {
    // Ends of lines for some of those that read TypeScript; JSON has them as they are.
    let text = Value::from(text).to_string();
    text.replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// What is to be escaped of the names of fields, and of the strings that are values, in a schema.
pub(in crate::contract) fn odd_names(schema: &Value, found: &mut BTreeSet<String>) {
    let mut keep = |text: &str| {
        if quoted(text) != format!("\"{text}\"") {
            found.insert(text.to_owned());
        }
    };
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("properties", Value::Object(fields)) => {
                        fields.keys().for_each(|name| keep(name));
                    }
                    ("const", Value::String(text)) => keep(text),
                    ("enum", Value::Array(all)) => {
                        all.iter().filter_map(Value::as_str).for_each(&mut keep);
                    }
                    _ => {}
                }
            }
            map.values().for_each(|inner| odd_names(inner, found));
        }
        Value::Array(all) => all.iter().for_each(|inner| odd_names(inner, found)),
        _ => {}
    }
}

/// Escapes names where they stand in quotes as they are.
pub(in crate::contract) fn escape(text: &str, odd: &BTreeSet<String>) -> String {
    let mut longest_first: Vec<_> = odd.iter().collect();
    longest_first.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, inside)) = rest.split_once('"') {
        out.push_str(before);
        let found = longest_first.iter().find_map(|name| {
            let behind = inside.strip_prefix(name.as_str())?.strip_prefix('"')?;
            follows_string(behind).then_some((name, behind))
        });
        rest = match found {
            Some((name, behind)) => {
                out.push_str(&quoted(name));
                behind
            }
            None => {
                let behind = behind_string(inside, '"').unwrap_or(inside);
                out.push('"');
                out.push_str(&inside[..inside.len() - behind.len()]);
                behind
            }
        };
    }
    out + rest
}

/// Whether the text goes on as it does behind a string that has ended.
fn follows_string(text: &str) -> bool {
    text.is_empty()
        || text.starts_with(|next: char| next.is_whitespace() || "?:,;|&)]}>".contains(next))
}

/// What makes a type none that TypeScript can read, if anything does.
pub(in crate::contract) fn fault(text: &str) -> Option<&'static str> {
    const UNEVEN: Option<&str> = Some("the brackets do not match");
    let mut open = Vec::new();
    let mut rest = text;
    let mut previous = ' ';
    while let Some(letter) = rest.chars().next() {
        rest = &rest[letter.len_utf8()..];
        match letter {
            '/' if rest.starts_with('*') => match rest.split_once("*/") {
                Some((_, behind)) => rest = behind,
                None => return Some("a comment does not end"),
            },
            '/' if rest.starts_with('/') => {
                rest = rest.split_once('\n').map_or("", |(_, behind)| behind);
            }
            '"' | '\'' | '`' => {
                match behind_string(rest, letter) {
                    Some(behind) => rest = behind,
                    None => return Some("a string does not end in its line"),
                }
                previous = letter;
            }
            _ if letter.is_whitespace() => {}
            '?' | ':' if matches!(previous, '{' | ',' | ';') => {
                return Some("a field has no name");
            }
            _ if letter.is_numeric() && !letter.is_ascii() => {
                return Some("a name has a letter that none can have");
            }
            _ => {
                match letter {
                    '{' => open.push('}'),
                    '[' => open.push(']'),
                    '(' => open.push(')'),
                    '<' => open.push('>'),
                    // Not of an arrow.
                    '>' if previous == '=' => {}
                    '}' | ']' | ')' | '>' if open.pop() != Some(letter) => return UNEVEN,
                    _ => {}
                }
                previous = letter;
            }
        }
    }
    if open.is_empty() { None } else { UNEVEN }
}

/// What follows on the end of a string.
fn behind_string(text: &str, quote: char) -> Option<&str> {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '\n' | '\r' | '\u{2028}' | '\u{2029}' if quote != '`' => return None,
            _ if letter == quote => return text.get(at + letter.len_utf8()..),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_escaped_where_they_stand_in_quotes() {
        let schema = json!({
            "properties": { "a\"b": { "const": "\\" }, "plain": {}, "it's": {} },
            "anyOf": [{ "enum": ["\n", "\"", "\u{2028}", 7, null] }],
            "description": "\"not a name\"",
        });
        let mut odd = BTreeSet::new();
        odd_names(&schema, &mut odd);
        assert_eq!(
            Vec::from_iter(odd.iter().map(String::as_str)),
            ["\n", "\"", "\\", "a\"b", "\u{2028}"]
        );
        let text = "{ \"a\"b\": \"\\\", it's?: \"\n\" | \"\"\" | \"\u{2028}\", \"plain\": 1 }";
        let escaped = escape(text, &odd);
        assert_eq!(
            escaped,
            r#"{ "a\"b": "\\", it's?: "\n" | "\"" | "\u2028", "plain": 1 }"#
        );
        assert_eq!(escape(&escaped, &odd), escaped, "what is escaped stays");
    }

    #[test]
    fn what_is_no_type_is_told() {
        for (text, expected) in [
            (r#"{ "a\"b": "\\", c: Array<[D, () => E]>, /* " */ }"#, None),
            ("`a\n${string}`", None),
            ("A // it's B\n | C", None),
            (r#"{ "a"b": c }"#, Some("a string does not end in its line")),
            ("{ \"a\nb\": c }", Some("a string does not end in its line")),
            ("{ : a }", Some("a field has no name")),
            ("{ a: b, ?: c }", Some("a field has no name")),
            (
                "{ a\u{b2}: b }",
                Some("a name has a letter that none can have"),
            ),
            ("{ a: [b }", Some("the brackets do not match")),
            ("{ a: b", Some("the brackets do not match")),
            ("a /* b", Some("a comment does not end")),
        ] {
            assert_eq!(fault(text), expected, "{text}");
        }
    }
}
