//! The tests that cargo runs. It runs one program of tests at a time, and the longest mostly wait: those run beside the others.

use std::process::Command;

use crate::failure::{Failure, Result};
use crate::steps::cargo;
use crate::workspace::Workspace;
use crate::{flaky, process};

/// The programs of tests that take a minute or more, the longest first.
const LONG: [&str; 3] = ["cluster", "polling_churn", "ui"];

pub(crate) fn run(workspace: &Workspace) -> Result {
    let test = |what: &[&str]| {
        let mut test = cargo(workspace, &["test", "--workspace", "--all-features"]);
        test.args(["--no-fail-fast"])
            .args(what)
            // Most tests wait: for a time to pass, or for another program.
            .env("RUST_TEST_THREADS", "4");
        test
    };
    process::run(&mut test(&["--no-run"]))?;
    let built = process::output(test(&["--no-run", "--quiet"]).args(["--message-format", "json"]))
        .ok_or_else(|| Failure::new("cargo does not say which tests there are"))?;
    let mut runs: Vec<Command> = LONG.iter().map(|long| test(&["--test", long])).collect();
    let mut others = test(&["--lib", "--bins", "--examples"]);
    for name in built.lines().filter_map(program_of_tests) {
        if !LONG.contains(&name) {
            others.args(["--test", name]);
        }
    }
    runs.extend([others, test(&["--doc"])]);
    flaky::run(runs, |failed| {
        let targets = targets_that_failed(&failed.printed);
        targets.map(|target| test(&target)).collect()
    })
}

/// The targets that cargo names at the end of a run in which some failed, each by the arguments that choose it.
fn targets_that_failed(printed: &str) -> impl Iterator<Item = Vec<&str>> {
    let (_, named) = printed.rsplit_once(" failed:\n").unwrap_or_default();
    named.lines().map_while(|line| {
        let target = line.trim().strip_prefix('`')?.strip_suffix('`')?;
        // Without the package, as that would build it with other features.
        let words = target
            .split(' ')
            .skip(if target.starts_with("-p ") { 2 } else { 0 });
        Some(words.collect())
    })
}

/// The name of the program of integration tests of which a message of cargo's tells, if it does.
fn program_of_tests(message: &str) -> Option<&str> {
    let (_, target) = message.split_once("\"target\":{\"kind\":[\"test\"]")?;
    let (_, name) = target.split_once("\"name\":\"")?;
    Some(name.split_once('"')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_integration_tests_are_read() {
        let test = r#"{"reason":"compiler-artifact","target":{"kind":["test"],"crate_types":["bin"],"name":"facts"}}"#;
        assert_eq!(program_of_tests(test), Some("facts"));
        let library = r#"{"reason":"compiler-artifact","target":{"kind":["lib"],"crate_types":["lib"],"name":"roomcast"}}"#;
        assert_eq!(program_of_tests(library), None);
    }

    #[test]
    fn the_targets_that_failed_are_read() {
        let printed = "test result: FAILED. 1 passed; 1 failed: no\n\nerror: 3 targets failed:\n    \
                       `-p roomcast --test application`\n    `-p chat --bin chat`\n    `--doc`\n";
        let failed: Vec<_> = targets_that_failed(printed).collect();
        assert_eq!(
            failed,
            [
                vec!["--test", "application"],
                vec!["--bin", "chat"],
                vec!["--doc"]
            ]
        );
        assert_eq!(targets_that_failed("error: could not compile").count(), 0);
    }
}
