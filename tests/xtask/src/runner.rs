//! Runs steps in two lanes, stops at the first that fails or does not end, and says how long each took.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::failure::{Failure, Result};
use crate::workspace::Workspace;
use crate::{flaky, process, watchdog};

/// A step that is not done by then never will be: the longest takes a third of it on two cores.
const LIMIT: Duration = Duration::from_secs(30 * 60);

pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) lane: Lane,
    pub(crate) run: fn(&Workspace) -> Result,
}

/// Where a step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// One after the other.
    Main,
    /// Also one after the other, but beside the main ones that are listed after the first of these. It only compiles, in a
    /// folder of its own and with what the tests leave of the machine: they wait for most of their time.
    Beside,
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
/// If a step fails, or is not done in time; those after it are not run, in neither lane.
pub(crate) fn run(workspace: &Workspace, steps: &[&Step]) -> Result {
    let started = Instant::now();
    let in_lane = |lane| move |run: &&mut Run<'_>| run.step.lane == lane;
    let mut runs: Vec<_> = steps.iter().copied().map(Run::new).collect();
    let first = runs.iter().position(|run| run.step.lane == Lane::Beside);
    let failed = AtomicBool::new(false);
    let outcome = {
        let (alone, rest) = runs.split_at_mut(first.unwrap_or(steps.len()));
        let alone = in_order(workspace, alone.iter_mut().collect(), &failed);
        let (beside, main): (Vec<_>, Vec<_>) = rest.iter_mut().partition(in_lane(Lane::Beside));
        let lanes = process::side_by_side(
            || in_order(workspace, beside, &failed),
            || in_order(workspace, main, &failed),
        );
        alone.and(lanes)
    };
    print!("{}{}", table(&runs), flaky::list());
    println!("{:<22}{}\n", "all", shown(started.elapsed()));
    outcome
}

/// A step, and what came of it.
struct Run<'s> {
    step: &'s Step,
    ended: Option<(Duration, bool)>,
}

impl<'s> Run<'s> {
    fn new(step: &'s Step) -> Self {
        Self { step, ended: None }
    }
}

/// The steps of one lane, until one fails here or in the other.
fn in_order(workspace: &Workspace, runs: Vec<&mut Run<'_>>, failed: &AtomicBool) -> Result {
    for Run { step, ended } in runs {
        if failed.load(Ordering::Relaxed) {
            break;
        }
        println!("\n=== {}: {} ===\n", step.name, step.about);
        let started = Instant::now();
        let result = done_within(LIMIT, || (step.run)(workspace));
        *ended = Some((started.elapsed(), result.is_ok()));
        if let Err(failure) = result {
            failed.store(true, Ordering::Relaxed);
            return Err(Failure::new(format!(
                "the step `{name}` failed: {failure}\n\
                 to run only this step: cargo xtask test --only {name}",
                name = step.name,
            )));
        }
    }
    Ok(())
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

/// One line per step.
fn table(runs: &[Run<'_>]) -> String {
    let mut table = String::from("\n");
    for Run { step, ended } in runs {
        let (result, time) = match *ended {
            None => ("not run", String::new()),
            Some((time, true)) => ("ok", shown(time)),
            Some((time, false)) => ("failed", shown(time)),
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
    use std::sync::Barrier;

    use super::*;

    const STEPS: &[Step] = &[
        step("first", |_| Ok(())),
        step("second", |_| Err(Failure::new("no luck"))),
        step("third", |_| unreachable!("runs after a step that failed")),
    ];

    const fn step(name: &'static str, run: fn(&Workspace) -> Result) -> Step {
        Step {
            name,
            about: "",
            lane: Lane::Main,
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
    fn a_step_beside_runs_with_those_after_it_and_after_those_before() {
        static DONE_BEFORE: AtomicBool = AtomicBool::new(false);
        static TOGETHER: Barrier = Barrier::new(2);
        let meets = |_: &Workspace| {
            assert!(DONE_BEFORE.load(Ordering::Relaxed));
            TOGETHER.wait();
            Ok(())
        };
        let before = step("before", |_| {
            DONE_BEFORE.store(true, Ordering::Relaxed);
            Ok(())
        });
        let beside = Step {
            lane: Lane::Beside,
            ..step("beside", meets)
        };
        let workspace = Workspace::find().unwrap();
        run(&workspace, &[&before, &beside, &step("after", meets)]).unwrap();
    }

    #[test]
    fn the_table_tells_what_failed_and_what_was_not_run() {
        let mut runs: Vec<_> = STEPS.iter().map(Run::new).collect();
        runs[0].ended = Some((Duration::from_millis(1_250), true));
        runs[1].ended = Some((Duration::from_secs(83), false));
        assert_eq!(
            table(&runs),
            "\nfirst       ok        1.2 s\nsecond      failed    1 min 23 s\nthird       not run\n"
        );
    }
}
