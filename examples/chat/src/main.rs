//! A chat with rooms, presence and history, all in memory.

mod events;
mod guest;
mod rooms;

use std::{error::Error, io::ErrorKind, process::ExitCode, sync::Mutex};

use actix_web::{App, HttpResponse, HttpServer, web};
use roomcast::{Hub, signals};
use tracing_subscriber::EnvFilter;

const HELP: &str = "Usage: chat [--port PORT] [--host HOST]

Serves a chat on http://127.0.0.1:3000, unless told otherwise; port 0 takes any that is free.
RUST_LOG sets what is logged [default: info].";

/// Path, type and content: part of the binary, so that it runs from any directory.
const PAGES: [(&str, &str, &str); 3] = [
    ("/", "html", include_str!("../static/index.html")),
    ("/chat.js", "javascript", include_str!("../static/chat.js")),
    ("/style.css", "css", include_str!("../static/style.css")),
];

/// The pages run and show only what comes with them.
const POLICY: &str = "default-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'";

#[actix_web::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    let log = tracing_subscriber::fmt().with_env_filter(filter);
    log.with_writer(std::io::stderr).init();
    let Err(error) = run().await else {
        return ExitCode::SUCCESS;
    };
    eprintln!("chat: {error}");
    ExitCode::FAILURE
}

async fn run() -> Result<(), Box<dyn Error>> {
    let (mut host, mut port) = ("127.0.0.1".to_owned(), 3000);
    let mut args = std::env::args().skip(1);
    while let Some(option) = args.next() {
        let mut value = || args.next().ok_or(format!("{option} needs a value"));
        match &*option {
            "--host" => host = value()?,
            "--port" => port = value()?.parse().map_err(|_| "a port is 0 to 65535")?,
            "--help" => {
                println!("{HELP}");
                return Ok(());
            }
            _ => return Err(format!("there is no option {option}; see --help").into()),
        }
    }
    let hub = Hub::builder()
        .namespace::<guest::Guest>("/")
        .state(Mutex::new(rooms::Chat::default()))
        .max_http_buffer_size(16 * 1024)
        .max_connections(10_000)
        .build()?;
    let app = hub.clone();
    let server = HttpServer::new(move || App::new().configure(app.mount()).configure(pages))
        .on_connect(hub.on_connect())
        .shutdown_signal(hub.shutdown_on(signals()))
        .bind((&*host, port))
        .map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => format!("port {port} is taken; choose another with --port"),
            _ => format!("cannot listen on {host}, port {port}: {error}"),
        })?;
    if let Some(address) = server.addrs().first() {
        println!("chat listening on http://{address}");
    }
    Ok(server.run().await?)
}

fn pages(app: &mut web::ServiceConfig) {
    for (path, kind, content) in PAGES {
        let page = move || async move {
            HttpResponse::Ok()
                .content_type(format!("text/{kind}; charset=utf-8"))
                .insert_header(("content-security-policy", POLICY))
                .body(content)
        };
        app.route(path, web::get().to(page));
    }
}
