//! Podman, with its images and containers in a folder of ours, and apart from the machine's.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::folder::Folder;
use crate::failure::{Failure, Result};
use crate::process;
use crate::workspace::Workspace;

/// A network, processes and mounts of their own: port 8080 is free there, and nothing is left when it has ended. Of `/run`
/// Podman and what it starts use paths that are the same for everybody. crun refuses a machine that has both kinds of
/// cgroups, so it sees one. The shell stays, as what it starts has children that nobody else would wait for.
const ALONE: &str = r#"
    mount -t tmpfs tmpfs /run && mount -t cgroup2 cgroup2 /sys/fs/cgroup && ip link set lo up && "$@"
    exit $?
"#;

/// Starts containers, within the limits of the machine.
const RUNTIME: &str = "tests/xtask/image/runtime";

pub(super) struct Podman {
    environment: Vec<(&'static str, PathBuf)>,
}

impl Podman {
    pub(super) fn new(workspace: &Workspace, folder: &Folder) -> Result<Self> {
        let runtime = workspace.root.join(RUNTIME);
        let work = folder.join("work");
        std::fs::create_dir(&work)?;
        let at = folder
            .as_ref()
            .to_str()
            .ok_or_else(|| Failure::new("a path is not text"))?;
        let environment = vec![
            (
                "CONTAINERS_STORAGE_CONF",
                folder.write("storage.conf", &storage(at))?,
            ),
            (
                "CONTAINERS_CONF",
                folder.write("containers.conf", &containers(at, &runtime))?,
            ),
            // Nothing is fetched by mistake.
            (
                "CONTAINERS_REGISTRIES_CONF",
                folder.write("registries.conf", "unqualified-search-registries = []\n")?,
            ),
            // What a build mounts as a cache is below it.
            ("TMPDIR", work),
            // Builds need no container, and so none of what a machine may refuse to those.
            ("BUILDAH_ISOLATION", PathBuf::from("chroot")),
            // Not every machine has systemd, by whose timers it would check health. The tests do.
            ("DISABLE_HC_SYSTEMD", PathBuf::from("true")),
        ];
        Ok(Self { environment })
    }

    /// Makes an image of a folder.
    pub(super) fn import(&self, folder: &Path, name: &str) -> Result {
        let archive = folder.with_extension("tar");
        process::run(
            Command::new("tar")
                .arg("--create")
                .arg("--file")
                .arg(&archive)
                .arg("--directory")
                .arg(folder)
                .arg("."),
        )?;
        let mut import = self.command(&["--mount"]);
        process::run(import.args(["podman", "import"]).arg(&archive).arg(name))?;
        Ok(std::fs::remove_file(archive)?)
    }

    /// Builds an image; the context comes with the other arguments.
    pub(super) fn build(
        &self,
        name: &str,
        file: &Path,
        arguments: impl FnOnce(&mut Command),
    ) -> Result {
        let mut build = self.command(&["--mount"]);
        build
            .args(["podman", "build", "--pull=never", "--network", "host"])
            .args(["--tag", name, "--file"])
            .arg(file);
        arguments(&mut build);
        process::run(&mut build)
    }

    /// Runs what runs containers, where they disturb nobody.
    pub(super) fn alone(&self, command: &Command) -> Result {
        let apart = ["--mount", "--net", "--pid", "--fork", "--kill-child"];
        let mut alone = self.command(&apart);
        alone
            .args(["--mount-proc", "sh", "-c", ALONE, "sh"])
            .arg(command.get_program())
            .args(command.get_args());
        process::run(&mut alone)
    }

    /// What comes after it is run with mounts that end with it.
    fn command(&self, apart: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        command.args(apart);
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        command
    }
}

fn storage(at: &str) -> String {
    format!(
        "[storage]\n\
         driver = \"overlay\"\n\
         graphroot = \"{at}/images\"\n\
         runroot = \"{at}/run\"\n"
    )
}

/// Without cgroups, as a machine may have them in any form, and nothing here is limited by them.
fn containers(at: &str, runtime: &Path) -> String {
    let runtime = runtime.display();
    format!(
        "[containers]\n\
         cgroups = \"disabled\"\n\
         log_driver = \"k8s-file\"\n\
         [engine]\n\
         cgroup_manager = \"cgroupfs\"\n\
         events_logger = \"file\"\n\
         runtime = \"crun\"\n\
         tmp_dir = \"{at}/tmp\"\n\
         [engine.runtimes]\n\
         crun = [\"{runtime}\"]\n\
         [network]\n\
         network_backend = \"netavark\"\n\
         network_config_dir = \"{at}/networks\"\n"
    )
}
