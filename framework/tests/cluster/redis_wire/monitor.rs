//! Everything that Redis is told, by MONITOR.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    thread,
};

use tokio::{sync::mpsc, time::timeout};

use super::recording::Sent;
use crate::common::redis::RedisServer;
use crate::waiting::PATIENCE;

pub(crate) struct Monitor(mpsc::Receiver<Sent>);

impl Monitor {
    pub(crate) fn on(redis: &RedisServer) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", redis.port())).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(b"MONITOR\r\n").unwrap();
        let mut lines = BufReader::new(stream);
        let mut ok = String::new();
        lines.read_line(&mut ok).expect("in time");
        assert_eq!(ok, "+OK\r\n");
        lines.get_ref().set_read_timeout(None).unwrap();
        let lines = lines.lines();
        let (sender, sent) = mpsc::channel(10_000);
        // It ends with the server.
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut words = words(&line).into_iter();
                let command = String::from_utf8(words.next().unwrap_or_default()).unwrap();
                let args: Vec<_> = words.collect();
                for command in Sent::read(&command.to_uppercase(), &args) {
                    let _ = sender.blocking_send(command);
                }
            }
        });
        Self(sent)
    }

    /// The next so many.
    pub(crate) async fn sent(&mut self, count: usize) -> Vec<Sent> {
        let mut sent = Vec::new();
        while sent.len() < count {
            match timeout(PATIENCE, self.0.recv()).await {
                Ok(Some(next)) => sent.push(next),
                _ => break,
            }
        }
        sent
    }
}

/// `+time [db address] "command" "argument" ..`, as `sdscatrepr` of Redis writes it.
fn words(line: &str) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let Some((_, rest)) = line.split_once("] ") else {
        return words;
    };
    let mut bytes = rest.bytes();
    while bytes.by_ref().any(|byte| byte == b'"') {
        let mut word = Vec::new();
        while let Some(byte) = bytes.next() {
            match byte {
                b'"' => break,
                b'\\' => word.push(match bytes.next().unwrap() {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'a' => 7,
                    b'b' => 8,
                    b'x' => {
                        let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                        u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                    }
                    other => other,
                }),
                other => word.push(other),
            }
        }
        words.push(word);
    }
    words
}
