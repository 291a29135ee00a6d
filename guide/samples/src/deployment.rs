//! Samples of the chapter "Deployment".

use actix_web::{App, HttpResponse, HttpServer, middleware, web};
use roomcast::{WebSocketMode, prelude::*, signals};

// ANCHOR: scope
fn routes(hub: &Hub) -> impl FnOnce(&mut web::ServiceConfig) + Clone + use<> {
    let hub = hub.clone();
    move |config| {
        config
            .route("/health", web::get().to(HttpResponse::Ok))
            // Clients connect with `path: "/live/socket.io"`.
            .service(web::scope("/live").configure(hub.mount()));
    }
}
// ANCHOR_END: scope

// ANCHOR: serve
async fn serve(hub: Hub) -> std::io::Result<()> {
    let mount = hub.clone();
    HttpServer::new(move || {
        App::new()
            .wrap(middleware::Logger::default())
            .wrap(middleware::Compress::default())
            .configure(routes(&mount))
    })
    .on_connect(hub.on_connect())
    .shutdown_signal(hub.shutdown_on(signals()))
    .bind(("127.0.0.1", 3000))?
    .run()
    .await
}
// ANCHOR_END: serve

// ANCHOR: stats
async fn metrics(hub: web::Data<Hub>) -> String {
    let stats = hub.stats();
    format!("connections {}\nrooms {}\n", stats.connections, stats.rooms)
}
// ANCHOR_END: stats

// ANCHOR: body
fn behind_the_body<S: Session>() -> Result<Hub, roomcast::BuildError> {
    Hub::builder()
        .namespace::<S>("/")
        .websocket_mode(WebSocketMode::BodyStream)
        .build()
}
// ANCHOR_END: body
