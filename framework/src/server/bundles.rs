//! The official client's bundles, from a directory of the application (Engine.IO v4, section 13).

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{builder::HubBuilder, file::File};
use crate::error::BuildError;

const SCRIPT: &str = "application/javascript; charset=utf-8";
const MAP: &str = "application/json";

/// Every name that is served; whatever else is in the directory is not.
const NAMES: [(&str, &str); 8] = [
    ("socket.io.js", SCRIPT),
    ("socket.io.js.map", MAP),
    ("socket.io.min.js", SCRIPT),
    ("socket.io.min.js.map", MAP),
    ("socket.io.msgpack.min.js", SCRIPT),
    ("socket.io.msgpack.min.js.map", MAP),
    ("socket.io.esm.min.js", SCRIPT),
    ("socket.io.esm.min.js.map", MAP),
];

/// Packages that the bundles come in.
const PACKAGES: [&str; 2] = ["socket.io-client", "socket.io"];

#[derive(Default)]
pub(super) struct Bundles {
    directory: PathBuf,
    files: HashMap<&'static str, File>,
}

impl HubBuilder {
    /// Serves the official client below the hub's path, from a directory with its bundles:
    /// `socket.io.js`, `socket.io.min.js`, `socket.io.msgpack.min.js`, `socket.io.esm.min.js` and
    /// the `.map` of each, as in the folder `dist` of the npm package socket.io-client. Nothing else
    /// in the directory is served. Default none.
    ///
    /// The files are read once, when the hub is built, and compressed once for each encoding that
    /// is asked for. Their `ETag` is the version in the `package.json` of the npm package in or
    /// above the directory, or else a hash of each.
    ///
    /// ```no_run
    /// use roomcast::prelude::*;
    ///
    /// let builder = Hub::builder().serve_client("node_modules/socket.io-client/dist");
    /// ```
    pub fn serve_client(mut self, directory: impl Into<PathBuf>) -> Self {
        self.http.serve_client = Some(Bundles {
            directory: directory.into(),
            files: HashMap::new(),
        });
        self
    }
}

impl Bundles {
    /// Reads the files.
    ///
    /// # Errors
    /// There is none, or one cannot be read.
    pub(super) fn read(&mut self) -> Result<(), BuildError> {
        let version = version(&self.directory);
        for (name, content_type) in NAMES {
            let path = self.directory.join(name);
            match fs::read(&path) {
                Ok(content) => {
                    let file = File::new(content_type, content.into(), version.as_deref());
                    self.files.insert(name, file);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(BuildError::Client { path, source }),
            }
        }
        match self.files.is_empty() {
            true => Err(BuildError::NoClient(self.directory.clone())),
            false => Ok(()),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&File> {
        self.files.get(name)
    }
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

/// The version of the client, if the directory is part of its package, and not only of one that
/// uses it.
fn version(directory: &Path) -> Option<String> {
    // Relative paths have a parent only once they are absolute.
    let directory = directory.canonicalize().ok()?;
    directory.ancestors().take(2).find_map(|folder| {
        let text = fs::read(folder.join("package.json")).ok()?;
        let package: Package = serde_json::from_slice(&text).ok()?;
        let is_client = PACKAGES.contains(&package.name.as_str());
        let plain = package
            .version
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"');
        (is_client && plain).then_some(package.version)
    })
}
