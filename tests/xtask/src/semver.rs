//! Whether the public interface is compatible with that of the last release, as cargo-semver-checks judges. By hand, as building
//! it takes minutes; that the interface has changed at all is seen by the step `interface`.

use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::process;
use crate::steps::cargo;
use crate::workspace::Workspace;

/// The commit whose public interface this one has to be compatible with: the last release, and before the first one the last
/// commit at which a change was meant to break it: CONTRIBUTING.md, "Releases".
const BASELINE: &str = "51b254fd8d91cfa21b18631106a2301dbe5916d6";

const TOOL: &str = "cargo-semver-checks";

const VERSION: &str = "0.51.0";

pub(crate) fn run(workspace: &Workspace) -> Result {
    has_baseline(workspace)?;
    let tool = installed(workspace)?;
    process::run(
        process::for_cargo(&mut Command::new(tool))
            .current_dir(&workspace.root)
            .args(["semver-checks", "--package", "roomcast", "--all-features"])
            .args(["--baseline-rev", BASELINE])
            .env("CARGO_TARGET_DIR", workspace.target.join("semver")),
    )
}

/// The program: that on the path if it has the version, else one of our own. No package of Debian, Python or npm brings it, so
/// it is built, and without optimisation, as it is needed seldom.
fn installed(workspace: &Workspace) -> Result<PathBuf> {
    let known = process::output(Command::new(TOOL).arg("--version"));
    if known.is_some_and(|version| version == format!("{TOOL} {VERSION}")) {
        return Ok(TOOL.into());
    }
    let tools = workspace.target.join("tools");
    process::run(
        cargo(workspace, &["install", TOOL, "--version", VERSION])
            .args(["--locked", "--debug", "--no-default-features"])
            .arg("--root")
            .arg(&tools)
            .env("CARGO_TARGET_DIR", tools.join("build"))
            .env("CARGO_PROFILE_DEV_DEBUG", "0"),
    )?;
    Ok(tools.join("bin").join(TOOL))
}

/// A clone without its history does not have it.
fn has_baseline(workspace: &Workspace) -> Result {
    let commit = format!("{BASELINE}^{{commit}}");
    let known = process::output(Command::new("git").current_dir(&workspace.root).args([
        "rev-parse",
        "--quiet",
        "--verify",
        &commit,
    ]));
    known.map(drop).ok_or_else(|| {
        Failure::new(format!(
            "this repository has no commit {BASELINE}, with which the public interface is compared; \
             if it is a shallow clone: git fetch --unshallow"
        ))
    })
}
