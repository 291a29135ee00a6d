//! A Redis that speaks TLS.

use std::{fs, process::Command};

use super::{Directory, RedisServer};

/// A certificate for `localhost`, signed by itself, and its key.
pub(crate) struct Certificate(Directory);

impl Certificate {
    pub(crate) fn new() -> Self {
        let directory = Directory::new();
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
            ])
            .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
            .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args([
                "-keyout",
                &directory.file("key.pem"),
                "-out",
                &directory.file("cert.pem"),
            ])
            .output()
            .expect("openssl is installed");
        assert!(made.status.success(), "{made:?}");
        Self(directory)
    }

    pub(crate) fn pem(&self) -> Vec<u8> {
        fs::read(self.0.file("cert.pem")).unwrap()
    }

    pub(crate) fn key(&self) -> Vec<u8> {
        fs::read(self.0.file("key.pem")).unwrap()
    }
}

impl RedisServer {
    /// On a port that speaks TLS only; `clients` tells whether it wants to see a certificate, `yes`
    /// or `no`.
    pub(crate) fn with_tls(certificate: &Certificate, clients: &str) -> Self {
        let (cert, key) = (
            certificate.0.file("cert.pem"),
            certificate.0.file("key.pem"),
        );
        let arguments = |port: u16| {
            let port = port.to_string();
            let arguments = [
                ["--port", "0"],
                ["--tls-port", &port],
                ["--tls-cert-file", &cert],
                ["--tls-key-file", &key],
                ["--tls-ca-cert-file", &cert],
                ["--tls-auth-clients", clients],
            ];
            arguments
                .into_iter()
                .flatten()
                .map(ToOwned::to_owned)
                .collect()
        };
        let login = ["--tls", "--cacert", &cert, "--cert", &cert, "--key", &key];
        Self::launch(arguments, &login)
    }
}
