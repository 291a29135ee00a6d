//! The chat of the tutorial: `tutorial ADDRESS STEP`.

use std::{error::Error, process::ExitCode};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let step = std::env::args().nth(2).ok_or("tutorial ADDRESS STEP")?;
    guide_samples::tutorial(&step)
}
