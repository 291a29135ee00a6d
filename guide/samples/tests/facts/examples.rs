//! Examples in the documentation: everything that an application or the author of an adapter or a parser holds in their hands
//! is in one.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fs,
    path::Path,
};

use crate::{
    Tested,
    pages::{read, root},
};

/// What no example shows, and where it is met.
const SHOWN_BY: &[(&str, &str)] = &[
    ("BlockedWorker", "`Health`"),
    ("ConnectRefused", "`TestClientBuilder`"),
    ("Emits", "the derive `EventHandlers`"),
    ("EventHandlers", "the derive of that name"),
    ("Route", "the derive `EventHandlers`, whose business it is"),
    ("distinct", "the derives, whose business it is"),
    ("IntoEmitter", "`Emitter`; nobody else implements it"),
    ("Data", "`Message`"),
    ("Flags", "`Message`"),
    ("Options", "`Message`"),
    ("SocketDetails", "`Message`"),
    ("PATIENCE", "`TestClient`, which waits so long"),
    ("RecoveryLog", "`Redis::streams`, the only one so far"),
    ("SessionExtra", "`RecoveryLog`"),
    ("StoredSession", "`RecoveryLog`"),
    ("Diff", "`Store`"),
    ("Entry", "`Store`"),
    ("KeyState", "`Store`"),
    ("Lease", "`Store`"),
    ("MAX_METAS", "`Store`"),
    ("Moment", "`Store`"),
    ("Page", "`Store`"),
    ("Reaped", "`Store`"),
    ("Renewal", "`Store`"),
    ("StoreResult", "`Store`"),
    ("Topic", "`Store`"),
    ("Write", "`Store`"),
];

/// What is exported and not declared in the sources.
const ELSEWHERE: &[(&str, &str)] = &[
    ("JsonSchema", "of schemars"),
    ("TS", "of ts-rs"),
    ("adapter", "a module"),
    ("parser", "a module"),
];

/// The crate's root, and the modules for applications: what is a struct or a trait there has an example of its own.
const ENTRIES: &[&str] = &["lib.rs", "admin/mod.rs", "testing/mod.rs"];

/// The other public modules.
const MODULES: &[&str] = &[
    "cluster/adapter/mod.rs",
    "contract/mod.rs",
    "event/mod.rs",
    "protocol/socket_io/parser/mod.rs",
];

#[derive(Clone, Copy, Default)]
struct Found {
    is_entry: bool,
    has_example: bool,
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.filter(|word| !word.is_empty())
}

/// The kind and the name of the public item that a line declares; a method is none.
fn declared(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim_start().strip_prefix("pub ")?;
    let rest = rest.strip_prefix("async ").unwrap_or(rest);
    let rest = match rest.strip_prefix("const ") {
        Some(function) if function.starts_with("fn ") => function,
        _ => rest,
    };
    let mut words = words(rest);
    let (kind, name) = (words.next()?, words.next()?);
    match kind {
        "struct" | "trait" | "enum" | "type" | "const" => Some((kind, name)),
        "fn" if line.starts_with("pub") => Some((kind, name)),
        _ => None,
    }
}

/// What a module exports: what it declares, and what its `pub use` lines name.
fn exported(map: &str) -> Vec<String> {
    let (map, _) = map.split_once("pub mod __private").unwrap_or((map, ""));
    let own = map
        .lines()
        .filter_map(declared)
        .map(|(_, name)| name.to_owned());
    let mut names: Vec<_> = own.collect();
    let parts: Vec<_> = map.split("pub use ").collect();
    for pair in parts.windows(2) {
        if pair[0].trim_end().ends_with("#[doc(hidden)]") {
            continue;
        }
        let list = pair[1].split(';').next().unwrap_or_default();
        // The last part of each path.
        let paths = list.split([',', '{', '}']);
        let last = paths.filter_map(|path| path.rsplit("::").next().map(str::trim));
        let named = last.filter(|name| !name.is_empty() && *name != "self");
        names.extend(named.map(ToOwned::to_owned));
    }
    names
}

/// The public items of all sources, and the words of all examples.
fn documented(
    folder: &Path,
    found: &mut BTreeMap<String, Found>,
    shown: &mut BTreeSet<String>,
) -> Tested {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            documented(&path, found, shown)?;
            continue;
        }
        let (mut has_example, mut in_example) = (false, false);
        for line in fs::read_to_string(path)?.lines() {
            if let Some((kind, name)) = declared(line) {
                let item = found.entry(name.to_owned()).or_default();
                item.has_example |= has_example;
                item.is_entry |= matches!(kind, "struct" | "trait");
            }
            let line = line.trim();
            let text = line.strip_prefix("///").or(line.strip_prefix("//!"));
            match text.map(str::trim_start) {
                Some(text) if text.starts_with("```") => in_example = !in_example,
                Some(text) if in_example => shown.extend(words(text).map(ToOwned::to_owned)),
                _ => {}
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
fn everything_that_is_exported_is_in_an_example() -> Tested {
    let (mut found, mut shown) = (BTreeMap::new(), BTreeSet::new());
    documented(&root().join("framework/src"), &mut found, &mut shown)?;
    let (mut without, mut with) = (BTreeSet::new(), 0);
    for (map, is_entry) in maps() {
        for name in exported(&read(&format!("framework/src/{map}"))?) {
            if ELSEWHERE.iter().any(|(known, _)| *known == name) {
                continue;
            }
            let item = found.get(&name);
            let item = *item.ok_or_else(|| format!("{map} exports `{name}`: what is that?"))?;
            let needs_its_own = is_entry && item.is_entry;
            // An error is met where a call fails.
            let is_error = name.ends_with("Error") || name.starts_with("Invalid");
            if is_error || item.has_example || (!needs_its_own && shown.contains(&name)) {
                with += 1;
            } else {
                without.insert(name);
            }
        }
    }
    let told: BTreeSet<_> = SHOWN_BY
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(without, told, "no example, and what is said to need none");
    assert!(with > 100, "only {with} have been found");
    Ok(())
}

fn maps() -> impl Iterator<Item = (&'static str, bool)> {
    let entries = ENTRIES.iter().map(|map| (*map, true));
    entries.chain(MODULES.iter().map(|map| (*map, false)))
}

#[test]
fn what_is_exported_is_read_from_the_sources() -> Result<(), Box<dyn Error>> {
    let map = "pub use a::{b::C, d, E};\n#[doc(hidden)]\npub use f::G;\nuse h::I;\npub use j::{self, K};\n\
               pub const fn l() {}\npub trait M {\n    pub fn n() {}\n}\npub mod __private {\n    pub use o::P;\n}\n";
    assert_eq!(exported(map), ["l", "M", "C", "d", "E", "K"]);
    assert_eq!(declared("    pub fn method(&self)"), None);
    assert_eq!(declared("pub async fn echo()"), Some(("fn", "echo")));
    assert_eq!(declared("pub const MOST: u8 = 1;"), Some(("const", "MOST")));
    assert_eq!(declared("    pub struct Inner;"), Some(("struct", "Inner")));
    Ok(())
}
