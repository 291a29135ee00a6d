//! Figures that were measured: each page that has some says how to measure again, or where that is said.

use crate::{Tested, pages::pages};

/// What time and memory are measured in; limits are told in other units.
const UNITS: &[&str] = &[" µs", " KB"];

/// Commands that measure, and the page and the file that have them.
const SOURCES: &[&str] = &[
    "cargo xtask capacity",
    "tests/bench/",
    "redis-cli MEMORY USAGE",
    "(capacity.md",
    "PERFORMANCE.md",
    // Of the browser client, whose size a test holds.
    "tests hold both numbers",
];

fn is_measured(page: &str) -> bool {
    UNITS.iter().any(|unit| {
        let mut places = page.match_indices(unit).map(|(at, _)| &page[..at]);
        places.any(|before| before.ends_with(|c: char| c.is_ascii_digit()))
    })
}

#[test]
fn every_page_with_measured_figures_says_how_to_repeat_them() -> Tested {
    let mut measured = 0;
    for (name, page) in pages()? {
        // Texts are broken into lines anywhere.
        let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
        if is_measured(&page) {
            let is_told = SOURCES.iter().any(|source| page.contains(source));
            assert!(is_told, "{name} has figures, and no command");
            measured += 1;
        }
    }
    assert!(measured > 4, "only {measured} pages have figures");
    Ok(())
}
