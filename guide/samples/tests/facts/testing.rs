//! The chapter "Test an application": what the testing kit has is there, and nothing that it does not have.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Tested,
    options::declared,
    pages::{code, read, root},
};

/// Of these, every public function. `RawClient` is for who knows the protocol, and its own documentation is enough.
const KIT: &[&str] = &[
    "Faults",
    "TestClient",
    "TestClientBuilder",
    "TestServer",
    "TestServerBuilder",
    "VirtualCluster",
    "VirtualClusterBuilder",
];

/// The names that are called: `.cuts(every, lasting)`, `expect::<E>()`, `TestServer::builder(hub).workers(4)`.
fn called(code: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let pieces = code.split(['.', ' ', '|', '&']).map(|piece| {
        let piece = piece.split(['(', '<']).next().unwrap_or_default();
        piece
            .trim_end_matches("::")
            .rsplit("::")
            .next()
            .unwrap_or_default()
    });
    let names = pieces.filter(|name| !name.is_empty() && word(name));
    names.map(str::to_owned).collect()
}

#[test]
fn the_whole_kit_is_there() -> Tested {
    let mut kit = BTreeMap::new();
    declared(&root().join("framework/src/testing"), KIT, &mut kit)?;
    assert_eq!(kit.len(), KIT.len(), "{kit:?}");

    let page = read("guide/src/testing.md")?;
    let told: BTreeSet<_> = page.lines().flat_map(code).flat_map(called).collect();
    for (of, functions) in &kit {
        for function in functions {
            assert!(
                told.contains(function),
                "`{of}::{function}` is not in testing.md"
            );
        }
    }

    // What the tables name first.
    let all: BTreeSet<_> = kit.values().flatten().cloned().collect();
    for row in page.lines().filter_map(|line| line.strip_prefix("| `")) {
        let first = row.split('|').next().unwrap_or_default();
        for name in code(&format!("`{first}")).flat_map(called) {
            let is_no_call = matches!(&*name, "server" | "await");
            assert!(
                is_no_call || all.contains(&name) || KIT.contains(&&*name),
                "the testing kit has no `{name}`"
            );
        }
    }
    Ok(())
}
