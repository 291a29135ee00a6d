//! What runs on its own: the examples that need more than cargo, the guide for readers, the soak, and the run that measures
//! capacity. Each takes our place as a process, so that a signal is for it alone.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::guide::asyncapi;
use crate::workspace::Workspace;
use crate::{install, process, seeds};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Example {
    Cluster,
    MixedCluster,
}

/// Does not return if all goes well.
///
/// # Errors
///
/// If something is missing or does not build.
pub(crate) fn run(workspace: &Workspace, example: Example) -> Result {
    needed(&["redis-server"])?;
    build(workspace, &["launch", "cluster"])?;
    let mut launch = Command::new(workspace.binary("launch"));
    match example {
        Example::Cluster => {
            launch.arg("cluster").arg(workspace.binaries());
        }
        Example::MixedCluster => {
            needed(&["node", "npm"])?;
            let folder = workspace.root.join(install::MIXED_CLUSTER);
            packages(&folder)?;
            launch
                .arg("mixed-cluster")
                .arg(workspace.binaries())
                .arg(folder);
        }
    }
    take_over(launch)
}

/// Builds the page of the example `todo`, and runs its server in our place, with its own options.
///
/// # Errors
///
/// If something is missing or does not build.
pub(crate) fn todo(workspace: &Workspace, options: &[String]) -> Result {
    needed(&["node", "npm"])?;
    let page = workspace.root.join(install::TODO);
    packages(&page)?;
    process::run(
        Command::new("npm")
            .current_dir(&page)
            .args(["run", "build"]),
    )?;
    build(workspace, &["todo"])?;
    let mut todo = Command::new(workspace.binary("todo"));
    todo.args(options);
    take_over(todo)
}

/// Builds the guide and serves it in our place, with mdBook's own options.
///
/// # Errors
///
/// If mdBook cannot be installed.
pub(crate) fn guide(workspace: &Workspace, options: &[String]) -> Result {
    let mdbook = match workspace.python_tool("mdbook") {
        Ok(mdbook) => mdbook,
        Err(_) => {
            install::python_tools(workspace)?;
            workspace.python_tool("mdbook")?
        }
    };
    asyncapi::place_if_possible(workspace);
    let mut serve = Command::new(mdbook);
    serve.arg("serve").arg(workspace.root.join("guide"));
    // `--port 9000`, `--port=9000`, `-p 9000` or `-p9000`.
    let has = |[long, short]: [&str; 2]| {
        let name = |option: &String| option.split('=').next() == Some(long);
        options
            .iter()
            .any(|option| name(option) || option.starts_with(short))
    };
    // The chat of the first pages serves on 3000, which is mdBook's default.
    if !has(["--port", "-p"]) {
        serve.args(["--port", "8000"]);
    }
    if !has(["--dest-dir", "-d"]) {
        serve.arg("--dest-dir").arg(workspace.target.join("guide"));
    }
    serve.args(options);
    take_over(serve)
}

/// Runs the soak in our place, with its own options; or, with `--seeds`, the tests in virtual time.
///
/// # Errors
///
/// If something is missing or does not build.
pub(crate) fn soak(workspace: &Workspace, options: &[String]) -> Result {
    if let [option, seeds] = options
        && option == "--seeds"
    {
        return take_over(virtual_cluster(workspace, seeds));
    }
    needed(&["redis-server", "node", "npm"])?;
    build(workspace, &["soak-node"])?;
    let folder = workspace.root.join("tests/cluster");
    packages(&folder)?;
    let mut soak = Command::new("node");
    soak.arg(folder.join("soak/main.mjs"))
        .args(options)
        .env("NODE_BIN", workspace.binary("soak-node"))
        .env("REPORT", workspace.target.join("soak"));
    take_over(soak)
}

/// The guarantees in virtual time, each for these seeds: a range such as `0..100000`.
fn virtual_cluster(workspace: &Workspace, range: &str) -> Command {
    let mut tests = process::cargo();
    tests
        .current_dir(&workspace.root)
        .args(["test", "--release", "--package", "roomcast"])
        .args(["--test", "application", seeds::TESTS])
        .args(["--", "--skip", seeds::OF_THE_KIT])
        .env(seeds::VARIABLE, range);
    tests
}

/// Measures capacity in our place, with its own options. The report is that of the guide, unless they say otherwise or the
/// run is only quick.
///
/// # Errors
///
/// If something is missing or does not build.
pub(crate) fn capacity(workspace: &Workspace, mut options: Vec<String>) -> Result {
    needed(&["redis-server"])?;
    let has = |name| options.iter().any(|option| option == name);
    if !(has("--report") || has("--help") || has("-h")) {
        let report = match has("--quick") {
            true => workspace.target.join("capacity/report.md"),
            false => workspace.root.join("guide/src/capacity-report.md"),
        };
        let report = report
            .to_str()
            .ok_or_else(|| Failure::new("a path is not text"))?;
        options.extend(["--report".to_owned(), report.to_owned()]);
    }
    // What is measured is what would be deployed.
    let mut build = process::cargo();
    build
        .current_dir(&workspace.root)
        .args(["build", "--release", "--package", "capacity"]);
    process::run(&mut build)?;
    let mut capacity = Command::new(workspace.target.join("release/capacity"));
    capacity.args(options);
    take_over(capacity)
}

fn build(workspace: &Workspace, packages: &[&str]) -> Result {
    let mut build = process::cargo();
    build.current_dir(&workspace.root).arg("build");
    for package in packages {
        build.args(["--package", package]);
    }
    process::run(&mut build)
}

/// Installs what a folder's lock file says, unless it is there.
fn packages(folder: &Path) -> Result {
    if folder.join("node_modules").is_dir() {
        return Ok(());
    }
    install::npm_packages(folder)
}

fn needed(programs: &[&str]) -> Result {
    let missing = programs
        .iter()
        .find(|program| process::find(program).is_none());
    match missing {
        None => Ok(()),
        Some(program) => Err(Failure::new(format!(
            "{program} is missing; `cargo xtask test --only install` gets it"
        ))),
    }
}

/// Only returns if the program cannot be started.
fn take_over(mut program: Command) -> Result {
    Err(program.exec().into())
}
