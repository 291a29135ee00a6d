//! Doc comments as those of TypeScript: what they say must not end them.

/// `text` without an end of a comment.
pub(super) fn open(text: &str) -> String {
    text.replace("*/", "*\\/")
}

/// The comment of a type, as ts-rs writes it: of nothing else.
pub(super) fn of_type(comment: String) -> String {
    let inside = comment.strip_prefix("/**");
    match inside.and_then(|it| it.strip_suffix("*/\n")) {
        Some(inside) => format!("/**{}*/\n", open(inside)),
        None => comment,
    }
}

/// A declaration in which ts-rs has written the comments of fields.
pub(super) fn of_fields(declaration: &str) -> String {
    let lines: Vec<&str> = declaration.split('\n').collect();
    let mended = lines.iter().enumerate().map(|(at, line)| {
        let after = lines.get(at + 1..).unwrap_or_default();
        match line.starts_with(" *") && *line != END && goes_on(after) {
            true => open(line),
            false => (*line).to_owned(),
        }
    });
    mended.collect::<Vec<_>>().join("\n")
}

/// How a comment of several lines ends: after `///`, always.
const END: &str = " */";

/// Whether the comment that is open before these lines ends in one of them.
fn goes_on(lines: &[&str]) -> bool {
    let decides = |line: &&&str| **line == END || line.contains("/**");
    lines.iter().find(decides).is_some_and(|line| *line == END)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_ends_where_it_ended() {
        for (comment, expected) in [
            ("/**\n * rooms/*/say\n */\n", "/**\n * rooms/*\\/say\n */\n"),
            ("/** one /* two */ */\n", "/** one /* two *\\/ */\n"),
            ("", ""),
        ] {
            assert_eq!(of_type(comment.to_owned()), expected);
        }
    }

    #[test]
    fn a_comment_of_a_field_ends_where_it_ended() {
        let open = "type A = { \n/**\n * x/*/\n * y\n */\na: number, \n/**\n * z\n */\nb: C, };";
        let expected = open.replace("x/*/", "x/*\\/");
        assert_eq!(of_fields(open), expected);
        let block = "type A = { \n/**\n * x\n * y */\na: number, \n/**\n * z\n */\nb: C, };";
        assert_eq!(of_fields(block), block);
    }
}
