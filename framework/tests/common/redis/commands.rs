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

    /// What it was told since the last call, by lines of which this is true.
    pub(crate) fn told(&mut self, which: impl Fn(&str) -> bool) -> Vec<String> {
        self.read += 1;
        let last = format!("\"read-{}\"", self.read);
        self.server.command(&["PING", last.trim_matches('"')]);
        let mut told = Vec::new();
        loop {
            let line = self.line();
            if line.contains(&last) {
                return told;
            }
            if which(&line) {
                // +time [db address] "command" "argument" ..
                let (_, command) = line.split_once("] \"").unwrap();
                let command = command.split('"').next().unwrap();
                told.push(command.to_owned());
            }
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("in time");
        line
    }
}
