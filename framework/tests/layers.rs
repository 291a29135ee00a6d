//! Who may import whom: dependencies point downwards only (ARCHITECTURE.md).
//!
//! Reads what each source file names, in `use` lines and in paths elsewhere; the code of tests may
//! name what it likes.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// From the bottom to the top; modules of one rank do not know each other.
const RANKS: &[&[&str]] = &[
    &["protocol"],
    &["event", "transport"],
    &["contract", "shard"],
    &["room"],
    &["namespace"],
    &["cluster", "connection"],
    &["admin"],
    &["server"],
    &["testing"],
];

/// For everyone but `protocol`, which imports nothing of the crate.
const COMMON: &[&str] = &["config", "entropy", "error", "id", "metrics", "supervision"];

/// A map of the crate, and no logic.
const MAPS: &[&str] = &["lib.rs", "prelude.rs"];

/// Where a dependency may be named: in files whose path starts with one of these.
const PLACES: &[(&str, &[&str])] = &[
    ("actix_web", &["transport/", "server/", "testing/"]),
    ("bcrypt", &["admin/"]),
    ("actix_http", &["transport/"]),
    ("actix_web_actors", &["transport/handshake.rs"]),
    ("dashmap", &["shard/directory.rs", "shard/node.rs"]),
    ("redis", &["cluster/adapter/redis/"]),
    ("schemars", &["contract/"]),
    ("ts_rs", &["contract/"]),
];

/// What a part of the crate does without.
const WITHOUT: &[(&str, &[&str])] = &[
    (
        "protocol/",
        &["actix", "tokio", "futures_util", "tracing", "metrics"],
    ),
    ("event/", &["actix"]),
    (
        "cluster/wire/",
        &[
            "actix",
            "tokio",
            "futures_util",
            "tracing",
            "metrics",
            "redis",
        ],
    ),
];

