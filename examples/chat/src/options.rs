use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

pub(crate) const HELP: &str = "\
A chat with rooms, presence and history.

Usage: chat [--port PORT] [--host ADDRESS]

  --port PORT      where to listen; 0 takes any free port [default: 3000]
  --host ADDRESS   the IP address to listen on; 0.0.0.0 for all [default: 127.0.0.1]
  --help           print this

RUST_LOG sets what is logged [default: info].";

pub(crate) struct Options {
    pub(crate) address: SocketAddr,
}

impl Options {
    /// `None` if help is asked for.
    pub(crate) fn parse(args: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 3000);
        let mut words = args.flat_map(|arg| match arg.split_once('=') {
            Some((option, value)) => vec![option.to_owned(), value.to_owned()],
            None => vec![arg],
        });
        while let Some(option) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{option} needs a value"));
            match &*option {
                "--help" | "-h" => return Ok(None),
                "--port" => address.set_port(read("a port", &value()?)?),
                "--host" => address.set_ip(read("an IP address", &value()?)?),
                _ => return Err(format!("unknown option {option}; see --help")),
            }
        }
        Ok(Some(Self { address }))
    }
}

fn read<T: std::str::FromStr>(what: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("`{value}` is not {what}"))
}

pub(crate) fn cannot_listen(address: SocketAddr, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "port {} is taken on {}; choose another with --port",
            address.port(),
            address.ip()
        ),
        _ => format!("cannot listen on {address}: {error}"),
    }
}
