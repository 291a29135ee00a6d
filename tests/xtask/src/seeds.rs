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

/// For how long new seeds are run,
const TIME: Duration = Duration::from_secs(60);

/// and how many runs there are at least, a test with a seed each. Counted and not timed: a slow machine takes longer.
const RUNS: u64 = 2_000;

/// How many of them each test runs between two looks at the clock. Of few, the test that takes longest would have a core
/// to itself for much of the time.
const AT_ONCE: u64 = 25;

/// How many belong to a second of the calendar, so that no two runs have the same: more than a machine can run in it.
const EACH_SECOND: u64 = 1_000;

/// Runs new seeds, for a minute or longer, beside something that waits.
///
/// # Errors
///
/// If the tests are not built, or fail for a seed.
pub(crate) fn fresh(workspace: &Workspace) -> Result {
    let tests = program(workspace)?;
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let first = since.as_secs() * EACH_SECOND;
    let (mut next, mut runs) = (first, 0);
    let started = Instant::now();
    while goes_on(started.elapsed(), runs) {
        let range = format!("{next}..{}", next + AT_ONCE);
        next += AT_ONCE;
        let mut run = Command::new(&tests);
        run.args([TESTS, "--skip", OF_THE_KIT])
            .current_dir(workspace.root.join("framework"))
            .env("RUST_TEST_THREADS", "2")
            .env(VARIABLE, &range);
        let ran = process::leisurely(&run).output()?;
        let printed = String::from_utf8_lossy(&ran.stdout);
        if !ran.status.success() {
            print!("{printed}");
            return Err(Failure::new(format!(
                "the tests in virtual time fail for one of the seeds {range}"
            )));
        }
        let tests = passed(&printed)
            .filter(|tests| *tests > 0)
            .ok_or_else(|| Failure::new("no test in virtual time has run"))?;
        runs += tests * AT_ONCE;
    }
    println!(
        "{runs} runs of the tests in virtual time with new seeds, {first}..{next}, in {} s",
        started.elapsed().as_secs()
    );
    Ok(())
}

fn goes_on(elapsed: Duration, runs: u64) -> bool {
    elapsed < TIME || runs < RUNS
}

/// How many tests have passed, as their program says at its end.
fn passed(printed: &str) -> Option<u64> {
    let (_, result) = printed.split_once("test result: ok. ")?;
    let (passed, _) = result.split_once(" passed")?;
    passed.parse().ok()
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
    fn a_slow_machine_runs_as_many_new_seeds() {
        let after = Duration::from_secs;
        assert!(goes_on(after(59), 10 * RUNS));
        assert!(!goes_on(after(60), RUNS));
        assert!(goes_on(after(600), RUNS - 1));
        assert!(!goes_on(after(600), RUNS));
    }

    #[test]
    fn the_tests_that_have_passed_are_counted() {
        let printed =
            "running 9 tests\n.........\n\ntest result: ok. 9 passed; 0 failed; 0 ignored\n";
        assert_eq!(passed(printed), Some(9));
        assert_eq!(passed("test result: FAILED. 8 passed; 1 failed"), None);
    }

    #[test]
    fn the_program_is_found_in_what_cargo_says() {
        let message = r#"{"target":{"name":"application"},"executable":"/target/debug/deps/application-1","fresh":true}"#;
        let program = executable(message);
        assert_eq!(program.as_deref(), Some("/target/debug/deps/application-1"));
        let library = r#"{"target":{"name":"roomcast"},"executable":null,"fresh":true}"#;
        assert_eq!(executable(library), None);
    }
}
