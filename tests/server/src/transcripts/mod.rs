//! The application whose traffic with the reference implementation is in
//! `tests/fixtures/transcripts.json`: the same namespaces, handlers, options and emits.
//!
//! `SCENARIO` names the scenario. A line on standard input is the label of something to do; lines of
//! JSON on the output say what the application saw, and that a step is done.

mod options;
mod sessions;
mod steps;

use std::{error::Error, sync::Arc};

use actix_web::{App, HttpServer};
use tokio::sync::Notify;

use sessions::Sockets;

pub(crate) async fn serve(scenario: &str, port: u16) -> Result<(), Box<dyn Error>> {
    let hub = options::builder(scenario)
        .state(Sockets::default())
        .build()?;
    let close = Arc::new(Notify::new());
    steps::follow(hub.clone(), Arc::clone(&close));
    let app = hub.clone();
    let server = HttpServer::new(move || App::new().configure(app.mount()))
        // What arrives on several connections is handled in its order.
        .workers(1)
        .on_connect(hub.on_connect())
        .shutdown_signal(hub.shutdown_on(async move { close.notified().await }))
        .bind(("127.0.0.1", port))?;
    for address in server.addrs() {
        println!("ready {}", address.port());
    }
    Ok(server.run().await?)
}

/// Tells the test what the application saw.
fn say(name: &str, args: &serde_json::Value) {
    println!("{}", serde_json::json!({ "name": name, "args": args }));
}
