//! What the README says: its versions are those of the tests, its chat is run, its ratios are measured.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    Tested,
    pages::{cells, read},
};

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

/// The first block of that language.
fn block<'a>(page: &'a str, language: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("\n```{language}\n"))?;
    Some(rest.split_once("```")?.0)
}

/// What `tests/e2e/guide-samples.test.mjs` runs is what the README shows.
#[test]
fn the_chat_of_the_readme_is_the_one_that_is_run() -> Tested {
    let readme = read("README.md")?;
    let program = read("guide/samples/src/readme/main.rs")?;
    let (_, program) = program.split_once("// ANCHOR: all\n").ok_or("no anchor")?;
    let (program, _) = program.split_once("// ANCHOR_END").ok_or("no end")?;
    assert_eq!(block(&readme, "rust"), Some(program));
    let page = read("guide/samples/src/readme/index.html")?;
    assert_eq!(block(&readme, "html"), Some(&*page));
    let client = read("guide/samples/js/readme.mjs")?;
    assert_eq!(block(&readme, "js"), Some(&*client));

    let chat = program.lines().skip_while(|line| !line.starts_with("#["));
    let chat = chat.take_while(|line| !line.starts_with("async fn page"));
    // With the empty line behind it.
    assert_eq!(chat.count(), 21, "the README calls it a chat of 20 lines");
    Ok(())
}

/// The figures of a row: its cells that are numbers, such as `1.83, reorders`.
fn figures(table: &[Vec<String>], row: &str) -> Result<Vec<f64>, String> {
    let found = table.iter().find(|cells| cells[0].starts_with(row));
    let found = found.ok_or_else(|| format!("no figures of `{row}`"))?;
    let number = |cell: &String| {
        let digits = cell.split(", ").next().unwrap_or_default();
        // Behind an empty cell its border is left.
        let digits = digits.trim_start_matches(['|', ' ']);
        digits.replace(',', "").parse().ok()
    };
    Ok(found.iter().skip(1).filter_map(number).collect())
}

/// A ratio as it is told, such as `0.61 ×`.
fn ratio(cell: &str) -> Result<f64, String> {
    let number = cell.split(' ').next().unwrap_or_default();
    number.parse().map_err(|_| format!("`{cell}` is no ratio"))
}

/// Medians of the ratios of each pass are told, which are near to the ratio of the medians and not the same.
#[test]
fn the_ratios_in_the_readme_are_those_of_the_measured_figures() -> Tested {
    let (readme, performance) = (read("README.md")?, read("PERFORMANCE.md")?);
    let (_, ratios) = readme.split_once("## Performance").ok_or("no ratios")?;
    let (_, goals) = performance.split_once("## Goals").ok_or("no goals")?;
    let (_, measured) = performance.split_once("## One node").ok_or("no run")?;
    let rows = |text: &str| -> Vec<_> {
        let lines = text.lines().skip_while(|line| !line.starts_with('|'));
        let lines = lines.take_while(|line| line.starts_with('|'));
        lines.skip(2).map(cells).collect()
    };
    let (ratios, goals, measured) = (rows(ratios), rows(goals), rows(measured));
    let mut held = 0;
    for (told, row) in [
        ("broadcast to 1,000", "broadcast to 1,000, one in flight"),
        ("echo with ack", "echo with ack"),
        ("memory per idle connection", "bytes for each"),
    ] {
        let figures = figures(&measured, row)?;
        // Of three or four: the floor has no connections.
        let [.., ours, socketioxide, node] = figures[..] else {
            return Err(format!("{row}: {figures:?}").into());
        };
        let row = ratios.iter().find(|cells| cells[0].starts_with(told));
        let row = row.ok_or_else(|| format!("no ratio of `{told}`"))?;
        for (cell, theirs) in row[1..].iter().zip([socketioxide, node]) {
            let of_medians = ours / theirs;
            let is_near = (ratio(cell)? - of_medians).abs() <= 0.005 + 0.1 * of_medians;
            assert!(
                is_near,
                "{told}: {cell}, and {of_medians:.3} of the medians"
            );
        }
        let goal = format!("{told}, beside socketioxide");
        if let Some(goal) = goals.iter().find(|cells| cells[0] == goal) {
            assert_eq!(row[1], goal[2], "{told}");
            held += 1;
        }
    }
    assert_eq!(held, 2, "ratios that are goals, too");
    Ok(())
}
