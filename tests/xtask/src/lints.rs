//! The steps that only compile. They run beside the others, so they build where those do not, and share what they build.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Result;
use crate::process;
use crate::steps::{FUZZ_MANIFEST, cargo, files};
use crate::workspace::Workspace;

const DENY_WARNINGS: [&str; 3] = ["--", "-D", "warnings"];

/// Runs cargo beside other builds of the workspace, of which only one at a time may use a folder.
fn run(workspace: &Workspace, command: &mut Command) -> Result {
    process::run_beside(command.env("CARGO_TARGET_DIR", folder(workspace)))
}

pub(crate) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("beside")
}

pub(crate) fn clippy(workspace: &Workspace) -> Result {
    let all = ["clippy", "--workspace", "--all-targets", "--all-features"];
    run(workspace, cargo(workspace, &all).args(DENY_WARNINGS))
}

/// All of them at once are what the other steps build; `default` is `redis`.
pub(crate) fn features(workspace: &Workspace) -> Result {
    run(
        workspace,
        process::for_cargo(&mut Command::new(workspace.python_tool("cargo-hack")?))
            .current_dir(&workspace.root)
            .args(["hack", "clippy", "--package", "roomcast", "--each-feature"])
            .args(["--exclude-all-features", "--exclude-features", "default"])
            .args(DENY_WARNINGS),
    )?;
    // Their tests are sessions and events where no feature is on.
    let derives = ["clippy", "--package", "roomcast-macros", "--all-targets"];
    run(workspace, cargo(workspace, &derives).args(DENY_WARNINGS))
}

/// With all features, as it is published; and with those by default and with none, where what is documented is less than what
/// may be linked to. They are written to the same place: all features come last.
pub(crate) fn rustdoc(workspace: &Workspace) -> Result {
    doc(
        workspace,
        &["--package", "roomcast", "--no-default-features"],
    )?;
    doc(workspace, &["--package", "roomcast"])?;
    document(workspace)
}

pub(crate) fn document(workspace: &Workspace) -> Result {
    doc(workspace, &["--workspace", "--lib", "--all-features"])
}

fn doc(workspace: &Workspace, what: &[&str]) -> Result {
    let mut doc = cargo(workspace, &["doc", "--no-deps"]);
    doc.args(what).env("RUSTDOCFLAGS", "-D warnings");
    run(workspace, &mut doc)
}

/// Each target takes its corpus once: the search for more needs a nightly compiler.
pub(crate) fn fuzz_build(workspace: &Workspace) -> Result {
    let built = workspace.target.join("fuzz");
    process::run_beside(
        cargo(workspace, &["build", "--manifest-path", FUZZ_MANIFEST])
            .arg("--target-dir")
            .arg(&built),
    )?;
    let folder = workspace
        .root
        .join(Path::new(FUZZ_MANIFEST).with_file_name(""));
    for target in files(&folder.join("fuzz_targets"), ".rs")? {
        let target = target.with_extension("");
        process::run_beside(
            Command::new(built.join("debug").join(&target))
                .current_dir(&folder)
                .arg("-runs=0")
                .arg(PathBuf::from("corpus").join(&target)),
        )?;
    }
    Ok(())
}
