//! What it takes to make images, and to run a Compose file and its test.

use std::path::Path;

use crate::install::{self, Program};
use crate::process;

pub(super) const ALL: &[Program] = &[
    install::NODE,
    install::NPM,
    Program {
        what: "Podman",
        package: "podman",
        is_there: || process::find("podman").is_some(),
    },
    Program {
        what: "crun",
        package: "crun",
        is_there: || process::find("crun").is_some(),
    },
    Program {
        what: "Docker Compose",
        package: "docker-compose",
        is_there: || process::find("docker-compose").is_some(),
    },
    Program {
        what: "netavark",
        package: "netavark",
        is_there: || Path::new("/usr/lib/podman/netavark").is_file(),
    },
    Program {
        what: "aardvark-dns",
        package: "aardvark-dns",
        is_there: || Path::new("/usr/lib/podman/aardvark-dns").is_file(),
    },
    Program {
        what: "iptables",
        package: "iptables",
        is_there: || install::is_administrators("iptables"),
    },
    Program {
        what: "ip",
        package: "iproute2",
        is_there: || process::find("ip").is_some(),
    },
    Program {
        what: "debootstrap",
        package: "debootstrap",
        is_there: || install::is_administrators("debootstrap"),
    },
];
