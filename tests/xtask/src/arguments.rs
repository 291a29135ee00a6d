//! The command line.

use crate::examples::Example;
use crate::failure::{Failure, Result};

pub(crate) const HELP: &str = "\
The tasks of this repository.

Usage:
    cargo xtask test                  install what is missing, then run every step
    cargo xtask test --only STEP,...  run only these steps, in the usual order
    cargo xtask test --list           name the steps
    cargo xtask guide [OPTION]...     build the guide and serve it on http://localhost:8000; --help has the options
    cargo xtask todo [OPTION]...      build the page of the example of that name, and run it; --help has the options
    cargo xtask cluster               run the example of that name: Redis and three nodes, until Ctrl-C
    cargo xtask mixed-cluster         the same with a node of Node.js
    cargo xtask soak [OPTION]...      load and faults on three nodes, and a report; --help has the options
    cargo xtask soak --seeds A..B     the guarantees on a cluster in virtual time, for these seeds
    cargo xtask capacity [OPTION]...  how many connections nodes hold, and a report; --help has the options
    cargo xtask semver                compare the public interface with that of the last release, as semver has it
    cargo xtask image                 build the image of examples/deploy, and run it and the Compose file; as root on Debian
";

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Help,
    List,
    /// Runs the steps named, or all of them if none is.
    Test {
        only: Vec<String>,
    },
    /// Runs an example until it is told to end.
    Example(Example),
    /// Options for what serves the guide.
    Guide(Vec<String>),
    /// Options for the example of that name, which reads them itself.
    Todo(Vec<String>),
    /// Options for the soak, likewise.
    Soak(Vec<String>),
    /// Options for the run that measures capacity, likewise.
    Capacity(Vec<String>),
    /// Compares the public interface with that of the last release.
    Semver,
    /// Builds and runs the image.
    Image,
}

pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Task> {
    match arguments.next().as_deref() {
        None | Some("help" | "--help" | "-h") => return Ok(Task::Help),
        Some("test") => {}
        Some("guide") => return Ok(Task::Guide(arguments.collect())),
        Some("todo") => return Ok(Task::Todo(arguments.collect())),
        Some("soak") => return Ok(Task::Soak(arguments.collect())),
        Some("capacity") => return Ok(Task::Capacity(arguments.collect())),
        Some("semver") => return alone(Task::Semver, arguments),
        Some("image") => return alone(Task::Image, arguments),
        Some("cluster") => return alone(Task::Example(Example::Cluster), arguments),
        Some("mixed-cluster") => return alone(Task::Example(Example::MixedCluster), arguments),
        Some(other) => return Err(unknown(other)),
    }
    let mut only = Vec::new();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--help" | "-h" => return Ok(Task::Help),
            "--list" => return Ok(Task::List),
            "--only" => {
                let steps = arguments
                    .next()
                    .ok_or_else(|| Failure::new("--only needs the name of a step"))?;
                only.extend(steps.split(',').map(str::to_owned));
            }
            other => return Err(unknown(other)),
        }
    }
    Ok(Task::Test { only })
}

/// A task that takes no options.
fn alone(task: Task, mut arguments: impl Iterator<Item = String>) -> Result<Task> {
    match arguments.next().as_deref() {
        None => Ok(task),
        Some("--help" | "-h") => Ok(Task::Help),
        Some(other) => Err(unknown(other)),
    }
}

fn unknown(argument: &str) -> Failure {
    Failure::new(format!("`{argument}` is not known here\n\n{HELP}"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn parse_words(line: &str) -> Result<Task> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn test_without_options_runs_everything() {
        assert_eq!(
            parse_words("test").unwrap(),
            Task::Test { only: Vec::new() }
        );
    }

    #[test]
    fn only_takes_a_list_and_may_be_repeated() {
        let only = ["fmt", "unit", "e2e"].map(str::to_owned).to_vec();
        assert_eq!(
            parse_words("test --only fmt,unit --only e2e").unwrap(),
            Task::Test { only }
        );
    }

    #[test]
    fn what_runs_as_a_cluster_takes_no_options_and_the_rest_its_own() {
        let example = Task::Example(Example::MixedCluster);
        assert_eq!(parse_words("mixed-cluster").unwrap(), example);
        let options = ["--port", "4000"].map(str::to_owned).to_vec();
        assert_eq!(
            parse_words("todo --port 4000").unwrap(),
            Task::Todo(options)
        );
        assert!(parse_words("cluster --nodes 5").is_err());
        assert_eq!(parse_words("image").unwrap(), Task::Image);
        assert!(parse_words("image --push").is_err());
        assert_eq!(parse_words("semver").unwrap(), Task::Semver);
        assert_eq!(parse_words("guide").unwrap(), Task::Guide(Vec::new()));
        let options = ["--minutes", "2"].map(str::to_owned).to_vec();
        assert_eq!(
            parse_words("soak --minutes 2").unwrap(),
            Task::Soak(options)
        );
        let options = ["--quick", "--nodes", "2"].map(str::to_owned).to_vec();
        assert_eq!(
            parse_words("capacity --quick --nodes 2").unwrap(),
            Task::Capacity(options)
        );
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        let failure = parse_words("test --fast").unwrap_err();
        assert!(failure.to_string().contains("`--fast`"));
        assert!(parse_words("tset").is_err());
        assert!(parse_words("test --only").is_err());
    }
}
