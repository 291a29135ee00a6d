//! The diagrams of the chapter "Inside": drawn from the modules that the sources have.
//!
//! `UPDATE_DIAGRAMS=1 cargo test -p guide-samples --test facts diagrams` draws them anew.

mod svg;

use std::fs;

use crate::{
    Tested,
    pages::{cells, quoted, read, root},
};
use svg::Drawing;

const FOLDER: &str = "guide/src/diagrams";

/// Each a text in `guide/diagrams`: a heading for each place where something happens, and below it the files that it
/// passes through. What has no file stands in brackets.
const PATHS: &[&str] = &["event-in", "broadcast-out", "connection", "nodes"];

/// Whether the committed drawing is this one; or makes it so.
fn hold(name: &str, drawn: &str) -> Tested {
    let file = format!("{FOLDER}/{name}.svg");
    if std::env::var_os("UPDATE_DIAGRAMS").is_some() {
        fs::write(root().join(&file), drawn)?;
    }
    let is_current = read(&file)? == drawn;
    assert!(
        is_current,
        "{file} is not current: see the head of {}",
        file!()
    );
    Ok(())
}

#[test]
fn paths_lead_through_files_that_are_there() -> Tested {
    for path in PATHS {
        let mut drawing = Drawing::new();
        for line in read(&format!("guide/diagrams/{path}.txt"))?.lines() {
            if let Some(title) = line.strip_prefix("## ") {
                drawing.group(title);
                continue;
            }
            let (place, what) = line.split_once(": ").ok_or(line)?;
            let is_file = !place.starts_with('(');
            let there = root().join("framework/src").join(place).exists();
            assert!(there || !is_file, "{path}: there is no `{place}`");
            drawing.step(place.trim_matches(['(', ')']), what, is_file);
        }
        hold(path, &drawing.finish())?;
    }
    Ok(())
}

/// The modules of each rank, from the bottom to the top.
fn ranks(tests: &str) -> Result<Vec<Vec<&str>>, &'static str> {
    let (_, ranks) = tests.split_once("const RANKS").ok_or("no ranks")?;
    let (ranks, _) = ranks.split_once("];").ok_or("no end")?;
    let ranks = ranks.lines().map(|line| quoted(line).collect::<Vec<_>>());
    Ok(ranks.filter(|rank| !rank.is_empty()).collect())
}

/// What ARCHITECTURE.md says that a module holds.
fn holds(architecture: &str, module: &str) -> Option<String> {
    let start = format!("| `{module}` |");
    let row = architecture.lines().find(|line| line.starts_with(&start))?;
    Some(cells(row).get(1)?.replace('`', ""))
}

#[test]
fn layers_are_those_that_imports_are_held_to() -> Tested {
    let tests = read("framework/tests/layers.rs")?;
    let architecture = read("ARCHITECTURE.md")?;
    let (_, common) = tests
        .split_once("const COMMON")
        .ok_or("no common modules")?;
    let common: Vec<_> = common.lines().take(1).flat_map(quoted).collect();
    let mut drawing = Drawing::new();
    drawing.group("A module may import what is below it, and nothing beside or above it");
    for rank in ranks(&tests)?.into_iter().rev() {
        let held = rank.iter().map(|module| {
            let text = holds(&architecture, module);
            let text = text.ok_or_else(|| format!("ARCHITECTURE.md has no `{module}`"));
            Ok((*module, text?))
        });
        drawing.row(&held.collect::<Result<Vec<_>, String>>()?);
    }
    drawing.group("For all of them but `protocol`");
    drawing.row(&[(
        &*common.join(", "),
        "options, errors, identifiers, counters, restarting actors".to_owned(),
    )]);
    hold("layers", &drawing.finish())
}
