//! Samples: those of the guide are parts of files that are compiled or run.

use crate::{Tested, pages::pages};

const LANGUAGES: &[&str] = &["html", "javascript", "js", "rust", "ts", "typescript"];

/// The blocks of code of a page: the language, and the lines.
fn blocks(page: &str) -> Vec<(&str, Vec<&str>)> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(name) = line.trim_start().strip_prefix("```") else {
            continue;
        };
        let language = name.split(',').next().unwrap_or(name).trim();
        let content = lines.by_ref().take_while(|line| line.trim() != "```");
        blocks.push((language, content.collect()));
    }
    blocks
}

/// An include, or what stands between two: nothing, or a comment that says where the second belongs.
fn is_included(line: &str) -> bool {
    line.starts_with("{{#include ") || line.is_empty() || line.starts_with("//")
}

#[test]
fn every_sample_of_the_guide_is_part_of_a_file() -> Tested {
    let mut seen = 0;
    for (name, page) in pages()? {
        for (language, lines) in blocks(&page) {
            if !LANGUAGES.contains(&language) {
                continue;
            }
            seen += 1;
            let typed = lines.iter().find(|line| !is_included(line));
            assert_eq!(typed, None, "{name}: a line that no file has");
            assert!(lines.iter().any(|line| line.starts_with("{{")), "{name}");
        }
    }
    assert!(seen > 200, "only {seen} samples");
    Ok(())
}

#[test]
fn a_sample_that_is_typed_into_a_page_is_seen() {
    let page = "text\n```rust,ignore\n{{#include a.rs}}\n\n// then\nlet typed = 1;\n```\n```text\nout\n```\n";
    let blocks = blocks(page);
    let [("rust", lines), ("text", _)] = &blocks[..] else {
        panic!("{blocks:?}");
    };
    let typed: Vec<_> = lines.iter().filter(|line| !is_included(line)).collect();
    assert_eq!(typed, [&"let typed = 1;"]);
}
