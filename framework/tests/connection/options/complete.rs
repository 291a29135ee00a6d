//! Each option that is a number or a time has its case here, or may be anything.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Where options are declared, below `src`.
const DECLARED: &[&str] = &[
    "admin",
    "cluster/adapter/redis",
    "config",
    "namespace",
    "server",
];

/// The tests of what they must be.
const CASES: &[&str] = &[
    include_str!("../options.rs"),
    include_str!("contradictions.rs"),
    include_str!("redis.rs"),
    include_str!("../../admin/options.rs"),
    include_str!("../../drain/signals.rs"),
];

/// Options for which every value works.
const ANY: &[&str] = &[
    // At zero, or beyond all time, it does not happen, or at once.
    "expiry_notice",
    "http_compression",
    "park_polls_after",
    // At zero there are none.
    "max_attachments",
    "max_auth_bytes",
    // From nothing to all.
    "max_age",
    "threshold",
    // Of one emit, not of the hub.
    "timeout",
];

const NUMBERS: &[&str] = &[
    "Duration",
    "Option<usize>",
    "Rate",
    "SystemTime",
    "u8",
    "u16",
    "u32",
    "u64",
    "usize",
];

#[test]
fn every_number_has_its_case_or_may_be_anything() {
    let declared = declared();
    assert!(declared.len() > 50, "{declared:?}");
    let has_case = |option: &str| {
        let calls = [format!(".{option}("), format!(".{option}::<")];
        let called = |text: &&str| calls.iter().any(|call| text.contains(call.as_str()));
        CASES.iter().any(called)
    };
    let is_any = |option: &str| ANY.contains(&option);
    let without = declared
        .iter()
        .filter(|(option, _)| !is_any(option) && !has_case(option));
    let without: BTreeMap<_, _> = without.collect();
    assert!(without.is_empty(), "without a case: {without:#?}");
    let unknown: BTreeSet<_> = ANY
        .iter()
        .filter(|it| !declared.contains_key(**it))
        .collect();
    assert!(unknown.is_empty(), "no options any more: {unknown:?}");
}

/// Options that are numbers, and the files that declare them.
fn declared() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for part in DECLARED {
        read(&source.join(part), &mut found);
    }
    found
}

fn read(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let options = text.split("pub fn ").skip(1).filter_map(option);
            found.extend(options.map(|option| (option.to_owned(), path.display().to_string())));
        }
    }
}

/// The name of a method that takes the builder and a number, and gives the builder back.
fn option(declaration: &str) -> Option<&str> {
    let (name, rest) = declaration.split_once('(')?;
    let (arguments, rest) = rest.split_once(')')?;
    let (_, ty) = arguments
        .trim()
        .strip_prefix("mut self,")?
        .split_once(": ")?;
    let ty = ty.trim().trim_end_matches(',');
    let is_option = NUMBERS.contains(&ty) && rest.starts_with(" -> Self");
    is_option.then(|| name.split('<').next().unwrap_or(name))
}
