//! What the README says about versions: they are those of the tests.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{Tested, pages::read};

/// The clients and the servers of Node.js, by the packages of two folders.
const PACKAGES: &[(&str, &[&str])] = &[
    (
        "tests/e2e/package.json",
        &[
            "socket.io-client",
            "socket.io-client-4.5",
            "socket.io-client-4.0",
            "socket.io-client-3",
            "socket.io-msgpack-parser",
            "@socket.io/admin-ui",
        ],
    ),
    (
        "tests/cluster/package.json",
        &[
            "socket.io",
            "@socket.io/redis-adapter",
            "redis-adapter-7",
            "@socket.io/redis-streams-adapter",
            "redis-streams-adapter-0.2",
            "@socket.io/redis-emitter",
            "ioredis",
            "redis",
        ],
    ),
];

/// The versions of three parts that a text names.
fn versions(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .map(|word| word.trim_matches('.'))
        .filter(|word| word.matches('.').count() == 2)
        .collect()
}

#[test]
fn the_versions_in_the_readme_are_those_of_the_tests() -> Tested {
    let readme = read("README.md")?;
    let (_, section) = readme
        .split_once("## Tested with")
        .ok_or("no such section")?;
    let section = section.split("\n## ").next().unwrap_or_default();

    let mut tested = Vec::new();
    for &(file, names) in PACKAGES {
        let package: Value = serde_json::from_str(&read(file)?)?;
        for name in names {
            let version = package["devDependencies"][name]
                .as_str()
                .ok_or_else(|| format!("{file} has no {name}"))?;
            // An alias: `npm:name@version`.
            tested.push(version.rsplit('@').next().unwrap_or(version).to_owned());
        }
    }
    let python = read("tests/python/requirements.txt")?;
    let python = python
        .lines()
        .find_map(|line| line.strip_prefix("python-socketio=="))
        .ok_or("no python-socketio")?;
    tested.push(python.trim_end_matches(" \\").to_owned());

    let tested: BTreeSet<_> = tested.iter().map(String::as_str).collect();
    assert_eq!(versions(section), tested);
    Ok(())
}
