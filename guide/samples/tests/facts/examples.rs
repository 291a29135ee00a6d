//! Examples in the documentation: everything that an application holds in its hands has one.

use std::{collections::BTreeMap, fs, path::Path};

use crate::{
    Tested,
    pages::{read, root},
};

/// What an application meets in a part of something else only, and what shows it.
const SHOWN_BY: &[(&str, &str)] = &[
    ("BlockedWorker", "Health"),
    ("ConnectRefused", "TestClientBuilder"),
    ("Emits", "the derive `EventHandlers`"),
    ("EmitsUntyped", "the derive `EventHandlers`"),
    ("EventHandlers", "the derive of that name"),
    ("Route", "the derive `EventHandlers`, whose business it is"),
];

/// The crate's root, and the modules for applications. What only authors of adapters and parsers meet, their modules show.
const MAPS: &[&str] = &["lib.rs", "admin/mod.rs", "testing/mod.rs"];

/// The types that `pub use` lines name.
fn exported(map: &str) -> Vec<String> {
    let lists = map
        .split("pub use ")
        .skip(1)
        .filter_map(|rest| rest.split(';').next());
    let names = lists.flat_map(|list| list.split(|c: char| !c.is_alphanumeric() && c != '_'));
    names
        .filter(|name| name.starts_with(char::is_uppercase))
        .map(ToOwned::to_owned)
        .collect()
}

/// The structs and traits of all sources: whether the documentation of each has an example.
fn documented(folder: &Path, found: &mut BTreeMap<String, bool>) -> Tested {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            documented(&path, found)?;
            continue;
        }
        let mut has_example = false;
        for line in fs::read_to_string(path)?.lines().map(str::trim) {
            let declared = ["pub struct ", "pub trait "]
                .iter()
                .find_map(|kind| line.strip_prefix(kind));
            if let Some(name) =
                declared.and_then(|rest| rest.split(|c: char| !c.is_alphanumeric()).next())
            {
                *found.entry(name.to_owned()).or_default() |= has_example;
            }
            has_example |= line.starts_with("/// ```");
            // Attributes may stand between an item and its documentation.
            has_example &= line.starts_with("///")
                || line.starts_with(['#', ')', '"'])
                || line.contains(" = \"");
        }
    }
    Ok(())
}

#[test]
fn everything_that_is_exported_has_an_example() -> Tested {
    let mut found = BTreeMap::new();
    documented(&root().join("framework/src"), &mut found)?;
    let mut without = Vec::new();
    let mut with = 0;
    for map in MAPS {
        for name in exported(&read(&format!("framework/src/{map}"))?) {
            // An error is met where a call fails, an enum where it is chosen.
            let is_entry = !name.ends_with("Error") && !name.starts_with("Invalid");
            match found.get(&name).filter(|_| is_entry) {
                Some(true) => with += 1,
                Some(false) if SHOWN_BY.iter().all(|(part, _)| *part != name) => without.push(name),
                _ => {}
            }
        }
    }
    assert!(without.is_empty(), "no example: {without:?}");
    assert!(with > 50, "only {with} have been found");
    Ok(())
}

#[test]
fn what_needs_no_example_of_its_own_is_there() -> Tested {
    let mut found = BTreeMap::new();
    documented(&root().join("framework/src"), &mut found)?;
    for (part, by) in SHOWN_BY {
        assert_eq!(found.get(*part), Some(&false), "{part}, shown by {by}");
    }
    Ok(())
}
