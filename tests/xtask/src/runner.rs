//! Runs steps in order, stops at the first that fails or does not end, and says how long each took.

use std::time::{Duration, Instant};

use crate::failure::{Failure, Result};
use crate::watchdog;
use crate::workspace::Workspace;

/// A step that is not done by then never will be: the longest takes a third of it on two cores.
const LIMIT: Duration = Duration::from_secs(30 * 60);

pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: fn(&Workspace) -> Result,
}

pub(crate) fn list(steps: &[Step]) {
    for step in steps {
        println!("{:<12}{}", step.name, step.about);
    }
}

/// The steps named in `only`, in their usual order; all of them if it is empty.
///
/// # Errors
///
/// If there is no step of that name.
pub(crate) fn select<'s>(steps: &'s [Step], only: &[String]) -> Result<Vec<&'s Step>> {
    let known = |name: &String| steps.iter().any(|step| step.name == name);
    if let Some(name) = only.iter().find(|name| !known(name)) {
        let names: Vec<_> = steps.iter().map(|step| step.name).collect();
        return Err(Failure::new(format!(
            "there is no step `{name}`; the steps are {}",
            names.join(", ")
        )));
    }
    let wanted = |step: &&Step| only.is_empty() || only.iter().any(|name| name == step.name);
    Ok(steps.iter().filter(wanted).collect())
}

/// Runs the steps and prints a table of them.
///
/// # Errors
///
/// If a step fails, or is not done in time; those after it are not run.
pub(crate) fn run(workspace: &Workspace, steps: &[&Step]) -> Result {
    let started = Instant::now();
    let mut times = Vec::new();
    let mut outcome = Ok(());
    for step in steps {
        println!("\n=== {}: {} ===\n", step.name, step.about);
        let step_started = Instant::now();
        let result = done_within(LIMIT, || (step.run)(workspace));
        times.push(step_started.elapsed());
        if let Err(failure) = result {
            outcome = Err(Failure::new(format!(
                "the step `{name}` failed: {failure}\n\
                 to run only this step: cargo xtask test --only {name}",
                name = step.name,
            )));
            break;
        }
    }
    print!("{}", table(steps, &times, outcome.is_ok()));
    println!("{:<22}{}\n", "all", shown(started.elapsed()));
    outcome
}

fn done_within(limit: Duration, run: impl FnOnce() -> Result) -> Result {
    let (result, in_time) = watchdog::within(limit, run);
    if in_time {
        return result;
    }
    let last = result
        .err()
        .map_or_else(String::new, |failure| format!(": {failure}"));
    Err(Failure::new(format!(
        "not done within {}, its processes were killed{last}",
        shown(limit)
    )))
}

/// One line per step; `times` ends with the step that failed, if one did.
fn table(steps: &[&Step], times: &[Duration], passed: bool) -> String {
    let mut table = String::from("\n");
    for (index, step) in steps.iter().enumerate() {
        let failed = !passed && index + 1 == times.len();
        let (result, time) = match times.get(index) {
            None => ("not run", String::new()),
            Some(time) if failed => ("failed", shown(*time)),
            Some(time) => ("ok", shown(*time)),
        };
        let line = format!("{:<12}{result:<10}{time}", step.name);
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

fn shown(time: Duration) -> String {
    if time < Duration::from_secs(60) {
        return format!("{:.1} s", time.as_secs_f64());
    }
    format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::process::Command;

    use super::*;
    use crate::process;

    const STEPS: &[Step] = &[
        step("first", |_| Ok(())),
        step("second", |_| Err(Failure::new("no luck"))),
        step("third", |_| unreachable!("runs after a step that failed")),
    ];

    const fn step(name: &'static str, run: fn(&Workspace) -> Result) -> Step {
        Step {
            name,
            about: "",
            run,
        }
    }

    fn names(only: &[&str]) -> Vec<&'static str> {
        let only: Vec<_> = only.iter().map(|&name| name.to_owned()).collect();
        let selected = select(STEPS, &only).unwrap();
        selected.iter().map(|step| step.name).collect()
    }

    #[test]
    fn steps_keep_their_order_however_they_are_named() {
        assert_eq!(names(&[]), ["first", "second", "third"]);
        assert_eq!(names(&["third", "first"]), ["first", "third"]);
    }

    #[test]
    fn an_unknown_step_is_refused() {
        let failure = select(STEPS, &["forth".to_owned()]).err().unwrap();
        assert!(failure.to_string().contains("`forth`"));
        assert!(failure.to_string().contains("first, second, third"));
    }

    #[test]
    fn the_first_failure_stops_the_run_and_tells_how_to_repeat_it() {
        let workspace = Workspace::find().unwrap();
        let failure = run(&workspace, &select(STEPS, &[]).unwrap()).unwrap_err();
        let message = failure.to_string();
        assert!(message.contains("no luck"), "{message}");
        assert!(
            message.contains("cargo xtask test --only second"),
            "{message}"
        );
    }

    #[test]
    fn a_step_that_does_not_end_fails_with_its_limit_and_what_was_running() {
        let _alone = crate::process::tests::alone();
        let sleeps = || process::run(Command::new("sleep").arg("600"));
        let failure = done_within(Duration::from_millis(50), sleeps).unwrap_err();
        let message = failure.to_string();
        assert!(message.starts_with("not done within 0.1 s"), "{message}");
        assert!(message.ends_with("sleep 600"), "{message}");
    }

    #[test]
    fn the_table_tells_what_failed_and_what_was_not_run() {
        let steps: Vec<_> = STEPS.iter().collect();
        let times = [Duration::from_millis(1_250), Duration::from_secs(83)];
        assert_eq!(
            table(&steps, &times, false),
            "\nfirst       ok        1.2 s\nsecond      failed    1 min 23 s\nthird       not run\n"
        );
    }
}
