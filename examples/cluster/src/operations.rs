//! For whoever runs the nodes: health, readiness, and what `examples/deploy` scales by.

use std::io;

use actix_web::{App, HttpServer, dev::Server, web};
use roomcast::Hub;

/// On a port that clients do not reach, with a thread of its own: it answers while all workers are blocked, too.
pub(crate) fn serve(hub: Hub, host: &str, port: u16) -> io::Result<Server> {
    let server = HttpServer::new(move || {
        App::new()
            .configure(hub.operations())
            .app_data(web::Data::new(hub.clone()))
            .route("/metrics", web::get().to(metrics))
    });
    let server = server.workers(1).disable_signals().bind((host, port))?;
    println!("operations on http://{}", server.addrs()[0]);
    Ok(server.run())
}

/// In the text format of Prometheus. With an exporter, as in the example `chat`, there are all figures.
async fn metrics(hub: web::Data<Hub>) -> String {
    let sessions = hub.stats().websocket_connections;
    format!("# TYPE websocket_connections gauge\nwebsocket_connections {sessions}\n")
}
