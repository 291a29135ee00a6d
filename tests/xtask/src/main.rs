//! The tasks of this repository. `cargo xtask --help` lists them.

mod arguments;
mod examples;
mod failure;
mod flaky;
mod guide;
mod image;
mod install;
mod interface;
mod lints;
mod process;
mod runner;
mod seeds;
mod semver;
mod server;
mod steps;
mod unit;
mod watchdog;
mod workspace;

use std::process::ExitCode;

use arguments::Task;
use failure::Result;
use workspace::Workspace;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result {
    match arguments::parse(std::env::args().skip(1))? {
        Task::Help => print!("{}", arguments::HELP),
        Task::List => runner::list(steps::ALL),
        Task::Test { only } => {
            let selected = runner::select(steps::ALL, &only)?;
            runner::run(&Workspace::find()?, &selected)?;
        }
        Task::Example(example) => examples::run(&Workspace::find()?, example)?,
        Task::Guide(options) => examples::guide(&Workspace::find()?, &options)?,
        Task::Todo(options) => examples::todo(&Workspace::find()?, &options)?,
        Task::Soak(options) => examples::soak(&Workspace::find()?, &options)?,
        Task::Capacity(options) => examples::capacity(&Workspace::find()?, options)?,
        Task::Semver => semver::run(&Workspace::find()?)?,
        Task::Image => image::run(&Workspace::find()?)?,
    }
    Ok(())
}
