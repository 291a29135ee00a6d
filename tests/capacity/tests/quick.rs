//! The command itself, with few connections: that it counts right, and that its report and figure are there.

#![cfg(target_os = "linux")]

use std::error::Error;
use std::fs;
use std::process::Command;

#[test]
fn a_quick_run_loses_nothing_and_writes_its_report() -> Result<(), Box<dyn Error>> {
    let report = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("capacity.md");
    let run = Command::new(env!("CARGO_BIN_EXE_capacity"))
        .args([
            "--quick",
            "--connections",
            "240",
            "--chatting",
            "205",
            "--report",
        ])
        .arg(&report)
        .output()?;
    let printed = String::from_utf8_lossy(&run.stdout);
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{printed}\n{errors}");

    let page = fs::read_to_string(&report)?;
    assert!(printed.contains(page.trim()));
    // Rooms have ten members.
    assert!(page.contains("200 connections joined 20 rooms"), "{page}");
    assert!(
        page.contains("| 240 |") && page.contains("![memory"),
        "{page}"
    );
    let total = |name: &str| {
        let line = page.lines().find(|line| line.starts_with(name));
        let cell = line.and_then(|line| line.rsplit('|').nth(1));
        let digits = cell.unwrap_or_default().replace([' ', ','], "");
        digits.parse::<u64>().map_err(|_| format!("{name}: {page}"))
    };
    let said = total("| messages said |")?;
    // 25, 50 and 100 in a second each, and a third of that in each process.
    assert!((160..=175).contains(&said), "{page}");
    assert_eq!(total("| deliveries expected |")?, said * 10);
    assert_eq!(total("| deliveries received |")?, said * 10);
    for none in [
        "| left out",
        "| repeated",
        "| dropped",
        "| connections that broke",
    ] {
        assert_eq!(total(none)?, 0, "{page}");
    }

    let figure = fs::read_to_string(report.with_extension("svg"))?;
    assert!(figure.starts_with("<svg") && figure.trim_end().ends_with("</svg>"));
    for word in ["deliveries a second", "heap and stacks", "polyline"] {
        assert!(figure.contains(word), "{word}");
    }
    Ok(())
}

#[test]
fn more_than_a_process_may_have_is_refused() -> Result<(), Box<dyn Error>> {
    let run = Command::new(env!("CARGO_BIN_EXE_capacity"))
        .args([
            "--quick",
            "--per-process",
            "18446744073709551615",
            "--report",
            "none.md",
        ])
        .output()?;
    assert!(!run.status.success());
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(errors.contains("--per-process: at most "), "{errors}");
    Ok(())
}
