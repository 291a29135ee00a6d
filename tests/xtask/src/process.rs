//! Running other programs.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::failure::{Failure, Result};

/// The cargo that started us.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for_cargo(&mut cargo);
    cargo
}

/// What a program that runs cargo has to be told as well, so that both build the same.
pub(crate) fn for_cargo(command: &mut Command) -> &mut Command {
    if std::env::var_os("CI").is_some() {
        // What is built once need not be built again in part, and nobody is there to debug it: less to write, and half the disk.
        command.env("CARGO_INCREMENTAL", "0");
        command.env("CARGO_PROFILE_DEV_DEBUG", "0");
        command.env("CARGO_PROFILE_DEV_BUILD_OVERRIDE_DEBUG", "0");
    }
    command
}

/// Runs a program to its end; it prints what it prints.
///
/// # Errors
///
/// If it cannot be started or does not succeed.
pub(crate) fn run(command: &mut Command) -> Result {
    println!("$ {}", shown(command));
    let status = command
        .status()
        .map_err(|error| Failure::new(format!("cannot start {}: {error}", shown(command))))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("{status}: {}", shown(command))))
}

/// Runs a program to its end, with what others leave of the machine. What it prints is shown when it has ended.
///
/// # Errors
///
/// If it cannot be started or does not succeed.
pub(crate) fn run_beside(command: &Command) -> Result {
    run_captured(leisurely(command)).map_or(Ok(()), |failed| Err(failed.failure))
}

/// The same program, with what others leave of the machine.
pub(crate) fn leisurely(command: &Command) -> Command {
    let mut nice = Command::new("nice");
    nice.args(["-n", "19"]).arg(command.get_program());
    as_told(nice, command)
}

/// The same program once more.
pub(crate) fn again(command: &Command) -> Command {
    as_told(Command::new(command.get_program()), command)
}

/// A program with what another was told: its arguments, variables and folder.
fn as_told(mut program: Command, command: &Command) -> Command {
    program.args(command.get_args());
    let set = command.get_envs();
    program.envs(set.filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = command.get_current_dir() {
        program.current_dir(folder);
    }
    program
}

/// Runs one thing beside another.
///
/// # Errors
///
/// That of the second, or else that of the first; both come to their ends.
pub(crate) fn side_by_side(
    first: impl FnOnce() -> Result + Send,
    second: impl FnOnce() -> Result,
) -> Result {
    std::thread::scope(|threads| {
        let first = threads.spawn(first);
        let outcome = second();
        let first = first.join();
        outcome.and(first.map_err(|_| Failure::new("a thread panicked"))?)
    })
}

/// A program that could not be started or did not succeed.
pub(crate) struct Failed {
    pub(crate) command: Command,
    pub(crate) failure: Failure,
    /// What it printed, on both outputs.
    pub(crate) printed: String,
}

/// Runs programs to their ends, two at a time. What one prints is shown when it has ended.
///
/// Returns those that failed.
pub(crate) fn run_two_at_a_time(commands: Vec<Command>) -> Vec<Failed> {
    let waiting = Mutex::new(commands.into_iter());
    let next = || {
        waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .next()
    };
    let lane = || {
        std::iter::from_fn(next)
            .filter_map(run_captured)
            .collect::<Vec<_>>()
    };
    std::thread::scope(|threads| {
        let beside = threads.spawn(lane);
        let mut failed = lane();
        // Nothing in it panics.
        failed.extend(beside.join().unwrap_or_default());
        failed
    })
}

/// What it prints is shown when it has ended. Returns it if it failed.
fn run_captured(mut command: Command) -> Option<Failed> {
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => {
            return Some(Failed {
                failure: Failure::new(format!("cannot start {}: {error}", shown(&command))),
                printed: String::new(),
                command,
            });
        }
    };
    let mut text = format!("$ {}\n", shown(&command)).into_bytes();
    text.extend(output.stdout);
    text.extend(output.stderr);
    // What nobody can be shown is no failure of the program.
    let _ = std::io::stdout().lock().write_all(&text);
    if output.status.success() {
        return None;
    }
    Some(Failed {
        failure: Failure::new(format!("{}: {}", output.status, shown(&command))),
        printed: String::from_utf8_lossy(&text).into_owned(),
        command,
    })
}

/// What a program prints on standard output, or `None` if it cannot be started or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let printed = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(printed)
}

/// Looks a program up as a shell would.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// The command line, with the program by its name alone.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    std::iter::once(program)
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
pub(crate) mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::sync::MutexGuard;

    use super::*;

    /// For tests that start processes: some kill all that this process has started.
    pub(crate) fn alone() -> MutexGuard<'static, ()> {
        static ALONE: Mutex<()> = Mutex::new(());
        ALONE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[test]
    fn of_several_programs_those_that_fail_are_named() {
        let _alone = alone();
        let programs = |names: &[&str]| names.iter().map(Command::new).collect();
        assert!(run_two_at_a_time(programs(&["true", "true"])).is_empty());
        let failed = run_two_at_a_time(programs(&["true", "false", "true"]));
        let [Failed { failure, .. }] = &failed[..] else {
            panic!("{} failed", failed.len());
        };
        assert!(failure.to_string().ends_with("1: false"), "{failure}");
    }

    #[test]
    fn a_program_is_run_again_with_what_it_was_told() {
        let _alone = alone();
        let mut first = Command::new("sh");
        first.args(["-c", "echo $WHAT in $PWD"]);
        first.env("WHAT", "tea").current_dir("/");
        assert_eq!(output(&mut again(&first)).unwrap(), "tea in /");
    }
}
