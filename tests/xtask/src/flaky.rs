//! A second look at tests that fail.
//!
//! They share a machine with servers, browsers and compilers. A program of tests that fails is run once more, when nothing of
//! its step runs beside it. If it passes then it is flaky: the run goes on, and names it at its end, as a bug to be mended.

use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::failure::Result;
use crate::process::{self, Failed};

/// So many programs of a step may fail by chance, as by one stall of the machine; more than these are no chance.
const MOST: usize = 3;

static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Runs programs of tests, two at a time, and those that fail a second time: by the commands that `again` has for one.
///
/// # Errors
///
/// If one cannot be started, fails twice, or if too many fail; the others still run.
pub(crate) fn run(programs: Vec<Command>, again: impl Fn(&Failed) -> Vec<Command>) -> Result {
    let failed = process::run_two_at_a_time(programs);
    let mut second: Vec<_> = failed.iter().flat_map(again).collect();
    if second.is_empty() || second.len() > MOST {
        return failed
            .into_iter()
            .next()
            .map_or(Ok(()), |first| Err(first.failure));
    }
    for program in &mut second {
        println!("\nwhat follows failed, and is run a second time, alone");
        process::run(program)?;
        seen(process::shown(program));
    }
    Ok(())
}

fn seen(program: String) {
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    seen.push(program);
}

/// The programs of tests that failed and then passed, a line for each.
pub(crate) fn list() -> String {
    let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    seen.iter()
        .map(|program| format!("FLAKY, failed once and then passed: {program}\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::process::tests::alone;

    fn programs(names: &[&str]) -> Vec<Command> {
        names.iter().map(Command::new).collect()
    }

    #[test]
    fn what_passes_at_second_sight_is_named() {
        let _alone = alone();
        run(programs(&["true", "true"]), |_| {
            unreachable!("none has failed")
        })
        .unwrap();
        run(programs(&["true", "false"]), |_| programs(&["true"])).unwrap();
        assert_eq!(list(), "FLAKY, failed once and then passed: true\n");
    }

    #[test]
    fn what_fails_twice_fails() {
        let _alone = alone();
        let same = |failed: &Failed| vec![process::again(&failed.command)];
        let failure = run(programs(&["true", "false"]), same).unwrap_err();
        assert!(failure.to_string().ends_with("1: false"), "{failure}");
        assert!(run(programs(&["there is no such program"]), same).is_err());
    }

    #[test]
    fn many_failures_are_not_looked_at_twice() {
        let _alone = alone();
        let other = |_: &Failed| programs(&["true"]);
        assert!(run(programs(&["false"; 4]), other).is_err());
        assert!(run(programs(&["false"]), |_| Vec::new()).is_err());
    }
}
