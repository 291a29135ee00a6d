//! What the kernel alone charges for messages: `bench-floor --help`.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    if words == ["--help"] {
        println!("{}", bench_load::floor::HELP);
        return ExitCode::SUCCESS;
    }
    let report = bench_load::allow().and_then(|()| {
        let program = std::env::current_exe()?;
        bench_load::floor::run(&program, &words)
    });
    match report {
        Ok(report) => {
            if let Some(report) = report {
                println!("{report}");
            }
            ExitCode::SUCCESS
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
