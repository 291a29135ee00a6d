//! The Dockerfile and the Compose file of `examples/deploy`, unchanged, as Podman runs them, which needs no daemon. What they
//! get from a registry is made of Debian's packages instead.

mod folder;
mod podman;
mod programs;
mod stand_ins;

use std::process::Command;

use crate::failure::{Failure, Result};
use crate::install;
use crate::workspace::Workspace;
use folder::Folder;
use podman::Podman;

const DOCKERFILE: &str = "examples/deploy/docker/Dockerfile";

/// As Podman calls what Docker calls `roomcast`.
const IMAGE: &str = "localhost/roomcast";

/// Builds the image, and runs it and the Compose file. Of what it makes nothing stays but the packages that it installs.
///
/// # Errors
///
/// If this is not Debian, or not root; if a build fails, or a test.
pub(crate) fn run(workspace: &Workspace) -> Result {
    if !install::is_root() {
        return Err(Failure::new("only root may make images of Debian here"));
    }
    install::programs(programs::ALL)?;
    install::npm_packages(&workspace.root.join("tests/e2e"))?;
    let folder = Folder::make(workspace.target.join("image"))?;
    let podman = Podman::new(workspace, &folder)?;
    stand_ins::make(&podman, workspace, &folder)?;
    build(&podman, workspace)?;
    podman.alone(
        Command::new("node")
            .arg("--test")
            .arg(workspace.root.join("tests/e2e/deploy/image.test.mjs")),
    )
}

fn build(podman: &Podman, workspace: &Workspace) -> Result {
    podman.build(IMAGE, &workspace.root.join(DOCKERFILE), |build| {
        build.arg(&workspace.root);
    })
}
