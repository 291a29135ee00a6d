//! Serves the sessions of the guide's chapters, and the page of the last one, on a free port, for the JavaScript samples.

use actix_web::{App, HttpServer, web};

async fn page() -> web::Html {
    web::Html::new(include_str!("../../js/page.html"))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let hub = guide_samples::hub()?;
    let mount = hub.clone();
    let app = move || {
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
