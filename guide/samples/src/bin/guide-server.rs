//! Serves the sessions of the guide's chapters, and the page of the last one, on a free port, for the JavaScript samples.
//! With the argument `msgpack` a hub with that parser; with `readme` the chat of the README, and its page.

use actix_web::{App, HttpServer, web};

const CHAPTERS: &str = include_str!("../../js/page.html");

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (hub, page) = match std::env::args().nth(1).as_deref() {
        Some("readme") => guide_samples::readme()?,
        Some("msgpack") => (guide_samples::msgpack()?, CHAPTERS),
        _ => (guide_samples::hub()?, CHAPTERS),
    };
    let mount = hub.clone();
    let app = move || {
        let page = move || async move { web::Html::new(page) };
        App::new()
            .route("/", web::get().to(page))
            .configure(mount.mount())
    };
    let server = HttpServer::new(app)
        .on_connect(hub.on_connect())
        .workers(1)
        .bind(("127.0.0.1", 0))?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    server.run().await?;
    Ok(())
}
