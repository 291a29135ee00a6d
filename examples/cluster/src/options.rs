//! What the command line says.

use std::{error::Error, process, str::FromStr};

const HELP: &str = "Usage: cluster [OPTIONS]
    --redis URL                default redis://127.0.0.1/
    --name NAME                of this node, in the cluster and in the affinity cookie: default node- and its process id
    --host ADDRESS             default 127.0.0.1
    --port PORT                where clients connect: default any that is free
    --operations PORT          where /health, /ready and /metrics are: nowhere unless given
    --recovery                 who loses the connection misses nothing, and finds it on any node: by Redis Streams instead of
                               Pub/Sub, so it is for all nodes or none
    --max-len COUNT            events that Redis keeps for them: default 10000
    --proxies COUNT            in a row, between clients and this node: default 0
    --max-connections COUNT    default 50000
    --handshakes COUNT         that it takes in a second: any number unless given
    --admin FILE               who may use the admin page, as `htpasswd -nB NAME` prints it: nobody unless given
    --admin-page FOLDER        the page's files, served at /admin-page: `ui/dist` of the npm package @socket.io/admin-ui
    --with-node-js             beside servers on Node.js";

pub(crate) struct Options {
    pub(crate) redis: String,
    pub(crate) name: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) operations: Option<u16>,
    pub(crate) recovery: bool,
    pub(crate) max_len: u64,
    pub(crate) proxies: usize,
    pub(crate) max_connections: usize,
    pub(crate) handshakes: Option<u32>,
    pub(crate) admin: Option<String>,
    pub(crate) admin_page: Option<String>,
    pub(crate) with_node_js: bool,
}

impl Options {
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut options = Self {
            redis: "redis://127.0.0.1/".to_owned(),
            // Two nodes of one name would not hear each other.
            name: format!("node-{}", process::id()),
            host: "127.0.0.1".to_owned(),
            port: 0,
            operations: None,
            recovery: false,
            max_len: 10_000,
            proxies: 0,
            max_connections: 50_000,
            handshakes: None,
            admin: None,
            admin_page: None,
            with_node_js: false,
        };
        while let Some(option) = args.next() {
            match &*option {
                "--recovery" => options.recovery = true,
                "--with-node-js" => options.with_node_js = true,
                _ => options.set(&option, args.next().ok_or(HELP)?)?,
            }
        }
        Ok(options)
    }

    fn set(&mut self, option: &str, value: String) -> Result<(), Box<dyn Error>> {
        match option {
            "--redis" => self.redis = value,
            "--name" => self.name = value,
            "--host" => self.host = value,
            "--port" => self.port = number(option, &value)?,
            "--operations" => self.operations = Some(number(option, &value)?),
            "--max-len" => self.max_len = number(option, &value)?,
            "--proxies" => self.proxies = number(option, &value)?,
            "--max-connections" => self.max_connections = number(option, &value)?,
            "--handshakes" => self.handshakes = Some(number(option, &value)?),
            "--admin" => self.admin = Some(value),
            "--admin-page" => self.admin_page = Some(value),
            _ => return Err(HELP.into()),
        }
        Ok(())
    }
}

fn number<N: FromStr>(option: &str, value: &str) -> Result<N, String> {
    let number = value.parse();
    number.map_err(|_| format!("{option}: `{value}` is no such number"))
}
