//! Figures that were measured: each page that has some says how to measure again, or where that is said.

use crate::{
    Tested,
    pages::{pages, read},
};

/// What time and memory are measured in; limits are told in other units.
const UNITS: &[&str] = &[" µs", " KB"];

/// What limits are told in as well: a figure with a fraction was measured.
const OF_FRACTIONS: &[&str] = &[" ms", " MB", " MiB", " %"];

/// Commands that measure, and the page and the file that have them.
const SOURCES: &[&str] = &[
    "cargo xtask capacity",
    "cargo xtask soak",
    "tests/bench/",
    "redis-cli MEMORY USAGE",
    "PERFORMANCE.md",
    // Of the browser client, whose size a test holds.
    "tests hold both numbers",
];

/// Of these sections of PERFORMANCE.md the figures are those of the others, or are said not to be comparable.
const WITHOUT_COMMANDS: &[&str] = &["Goals", "What the figures do not show"];

/// The words before each of these units, if they are numbers.
fn numbers<'a>(page: &'a str, units: &'a [&str]) -> impl Iterator<Item = &'a str> {
    let places = units.iter().flat_map(|unit| page.match_indices(unit));
    let words = places.filter_map(|(at, _)| page[..at].rsplit(' ').next());
    words.filter(|word| word.ends_with(|c: char| c.is_ascii_digit()))
}

fn is_measured(page: &str) -> bool {
    let is_fraction = |number: &str| number.contains('.');
    numbers(page, UNITS).next().is_some() || numbers(page, OF_FRACTIONS).any(is_fraction)
}

#[test]
fn figures_are_told_from_limits() {
    for measured in ["2.5 KB", "took 40 µs each", "after 1.6 ms", "0.7 % more"] {
        assert!(is_measured(measured), "{measured}");
    }
    for limit in ["16 MiB", "100 ms", "70 %", "v1.2, KB"] {
        assert!(!is_measured(limit), "{limit}");
    }
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
    assert!(measured > 5, "only {measured} pages have figures");
    Ok(())
}

#[test]
fn so_does_every_section_with_measurements_beside_others() -> Tested {
    let mut measured = 0;
    for section in read("PERFORMANCE.md")?.split("\n## ").skip(1) {
        let title = section.lines().next().unwrap_or_default();
        let text = section.split_whitespace().collect::<Vec<_>>().join(" ");
        // Its tables have the units in their heads, and memory is told in bytes.
        let is_measured = is_measured(&text) || text.contains("µs") || text.contains(" bytes");
        if is_measured && !WITHOUT_COMMANDS.contains(&title) {
            let commands = ["tests/bench/", "cargo xtask"];
            let is_told = commands.iter().any(|command| text.contains(command));
            assert!(is_told, "\"{title}\" has figures, and no command");
            measured += 1;
        }
    }
    assert!(measured > 3, "only {measured} sections have figures");
    Ok(())
}
