//! Load for a Socket.IO server: `bench-load --help`.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == "--help") {
        println!("{}", bench_load::HELP);
        return ExitCode::SUCCESS;
    }
    let options = bench_load::Options::parse(words.iter().map(String::as_str));
    let report = options.and_then(|options| {
        bench_load::allow()?;
        bench_load::run(&options)
    });
    match report {
        Ok(report) => {
            println!("{report}");
            ExitCode::from(if report.is_clean() { 0 } else { 2 })
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    eprintln!("error: what it measures with is there on Linux only");
    ExitCode::FAILURE
}