#[test]
fn modules_import_downwards_only() {
    let mut wrong = BTreeSet::new();
    for source in sources() {
        if MAPS.contains(&source.path.as_str()) {
            continue;
        }
        for path in &source.paths {
            let Some(target) = source.module_of(path) else {
                continue;
            };
            if !may_import(source.module(), &target) {
                wrong.insert(format!("{} names {path}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn dependencies_are_named_in_their_places_only() {
    let mut wrong = BTreeSet::new();
    for source in sources() {
        for path in &source.paths {
            let named = path.split("::").next().unwrap_or_default();
            let misplaced = PLACES.iter().any(|(dependency, places)| {
                *dependency == named && !places.iter().any(|place| source.path.starts_with(place))
            });
            let excluded = WITHOUT
                .iter()
                .any(|(part, without)| source.path.starts_with(part) && without.contains(&named));
            if misplaced || excluded {
                wrong.insert(format!("{} names {path}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What other nodes tell is read and written on the way through, whatever it holds.
#[test]
fn no_tree_is_made_of_what_nodes_tell_each_other() {
    let trees = ["serde_json::Value", "serde_json::Map", "serde_json::json"];
    let is_tree = |path: &String| {
        let of = |tree| path.strip_prefix(tree);
        trees
            .into_iter()
            .filter_map(of)
            .any(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    let of_nodes = sources().into_iter();
    let of_nodes: Vec<_> = of_nodes
        .filter(|source| source.path.starts_with("cluster/"))
        .collect();
    assert!(!of_nodes.is_empty());
    for source in of_nodes {
        assert!(!source.paths.iter().any(is_tree), "{}", source.path);
    }
}

#[test]
fn every_module_has_its_rank() {
    for source in sources() {
        let module = source.module();
        let known = MAPS.contains(&source.path.as_str())
            || COMMON.contains(&module)
            || RANKS.iter().any(|rank| rank.contains(&module));
        assert!(known, "{} belongs to no rank", source.path);
    }
}

/// Were nothing read, nothing would be wrong.
#[test]
fn all_ways_to_name_something_are_seen() {
    let text = r#"
        use std::{fmt, sync::{Arc, Mutex as Lock}};
        use crate::{config::Config, shard::{node::*, slot}};
        use super::super::room;
        pub(crate) use actix::Actor; // crate::commented::out
        /// [`crate::documented`]
        fn f() -> crate::error::EmitError { ::dashmap::DashMap::new() }
        #[cfg(test)]
        mod tests { use crate::server; }
    "#;
    let source = Source::read("namespace/inner/x.rs".to_owned(), text);
    let expected = [
        "actix::Actor",
        "crate::config::Config",
        "crate::error::EmitError",
        "crate::shard::node::*",
        "crate::shard::slot",
        "dashmap::DashMap::new",
        "std::fmt",
        "std::sync::Arc",
        "std::sync::Mutex",
        "super::super::room",
    ];
    assert_eq!(source.paths.iter().collect::<Vec<_>>(), expected);
    assert_eq!(
        source.module_of("super::super::room").as_deref(),
        Some("namespace")
    );
    assert_eq!(
        source.module_of("super::super::super::room").as_deref(),
        Some("room")
    );
    assert_eq!(
        source.module_of("crate::error::EmitError").as_deref(),
        Some("error")
    );
    assert_eq!(source.module_of("std::fmt"), None);
}

fn may_import(from: &str, to: &str) -> bool {
    if from == to {
        return true;
    }
    let rank = |module: &str| RANKS.iter().position(|rank| rank.contains(&module));
    match (rank(from), rank(to)) {
        // Only `testing` speaks with the crate as an application does.
        (Some(_), None) if !COMMON.contains(&to) => from == "testing",
        (Some(0), None) => false,
        (Some(_), None) => true,
        (Some(from), Some(to)) => to < from,
        (None, Some(_)) => false,
        (None, None) => COMMON.contains(&to),
    }
}

struct Source {
    /// Below `src`, with slashes.
    path: String,
    /// What it names, from the first segment.
    paths: BTreeSet<String>,
}

impl Source {
    fn read(path: String, text: &str) -> Self {
        let code = without_comments(without_tests(text));
        let mut paths = BTreeSet::new();
        let mut rest = code.as_str();
        while let Some((before, tree, after)) = next_use(rest) {
            inline_paths(before, &mut paths);
            expand("", tree, &mut paths);
            rest = after;
        }
        inline_paths(rest, &mut paths);
        Self { path, paths }
    }

    /// The module of the crate's root that the file belongs to.
    fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// The module of the crate's root that a path leads to; `None` for another crate.
    fn module_of(&self, path: &str) -> Option<String> {
        let mut segments = path.split("::").peekable();
        if segments.peek() == Some(&"crate") {
            return segments.nth(1).map(ToOwned::to_owned);
        }
        let mut ups = 0;
        while segments.next_if_eq(&"super").is_some() {
            ups += 1;
        }
        if ups == 0 {
            return None;
        }
        let file = self.path.strip_suffix(".rs").unwrap_or(&self.path);
        let module = file.strip_suffix("/mod").unwrap_or(file);
        let depth = module.split('/').count();
        match depth > ups {
            true => Some(self.module().to_owned()),
            false => segments.next().map(ToOwned::to_owned),
        }
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 20, "the sources were not found");
    files
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            let path = file.strip_prefix(&root).unwrap().to_str().unwrap();
            Source::read(path.replace('\\', "/"), &text)
        })
        .collect()
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let is_test = name == "tests" || name.ends_with("_tests");
        if is_test {
            continue;
        }
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Tests inside a file stand at its end.
fn without_tests(text: &str) -> &str {
    let test = text.find("#[cfg(test)]\nmod tests").or_else(|| {
        // Indented, as in the test above.
        let at = text.find("mod tests {")?;
        text.get(..at)?.rfind("#[cfg(test)]")
    });
    test.and_then(|at| text.get(..at)).unwrap_or(text)
}

fn without_comments(text: &str) -> String {
    let code = |line: &str| match line.find("//") {
        // An address in a string is no comment.
        Some(at) if !line[..at].ends_with(':') => line[..at].to_owned(),
        _ => line.to_owned(),
    };
    text.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// The next `use`: what is before it, its tree, and what is after it.
fn next_use(code: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let at = from + code.get(from..)?.find("use ")?;
        let (before, rest) = code.split_at(at);
        let line = before.rsplit('\n').next().unwrap_or_default().trim();
        if line.is_empty() || (line.starts_with("pub") && !line.contains(' ')) {
            let (tree, after) = rest.strip_prefix("use ")?.split_once(';')?;
            return Some((before, tree, after));
        }
        from = at + "use ".len();
    }
}

/// Adds every path of a use tree.
fn expand(prefix: &str, tree: &str, paths: &mut BTreeSet<String>) {
    let tree = tree.trim().trim_start_matches("::");
    match tree.split_once('{') {
        Some((head, list)) => {
            let list = list.trim().strip_suffix('}').unwrap();
            let prefix = format!("{prefix}{}", head.trim());
            for part in parts(list) {
                expand(&prefix, part, paths);
            }
        }
        None if tree.is_empty() => {}
        None => {
            let name = tree.split(" as ").next().unwrap_or(tree).trim();
            paths.insert(format!("{prefix}{name}"));
        }
    }
}

/// Splits at the commas outside of braces.
fn parts(list: &str) -> Vec<&str> {
    let mut depth = 0;
    list.split(|character| {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        character == ',' && depth == 0
    })
    .collect()
}

/// Paths in code that begin with `crate`, `super` or the name of another crate.
fn inline_paths(code: &str, paths: &mut BTreeSet<String>) {
    let is_path = |character: char| character.is_alphanumeric() || "_:".contains(character);
    for word in code.split(|character| !is_path(character)) {
        let path = word.trim_matches(':');
        let Some((first, _)) = path.split_once("::") else {
            continue;
        };
        // Types and variants begin in upper case.
        if first.starts_with(|c: char| c.is_lowercase()) {
            paths.insert(path.to_owned());
        }
    }
}
