//! The chat of the tutorial after each of its steps: each folder is what a reader has in `src` then.

#[path = "tutorial/step_01/main.rs"]
mod step_01;
#[path = "tutorial/step_02/main.rs"]
mod step_02;
#[path = "tutorial/step_03/main.rs"]
mod step_03;
#[path = "tutorial/step_04/main.rs"]
mod step_04;
#[path = "tutorial/step_05/main.rs"]
mod step_05;
#[path = "tutorial/step_06/main.rs"]
mod step_06;
#[path = "tutorial/step_07/main.rs"]
mod step_07;
#[path = "tutorial/step_08/main.rs"]
mod step_08;
#[path = "tutorial/step_09/main.rs"]
mod step_09;
#[path = "tutorial/step_10/main.rs"]
mod step_10;

use std::{error::Error, process::ExitCode};

/// Runs the program as it is after that step.
pub(crate) fn run(step: &str) -> Result<ExitCode, Box<dyn Error>> {
    let program = match step {
        "1" => step_01::run,
        "2" => step_02::run,
        "3" => step_03::run,
        "4" => step_04::run,
        "5" => step_05::run,
        "6" => step_06::run,
        "7" => step_07::run,
        "8" => step_08::run,
        "9" => step_09::run,
        "10" => return step_10::run(),
        _ => return Err(format!("there is no step `{step}`").into()),
    };
    program()?;
    Ok(ExitCode::SUCCESS)
}
