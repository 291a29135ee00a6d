//! The chapters "Feature table" and "Emit cheat sheet": each row names a test that is there, and calls that compile.

use crate::{
    Tested,
    pages::{cells, code, read, root, sources_below},
};

/// Both pages in one text.
fn page() -> Result<String, Box<dyn std::error::Error>> {
    Ok(read("guide/src/cheat-sheet.md")? + &read("guide/src/feature-table.md")?)
}

/// The rows of all its tables.
fn rows(page: &str) -> impl Iterator<Item = Vec<String>> {
    let lines = page.lines().filter(|line| line.starts_with('|'));
    lines
        .map(cells)
        .filter(|row| row[0] != "Socket.IO" && row[0] != "---")
}

/// The tests that a text links: name and file.
fn tests(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("[`").skip(1).filter_map(|link| {
        let (name, rest) = link.split_once("`](../../")?;
        Some((name, rest.split_once(')')?.0))
    })
}

#[test]
fn every_test_that_it_links_is_there() -> Tested {
    let page = page()?;
    let mut linked = 0;
    for (name, file) in tests(&page) {
        let declared = match file.rsplit('.').next() {
            Some("mjs") => format!("test(\"{name}\""),
            Some("py") => format!("def {name}("),
            _ => format!("fn {name}("),
        };
        assert!(
            read(file)?.contains(&declared),
            "{file} has no test `{name}`"
        );
        linked += 1;
    }
    assert!(linked > 100, "only {linked} tests are linked");
    Ok(())
}

#[test]
fn every_feature_has_a_test_or_is_said_not_to_be_there() -> Tested {
    for row in rows(&page()?) {
        let (feature, call, proof) = (&row[0], &row[1], row.last().ok_or("no cells")?);
        if call == "**no**" {
            assert!(!proof.is_empty(), "{feature}: why not?");
        } else {
            assert!(tests(proof).next().is_some(), "{feature} has no test");
        }
    }
    Ok(())
}

#[test]
fn every_call_compiles() -> Tested {
    let compiled = plain(&read("guide/samples/src/calls.rs")?);
    let sources = sources_below(&root().join("framework/src"))?;
    for row in rows(&page()?) {
        for call in code(&row[1]) {
            let there = match call.split_once("::") {
                _ if call.contains('(') => compiled.contains(&plain(call)),
                Some((of, item)) => is_declared(&sources, of, item),
                None => sources.contains(call),
            };
            assert!(there, "`{call}` is not in calls.rs, nor declared");
        }
    }
    Ok(())
}

/// Without the white space and commas that a formatter decides on.
fn plain(text: &str) -> String {
    let text: String = text.split_whitespace().collect();
    text.replace("\\|", "|").replace(",)", ")")
}

fn is_declared(sources: &str, of: &str, item: &str) -> bool {
    let has = |kinds: &[&str], name: &str, ends: &[char]| {
        kinds.iter().any(|kind| {
            let declared = format!("{kind}{name}");
            let mut found = sources.match_indices(&declared);
            found.any(|(at, _)| sources[at + declared.len()..].starts_with(ends))
        })
    };
    has(&["struct ", "enum ", "trait "], of, &[' ', '<', ':', ';'])
        && has(&["fn ", "type ", "    "], item, &['(', '<', ',', ':', ';'])
}
