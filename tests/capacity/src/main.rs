//! How many connections nodes hold on this machine, and what each costs: `cargo xtask capacity --help`.
//!
//! One program in three parts: the run, which starts the others, measures and reports; a node; and a process of clients.

mod descriptors;
mod load;
mod measure;
mod node;
mod options;
mod plot;
mod report;
mod run;
mod wire;
mod world;

use std::fs;
use std::process::ExitCode;

use launch::Result;
use measure::Machine;
use options::Options;

#[actix_web::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &[String]) -> Result {
    match arguments {
        [part, settings] if part == "node" => node::run(serde_json::from_str(settings)?).await,
        [part, settings] if part == "load" => load::run(serde_json::from_str(settings)?).await,
        [option] if option == "--help" || option == "-h" => {
            println!("{}", options::HELP);
            Ok(())
        }
        options => {
            let options = Options::parse(options, descriptors::most())?;
            // What has been started ends with us: it is dropped.
            tokio::select! {
                outcome = capacity(&options) => outcome,
                _ = roomcast::signals() => Err("ended by a signal".into()),
            }
        }
    }
}

/// Runs, writes the report, and looks whether anything was lost.
async fn capacity(options: &Options) -> Result {
    let machine = Machine::describe(descriptors::allow(options.per_process)?)?;
    let results = run::run(options, machine).await?;
    let report = &options.report;
    if let Some(folder) = report.parent() {
        fs::create_dir_all(folder)?;
    }
    let figure = report.with_extension("svg");
    plot::draw(&results, &figure)?;
    let name = figure.file_name().unwrap_or_default().to_string_lossy();
    let page = report::markdown(options, &results, &name);
    fs::write(report, &page)?;
    println!("\n{page}");
    results.totals.check()
}
