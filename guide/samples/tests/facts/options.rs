//! The chapter "Options": each builder has a section, and each of its functions is in there.

use std::{collections::BTreeMap, fs, path::Path};

use crate::{
    Tested,
    pages::{code, read, root},
};

/// What makes a builder, the hub, or a service, is no option.
const NO_OPTIONS: &[&str] = &["new", "build", "serve"];

/// The page as it is shown: with what it includes of others.
fn page() -> Result<String, Box<dyn std::error::Error>> {
    let mut shown = String::new();
    for line in read("guide/src/options.md")?.lines() {
        let included = line.strip_prefix("{{#include ");
        let Some((file, anchor)) = included.and_then(|of| of.trim_end_matches('}').split_once(':'))
        else {
            shown += line;
            shown += "\n";
            continue;
        };
        let text = read(&format!("guide/src/{file}"))?;
        let mark = |which| format!("<!-- {which}: {anchor} -->");
        let (_, part) = text.split_once(&mark("ANCHOR")).ok_or("no anchor")?;
        let (part, _) = part.split_once(&mark("ANCHOR_END")).ok_or("no end")?;
        shown += part;
    }
    Ok(shown)
}

/// What the tables of a section name.
struct Told<'a> {
    /// In the first column: what the row is about.
    options: Vec<&'a str>,
    /// In the first two.
    all: Vec<&'a str>,
}

/// Of each section that is about a type, what its tables name.
fn told(page: &str) -> BTreeMap<&str, Told<'_>> {
    let sections = page.split("\n## `").skip(1);
    let section = |text| {
        let (of, text): (&str, &str) = str::split_once(text, '`')?;
        let rows = text.lines().filter_map(|line| line.strip_prefix("| "));
        let named = |columns| {
            let cells = rows
                .clone()
                .flat_map(move |row| row.split(" | ").take(columns));
            cells.flat_map(code).map(|call| function(of, call))
        };
        let told = Told {
            // The head of a table names the type.
            options: named(1).filter(|name| *name != of).collect(),
            all: named(2).collect(),
        };
        Some((of, told))
    };
    sections.filter_map(section).collect()
}

/// The function of a type that is called: `Redis::pub_sub`, `Admin::new(auth)`, `burst(times)`, `max_age`.
fn function<'a>(of: &str, call: &'a str) -> &'a str {
    let own = call.strip_prefix(of);
    match own.and_then(|call| call.strip_prefix("::")) {
        Some(function) => function.split('(').next().unwrap_or(function),
        None => call.split(['(', ':']).next().unwrap_or(call),
    }
}

/// The type that an `impl` is for, unless it is one of a trait.
fn implemented(line: &str) -> Option<&str> {
    let line = line.strip_prefix("impl")?.strip_suffix(" {")?;
    let line = match line.strip_prefix('<') {
        Some(generic) => generic.split_once('>')?.1,
        None => line,
    };
    let path = line.trim().split('<').next()?;
    (!line.contains(" for ")).then(|| path.rsplit("::").next().unwrap_or(path))
}

/// The public functions of these types, wherever they are.
pub(crate) fn declared<'a>(
    folder: &Path,
    of: &[&'a str],
    found: &mut BTreeMap<&'a str, Vec<String>>,
) -> Tested {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            declared(&path, of, found)?;
            continue;
        }
        let mut current = None;
        for line in fs::read_to_string(path)?.lines() {
            if line.starts_with("impl") {
                current = of.iter().find(|of| implemented(line) == Some(**of));
            }
            let function = line.strip_prefix("    pub ").map(|line| {
                line.trim_start_matches("const ")
                    .trim_start_matches("async ")
            });
            if let (Some(of), Some(function)) =
                (current, function.and_then(|of| of.strip_prefix("fn ")))
            {
                let name = function.split(['(', '<']).next().unwrap_or(function);
                found.entry(of).or_default().push(name.to_owned());
            }
        }
    }
    Ok(())
}

#[test]
fn every_function_of_a_builder_is_there_and_no_other() -> Tested {
    let page = page()?;
    let told = told(&page);
    let of: Vec<_> = told.keys().copied().collect();
    assert!(of.len() > 10, "only {of:?}");
    let mut found = BTreeMap::new();
    declared(&root().join("framework/src"), &of, &mut found)?;
    for (of, told) in &told {
        let functions = found
            .get(of)
            .ok_or_else(|| format!("no functions of `{of}`"))?;
        for name in functions
            .iter()
            .filter(|name| !NO_OPTIONS.contains(&&***name))
        {
            let is_told = told.all.contains(&&**name);
            assert!(is_told, "`{of}::{name}` is not told");
        }
        for name in &told.options {
            let is_there = functions.iter().any(|function| function == name);
            assert!(is_there, "there is no `{of}::{name}`");
        }
    }
    Ok(())
}

/// What an option of the hub takes is a builder itself, or explained in the guide.
#[test]
fn every_builder_has_a_section() -> Tested {
    let page = page()?;
    let told = told(&page);
    for builder in fs::read_dir(root().join("framework/src/config"))? {
        let source = fs::read_to_string(builder?.path())?;
        for of in source.split("pub struct ").skip(1) {
            let name = of.split([' ', ';', '<']).next().unwrap_or(of);
            assert!(told.contains_key(name), "`{name}` has no section");
        }
    }
    Ok(())
}
