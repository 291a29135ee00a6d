//! A server to load, when there is no other: its workers are threads of this process.

use std::io;

use actix_web::{App, HttpServer, rt};
use roomcast::prelude::*;

#[derive(Deserialize, Event)]
#[event(ack = String)]
struct Echo(String);

#[derive(EventHandlers)]
#[handles(Echo)]
struct Echoing;

impl Session for Echoing {
    type Auth = ();

    async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self)
    }
}

impl Handle<Echo> for Echoing {
    async fn handle(&mut self, Echo(text): Echo, _: &Socket) -> Result<String, Rejection> {
        Ok(text)
    }
}

/// Its address.
pub(crate) fn start() -> io::Result<String> {
    let hub = Hub::builder().namespace::<Echoing>("/").build();
    let hub = hub.map_err(io::Error::other)?;
    let app = hub.clone();
    let server = HttpServer::new(move || App::new().configure(app.mount()))
        .on_connect(hub.on_connect())
        .max_connections(hub.max_http_connections())
        .disable_signals()
        .bind(("127.0.0.1", 0))?;
    let url = format!("http://{}", server.addrs()[0]);
    rt::spawn(server.run());
    Ok(url)
}
