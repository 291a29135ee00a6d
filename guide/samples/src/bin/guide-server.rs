//! Serves the sessions of the guide's chapters on a free port, for the JavaScript samples.

use actix_web::{App, HttpServer};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let hub = guide_samples::hub()?;
    let mount = hub.clone();
    let server = HttpServer::new(move || App::new().configure(mount.mount()))
        .on_connect(hub.on_connect())
        .workers(1)
        .bind(("127.0.0.1", 0))?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    server.run().await?;
    Ok(())
}
