//! The tests that cargo runs. It runs one program of tests at a time, and the longest mostly wait: those run beside the others.

use std::collections::BTreeSet;
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
    // Not `--bins`, which would build the tests of those, too, that say that they have none.
    let mut others = test(&["--lib", "--examples"]);
    let programs: BTreeSet<_> = built.lines().filter_map(program_of_tests).collect();
    for (option, name) in programs {
        if option != "--test" || !LONG.contains(&name) {
            others.args([option, name]);
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

/// How cargo is told to run the program of tests of which a message of its own tells, if it does: one of integration tests, or
/// those in a program.
fn program_of_tests(message: &str) -> Option<(&'static str, &str)> {
    let (_, target) = message.split_once("\"target\":{\"kind\":[\"")?;
    let (target, _) = target.split_once('}')?;
    let (kind, _) = target.split_once('"')?;
    let option = match kind {
        "test" => "--test",
        "bin" if target.contains("\"test\":true") => "--bin",
        _ => return None,
    };
    let (_, name) = target.split_once("\"name\":\"")?;
    Some((option, name.split_once('"')?.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_of_tests_are_read() {
        let message = |kind: &str, name: &str, has_tests: bool| {
            format!(
                r#"{{"reason":"compiler-artifact","target":{{"kind":["{kind}"],"crate_types":["bin"],"name":"{name}","test":{has_tests}}},"profile":{{"test":true}}}}"#
            )
        };
        let read = |kind, has_tests| {
            let message = message(kind, "facts", has_tests);
            program_of_tests(&message).map(|(option, name)| [option, name].join(" "))
        };
        assert_eq!(read("test", true).as_deref(), Some("--test facts"));
        assert_eq!(read("bin", true).as_deref(), Some("--bin facts"));
        assert_eq!(read("bin", false), None);
        assert_eq!(read("lib", true), None);
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
