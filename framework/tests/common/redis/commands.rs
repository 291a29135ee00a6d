//! What a Redis is told.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
};

use super::{PATIENCE, RedisServer};

/// Reads what a server is told, by MONITOR.
pub(crate) struct Commands<'a> {
    server: &'a RedisServer,
    lines: BufReader<TcpStream>,
    read: usize,
}

impl<'a> Commands<'a> {
    pub(super) fn to(server: &'a RedisServer) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(b"MONITOR\r\n").unwrap();
        let mut commands = Self {
            server,
            lines: BufReader::new(stream),
            read: 0,
        };
        assert_eq!(commands.line(), "+OK\r\n");
        commands
    }

    /// How often it was told this since the last call, by lines of which this is true.
    pub(crate) fn count(&mut self, command: &str, which: impl Fn(&str) -> bool) -> usize {
        self.read += 1;
        let last = format!("\"read-{}\"", self.read);
        self.server.command(&["PING", last.trim_matches('"')]);
        let command = format!("] \"{command}\" ");
        let mut count = 0;
        loop {
            let line = self.line();
            if line.contains(&last) {
                return count;
            }
            count += usize::from(line.contains(&command) && which(&line));
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("in time");
        line
    }
}
