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

/// Of each section that is about a type, the names in the first two columns of its tables.
fn told(page: &str) -> BTreeMap<&str, Vec<&str>> {
    let sections = page.split("\n## `").skip(1);
    let section = |text| {
        let (of, text): (&str, &str) = str::split_once(text, '`')?;
        let rows = text.lines().filter_map(|line| line.strip_prefix("| "));
        let cells = rows.flat_map(|row| row.split(" | ").take(2));
        let names = cells.flat_map(code).map(|call| {
            let name = call.split(['(', ':']).next().unwrap_or(call);
            // `Redis::pub_sub`, and `Admin::new(auth)`.
            match call
                .strip_prefix(of)
                .and_then(|call| call.strip_prefix("::"))
            {
                Some(function) => function.split('(').next().unwrap_or(function),
                None => name,
            }
        });
        Some((of, names.collect()))
    };
    sections.filter_map(section).collect()
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
fn declared<'a>(
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
            let function = line
                .strip_prefix("    pub ")
                .map(|line| line.trim_start_matches("const "));
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
    for (of, names) in &told {
        let functions = found
            .get(of)
            .ok_or_else(|| format!("no functions of `{of}`"))?;
        for name in functions
            .iter()
            .filter(|name| !NO_OPTIONS.contains(&&***name))
        {
            assert!(names.contains(&&**name), "`{of}::{name}` is not told");
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
