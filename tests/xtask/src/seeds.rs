//! The guarantees on a cluster in virtual time, with seeds that no run has had. The step `unit` looks at the same ones each
//! time.

use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use crate::failure::{Failure, Result};
use crate::process;
use crate::workspace::Workspace;

/// The tests that take their seeds from [`VARIABLE`].
pub(crate) const TESTS: &str = "virtual_cluster::";

/// Those of them that have seeds of their own.
pub(crate) const OF_THE_KIT: &str = "virtual_cluster::kit";

pub(crate) const VARIABLE: &str = "ROOMCAST_SEEDS";

/// For how long new seeds are run.
const TIME: Duration = Duration::from_secs(60);

/// How many of them each test runs between two looks at the clock.
const AT_ONCE: u64 = 10;

/// How many belong to a second of the calendar, so that no two runs have the same: more than a machine can run in it.
const EACH_SECOND: u64 = 1_000;

/// Runs new seeds for a minute, beside something that waits.
///
/// # Errors
///
/// If the tests are not built, or fail for a seed.
pub(crate) fn fresh(workspace: &Workspace) -> Result {
    let tests = program(workspace)?;
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let first = since.as_secs() * EACH_SECOND;
    let mut next = first;
    let started = Instant::now();
    while started.elapsed() < TIME {
        let range = format!("{next}..{}", next + AT_ONCE);
        next += AT_ONCE;
        let mut run = Command::new(&tests);
        run.args([TESTS, "--skip", OF_THE_KIT])
            .current_dir(workspace.root.join("framework"))
            .env("RUST_TEST_THREADS", "2")
            .env(VARIABLE, &range);
        let ran = process::leisurely(&run).output()?;
        if !ran.status.success() {
            print!("{}", String::from_utf8_lossy(&ran.stdout));
            return Err(Failure::new(format!(
                "the tests in virtual time fail for one of the seeds {range}"
            )));
        }
    }
    println!("new seeds for the tests in virtual time: {first}..{next}");
    Ok(())
}

/// The program with the tests, which is built already.
fn program(workspace: &Workspace) -> Result<String> {
    let messages = process::output(
        process::cargo()
            .current_dir(&workspace.root)
            .args(["test", "--workspace", "--all-features", "--quiet"])
            .args(["--test", "application", "--no-run"])
            .args(["--message-format", "json"]),
    );
    messages
        .and_then(|messages| messages.lines().find_map(executable))
        .ok_or_else(|| Failure::new("the tests of the framework are not built"))
}

/// The program of which a message of cargo's tells, if it does.
fn executable(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("\"executable\":\"")?;
    Some(rest.split_once('"')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_in_what_cargo_says() {
        let message = r#"{"target":{"name":"application"},"executable":"/target/debug/deps/application-1","fresh":true}"#;
        let program = executable(message);
        assert_eq!(program.as_deref(), Some("/target/debug/deps/application-1"));
        let library = r#"{"target":{"name":"roomcast"},"executable":null,"fresh":true}"#;
        assert_eq!(executable(library), None);
    }
}
