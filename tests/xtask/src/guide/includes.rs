//! `{{#include file}}` and `{{#include file:anchor}}`: mdBook leaves the first as it is when there is
//! no such file, and puts nothing in place of the second when there is no such anchor. Of a whole file it shows the
//! marks of anchors as well.

use std::path::Path;

/// What is wrong with the includes of a page of the guide's source.
pub(crate) fn mistakes(page: &Path, text: &str) -> Vec<String> {
    let folder = page.parent().unwrap_or(page);
    directives(text)
        .filter_map(|target| mistake(folder, target))
        .map(|mistake| format!("{}: {mistake}", page.display()))
        .collect()
}

/// The targets of `{{#include ...}}` and `{{#rustdoc_include ...}}`.
fn directives(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{#").skip(1).filter_map(|rest| {
        let (directive, _) = rest.split_once("}}")?;
        let (kind, target) = directive.split_once(char::is_whitespace)?;
        kind.ends_with("include").then_some(target.trim())
    })
}

fn mistake(folder: &Path, target: &str) -> Option<String> {
    let (file, part) = target.split_once(':').unwrap_or((target, ""));
    let Ok(text) = std::fs::read_to_string(folder.join(file)) else {
        return Some(format!("includes `{file}`, which is not there"));
    };
    if part.is_empty() && text.contains("ANCHOR:") {
        return Some(format!(
            "includes all of `{file}`, the marks of its anchors too"
        ));
    }
    let is_anchor = part.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let missing = is_anchor && !has_anchor(&text, part);
    missing.then(|| format!("includes the anchor `{part}`, which `{file}` does not have"))
}

fn has_anchor(text: &str, name: &str) -> bool {
    text.lines().any(|line| {
        line.split_once("ANCHOR:")
            // `ANCHOR_END:` does not contain `ANCHOR:`. In HTML the comment's end follows.
            .is_some_and(|(_, anchor)| anchor.split_whitespace().next() == Some(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITSELF: &str = "src/guide/includes.rs";

    // ANCHOR: here
    fn check(target: &str) -> Vec<String> {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("page.md");
        mistakes(&page, &format!("text\n{{{{#include {target}}}}}\ntext"))
    }
    // ANCHOR_END: here

    #[test]
    fn files_lines_and_anchors_that_are_there_pass() {
        for target in [":3", ":3:5", "::5", ":here"].map(|part| format!("{ITSELF}{part}")) {
            assert_eq!(check(&target), [""; 0]);
        }
        assert_eq!(check("src/guide/links.rs"), [""; 0]);
    }

    #[test]
    fn an_anchor_in_html_is_one() {
        assert!(has_anchor("<!-- ANCHOR: form -->", "form"));
    }

    #[test]
    fn anchors_are_not_shown() {
        assert_eq!(check(ITSELF).len(), 1);
    }

    #[test]
    fn a_missing_file_is_named() {
        let mistakes = check("src/no_such_file.rs:here");
        assert!(mistakes[0].contains("page.md"), "{mistakes:?}");
        assert!(
            mistakes[0].contains("`src/no_such_file.rs`"),
            "{mistakes:?}"
        );
    }

    #[test]
    fn a_missing_anchor_is_named() {
        let mistakes = check(&format!("{ITSELF}:elsewhere"));
        assert!(mistakes[0].contains("`elsewhere`"), "{mistakes:?}");
    }

    #[test]
    fn rustdoc_includes_are_read_too() {
        let text = "{{#rustdoc_include a.rs:b}} {{#title T}} {{#include c.rs}}";
        assert_eq!(directives(text).collect::<Vec<_>>(), ["a.rs:b", "c.rs"]);
    }
}
