//! A chat with rooms, presence and history, all in memory.

mod chat;
mod logging;

use std::{error::Error, process::ExitCode, sync::Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt, web};
use example_page::operations;
use roomcast::{BuildError, Hub, Rate, signals};
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

const HELP: &str = "Usage: chat [--port PORT] [--operations PORT]
    --port PORT        where clients connect: 3000 unless given
    --operations PORT  where /health, /ready and /metrics are: nowhere unless given
A port of 0 is any that is free.";

#[actix_web::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    tracing_subscriber::registry()
        .with(logging::lines()?)
        .init();
    let mut args = std::env::args().skip(1);
    let (mut port, mut operations) = (3000, None);
    while let Some(option) = args.next() {
        if option == "--help" {
            println!("{HELP}");
            return Ok(ExitCode::SUCCESS);
        }
        let value = args.next().ok_or(HELP)?;
        let value = value.parse().map_err(|_| "a port is 0 to 65535")?;
        match &*option {
            "--port" => port = value,
            "--operations" => operations = Some(value),
            _ => return Err(HELP.into()),
        }
    }
    #[cfg(unix)]
    example_page::allow_all_descriptors();
    // What an exporter is told it keeps until someone reads it: none without a place to read it.
    let operations = match operations {
        Some(port) => Some((port, operations::exporter()?)),
        None => None,
    };
    let hub = hub()?;
    let (app, ending, page) = (hub.clone(), hub.clone(), || web::get().to(page));
    let server = HttpServer::new(move || App::new().configure(app.mount()).default_service(page()))
        .on_connect(hub.on_connect())
        .max_connections(hub.max_http_connections())
        .shutdown_signal(hub.shutdown_on(signals()))
        // For requests that are under way when the hub has drained.
        .shutdown_timeout(5)
        .bind(("127.0.0.1", port))
        .map_err(|error| format!("port {port} (choose another with --port): {error}"))?;
    println!("chat listening on http://{}", server.addrs()[0]);
    if let Some((port, exporter)) = operations {
        // It is still there while the server drains, and says so.
        rt::spawn(operations::serve(hub, exporter, "127.0.0.1", port)?);
    }
    server.run().await?;
    Ok(match ending.drain().await.clean {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn hub() -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace::<chat::Guest>("/")
        .state(Mutex::new(chat::Chat::default()))
        .max_http_buffer_size(16 * 1024)
        .max_connections(10_000)
        // A page that comes back joins all its rooms at once.
        .event_rate(Rate::per_second(20).burst(300))
        .build()
}

/// The files are part of the binary, so that it runs from any directory.
async fn page(request: HttpRequest) -> HttpResponse {
    let (kind, content) = match request.path() {
        "/" => ("html", include_str!("../static/index.html")),
        "/chat.js" => ("javascript", include_str!("../static/chat.js")),
        "/style.css" => ("css", include_str!("../static/style.css")),
        _ => return HttpResponse::NotFound().finish(),
    };
    let kind = format!("text/{kind}; charset=utf-8");
    HttpResponse::Ok().content_type(kind).body(content)
}
