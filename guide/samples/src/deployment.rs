//! Samples of the chapter "Deployment".

use std::{future::Future, net::TcpListener, process::ExitCode};

use actix_web::{App, HttpResponse, HttpServer, middleware, web};
use roomcast::{BuildError, Cookie, NextSignal, WebSocketMode, prelude::*};

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
async fn serve(
    hub: Hub,
    listener: TcpListener,
    stop: impl Future<Output: Into<NextSignal>> + Send + 'static,
) -> std::io::Result<()> {
    let mount = hub.clone();
    HttpServer::new(move || {
        App::new()
            .wrap(middleware::Logger::default())
            .wrap(middleware::Compress::default())
            .configure(routes(&mount))
    })
    .on_connect(hub.on_connect())
    .max_connections(hub.max_http_connections())
    .shutdown_signal(hub.shutdown_on(stop))
    .shutdown_timeout(5)
    .listen(listener)?
    .run()
    .await
}

async fn run(hub: Hub) -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:3000")?;
    // SIGTERM or Ctrl-C.
    serve(hub, listener, roomcast::signals()).await
}
// ANCHOR_END: serve

// ANCHOR: drain
async fn run_and_tell(hub: Hub) -> std::io::Result<ExitCode> {
    run(hub.clone()).await?;
    // It has drained, if it was a signal that ended it.
    Ok(match hub.drain().await.clean {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
// ANCHOR_END: drain

// ANCHOR: affinity
fn node<S: Session>(name: &str) -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace::<S>("/")
        .server_id(name)
        .affinity_cookie(Cookie::named("node"))
        .build()
}
// ANCHOR_END: affinity

// ANCHOR: stats
async fn metrics(hub: web::Data<Hub>) -> String {
    let stats = hub.stats();
    format!("connections {}\nrooms {}\n", stats.connections, stats.rooms)
}
// ANCHOR_END: stats

// ANCHOR: body
fn behind_the_body<S: Session>() -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace::<S>("/")
        .websocket_mode(WebSocketMode::BodyStream)
        .build()
}
// ANCHOR_END: body

#[cfg(test)]
mod tests {
    use std::{error::Error, net::TcpListener, sync::Arc};

    use actix_web::web;
    use roomcast::testing::{TestClient, TestServer};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use crate::listener::Listener;

    #[actix_web::test]
    async fn it_serves_until_it_is_told_to_stop() -> Result<(), Box<dyn Error>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let hub = super::behind_the_body::<Listener>()?;
        let serving = actix_web::rt::spawn(super::serve(hub, listener, async {
            let _ = stopped.await;
        }));
        let mut stream = tokio::net::TcpStream::connect(address).await?;
        stream
            .write_all(b"GET /live/socket.io/client.js HTTP/1.0\r\n\r\n")
            .await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        assert!(answer.starts_with("HTTP/1.0 200 OK"), "{answer}");
        assert!(answer.contains("export function io("), "{answer}");
        drop(stop);
        serving.await??;
        Ok(())
    }

    #[actix_web::test]
    async fn a_node_has_the_name_that_it_is_given() -> Result<(), Box<dyn Error>> {
        assert_eq!(super::node::<Listener>("node-1")?.server_id(), "node-1");
        Ok(())
    }

    #[actix_web::test]
    async fn it_is_served_below_a_scope() -> Result<(), Box<dyn Error>> {
        let hub = super::behind_the_body::<Listener>()?;
        let routes = super::routes(&hub);
        let server = TestServer::builder(hub)
            .configure(move |config| routes.clone()(config))
            .start();
        let client = TestClient::builder(&server)
            .path("/live/socket.io")
            .connect()
            .await?;
        let stats = super::metrics(web::Data::from(Arc::new(server.hub().clone()))).await;
        assert_eq!(stats, "connections 1\nrooms 0\n");
        client.disconnect().await;
        server.stop().await;
        Ok(())
    }
}
