//! The elements of a tuple type, as ts-rs writes them.

/// `None` if it is not a tuple.
pub(super) fn elements(tuple: &str) -> Option<Vec<&str>> {
    split(tuple.trim().strip_prefix('[')?.strip_suffix(']')?)
}

/// What stands between the commas that are in nothing else.
fn split(inside: &str) -> Option<Vec<&str>> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    let (mut quote, mut comment) = (None, false);
    let mut previous = ' ';
    for (at, letter) in inside.char_indices() {
        match (quote, letter) {
            _ if comment => comment = !(previous == '*' && letter == '/'),
            // Escaped, whatever it is: it ends nothing, and escapes nothing.
            (Some(_), _) if previous == '\\' => {
                previous = ' ';
                continue;
            }
            (Some(open), _) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '*') if previous == '/' => comment = true,
            (None, '"' | '\'' | '`') => quote = Some(letter),
            (None, '[' | '{' | '(' | '<') => depth += 1,
            // Not of an arrow.
            (None, '>') if previous == '=' => {}
            (None, ']' | '}' | ')' | '>') => depth = depth.checked_sub(1)?,
            (None, ',') if depth == 0 => {
                parts.push(inside.get(start..at)?.trim());
                start = at + 1;
            }
            (None, _) => {}
        }
        previous = letter;
    }
    if quote.is_some() || comment || depth > 0 {
        return None;
    }
    let last = inside.get(start..)?.trim();
    parts.extend((!last.is_empty()).then_some(last));
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::elements;

    #[test]
    fn a_tuple_is_split_at_its_own_commas() {
        assert_eq!(elements("[number, string]"), Some(vec!["number", "string"]));
        assert_eq!(
            elements(r#"[[a, b], { c: d, e: Array<f, g> }, "h,]" | null]"#),
            Some(vec![
                "[a, b]",
                "{ c: d, e: Array<f, g> }",
                r#""h,]" | null"#
            ])
        );
        assert_eq!(
            elements("[(a: b, c: d) => void, e]"),
            Some(vec!["(a: b, c: d) => void", "e"])
        );
        assert_eq!(
            elements(r#"["\\", "\",", a]"#),
            Some(vec![r#""\\""#, r#""\",""#, "a"])
        );
        assert_eq!(elements("[]"), Some(Vec::new()));
        assert_eq!(elements("string"), None);
        assert_eq!(elements("[a, b]]"), None);
        assert_eq!(elements("[a, (b]"), None);
        assert_eq!(elements("[a, 'b]"), None);
    }

    #[test]
    fn what_a_comment_says_is_no_part_of_a_tuple() {
        let object = "{ \n/**\n * Ann's, and (not\n */\nof: string, }";
        let tuple = format!("[{object}, number]");
        assert_eq!(elements(&tuple), Some(vec![object, "number"]));
    }
}
