//! The other end of the wire: a blocking socket that knows what it must receive.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
};

pub(super) struct Peer {
    pub(super) stream: TcpStream,
}

impl Peer {
    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// The next response head, in lower case.
    pub(super) fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        String::from_utf8(head).unwrap().to_lowercase()
    }

    pub(super) fn expect_101(&mut self) {
        let head = self.head();
        assert!(head.starts_with("http/1.1 101"), "{head}");
        // RFC 6455 section 1.3: the answer to the sample key.
        assert!(
            head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="),
            "{head}"
        );
        for unwanted in ["content-length", "transfer-encoding", "content-encoding"] {
            assert!(!head.contains(unwanted), "{head}");
        }
    }

    pub(super) fn expect(&mut self, expected: &[u8]) {
        let mut received = vec![0; expected.len()];
        self.stream.read_exact(&mut received).unwrap();
        assert!(received == expected, "bytes lost or reordered");
    }

    pub(super) fn expect_end(&mut self) {
        assert_eq!(self.stream.read(&mut [0]).unwrap(), 0);
    }

    pub(super) fn expect_end_or_reset(&mut self) {
        match self.stream.read(&mut [0]) {
            Ok(read) => assert_eq!(read, 0),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }
}

pub(super) fn upgrade(path: &str) -> Vec<u8> {
    format!(
        "GET /ws{path} HTTP/1.1\r\n\
         host: localhost\r\n\
         origin: http://example.com\r\n\
         accept-encoding: gzip\r\n\
         connection: upgrade\r\n\
         upgrade: websocket\r\n\
         sec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .into_bytes()
}

/// A handshake with one mistake.
pub(super) fn replaced(from: &str, to: &str) -> Vec<u8> {
    let request = String::from_utf8(upgrade("/echo")).unwrap();
    assert!(request.contains(from));
    request.replace(from, to).into_bytes()
}

/// Bytes whose order and number can be told.
pub(super) fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|index| (index % 251) as u8).collect()
}
