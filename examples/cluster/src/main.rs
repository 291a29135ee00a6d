//! A chat over several nodes: one of them.

mod chat;
mod page;

use std::error::Error;

use actix_web::{App, HttpServer, web};
use roomcast::{Cookie, Hub, adapter::Redis, signals};

const HELP: &str =
    "Usage: cluster [--redis URL] [--name NAME] [--host ADDRESS] [--port PORT] [--with-node-js]";

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let (mut redis, mut name) = ("redis://127.0.0.1/".to_owned(), "node".to_owned());
    let (mut host, mut port) = ("127.0.0.1".to_owned(), 0);
    let mut with_node_js = false;
    let mut args = std::env::args().skip(1);
    while let Some(option) = args.next() {
        if option == "--with-node-js" {
            with_node_js = true;
            continue;
        }
        let value = args.next().ok_or(HELP)?;
        match &*option {
            "--redis" => redis = value,
            "--name" => name = value,
            "--host" => host = value,
            "--port" => port = value.parse().map_err(|_| "a port is 0 to 65535")?,
            _ => return Err(HELP.into()),
        }
    }
    let hub = Hub::builder()
        .namespace::<chat::Guest>("/")
        .state(chat::Node {
            name: name.clone(),
            with_node_js,
        })
        .server_id(&name)
        .affinity_cookie(Cookie::named("node"))
        .adapter(Redis::pub_sub(redis))
        .build()?;
    let app = hub.clone();
    let page = || web::get().to(page::page);
    let server = HttpServer::new(move || {
        App::new()
            .configure(app.mount())
            .configure(app.operations())
            .app_data(web::Data::new(app.clone()))
            .route("/metrics", web::get().to(metrics))
            .default_service(page())
    })
    .on_connect(hub.on_connect())
    .shutdown_signal(hub.shutdown_on(signals()))
    .bind((host, port))?;
    println!("{name} listening on http://{}", server.addrs()[0]);
    Ok(server.run().await?)
}

/// What `examples/deploy` scales by, in the text format of Prometheus. An exporter for the `metrics` facade has all
/// figures.
async fn metrics(hub: web::Data<Hub>) -> String {
    let connections = hub.stats().connections;
    format!("# TYPE roomcast_connections gauge\nroomcast_connections {connections}\n")
}
