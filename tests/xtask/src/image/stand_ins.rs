//! Images in place of those that a registry has, of Debian's packages and by the names that the Dockerfile and the Compose
//! file use.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::folder::Folder;
use super::podman::Podman;
use crate::failure::{Failure, Result};
use crate::process;
use crate::workspace::Workspace;

/// Of which the others are made.
const DEBIAN: &str = "localhost/stand-in/debian";

const RELEASE: &str = "bookworm";

/// Where each file is, and what for.
const FOLDER: &str = "tests/xtask/image";
const STAND_INS: &[(&str, &str)] = &[
    ("rust", "rust:1.89-slim-bookworm"),
    ("distroless", "gcr.io/distroless/cc-debian12:nonroot"),
    ("redis", "redis:7.4-alpine"),
    ("nginx", "nginx:1.28-alpine"),
];

/// Who trusts whom is up to the machine: its network may have a proxy that opens TLS.
const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";

pub(super) fn make(podman: &Podman, workspace: &Workspace, folder: &Folder) -> Result {
    debian(podman, folder)?;
    let toolchain = toolchain()?;
    for (file, name) in STAND_INS {
        let file = workspace
            .root
            .join(FOLDER)
            .join(format!("{file}.Containerfile"));
        podman.build(name, &file, |build| {
            build
                .arg("--build-context")
                .arg(format!("toolchain={}", toolchain.display()))
                .arg(workspace.root.join(FOLDER));
        })?;
    }
    Ok(())
}

fn debian(podman: &Podman, folder: &Folder) -> Result {
    let tree = folder.join("debian");
    process::run(
        Command::new("debootstrap")
            .args(["--variant=minbase", RELEASE])
            .arg(&tree)
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ),
    )?;
    // Services are installed, not started.
    let policy = tree.join("usr/sbin/policy-rc.d");
    fs::write(&policy, "#!/bin/sh\nexit 101\n")?;
    fs::set_permissions(&policy, fs::Permissions::from_mode(0o755))?;
    let certificates = tree.join(CERTIFICATES);
    fs::create_dir_all(tree.join("etc/ssl/certs"))?;
    fs::copy(Path::new("/").join(CERTIFICATES), certificates)?;
    podman.import(&tree, DEBIAN)?;
    Ok(fs::remove_dir_all(tree)?)
}

/// The folder of the compiler that compiles this.
fn toolchain() -> Result<PathBuf> {
    process::output(Command::new("rustc").args(["--print", "sysroot"]))
        .map(PathBuf::from)
        .filter(|folder| folder.join("bin/cargo").is_file() && folder != Path::new("/usr"))
        .ok_or_else(|| {
            Failure::new("this needs a toolchain in a folder of its own, as rustup has them")
        })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn each_image_that_is_named_has_its_stand_in() {
        let workspace = Workspace::find().unwrap();
        let mut named = Vec::new();
        for (file, before) in [("Dockerfile", "FROM "), ("compose.yaml", "    image: ")] {
            let file = workspace.root.join("examples/deploy/docker").join(file);
            let text = fs::read_to_string(file).unwrap();
            let lines = text.lines().filter_map(|line| line.strip_prefix(before));
            named.extend(lines.map(|line| line.split(' ').next().unwrap().to_owned()));
        }
        let have: Vec<_> = STAND_INS.iter().map(|(_, name)| *name).collect();
        assert_eq!(named.len(), have.len());
        for name in named {
            assert!(have.contains(&&*name), "{name}");
        }
    }
}
