//! A chat over several nodes: one of them.

mod admin;
mod chat;
#[path = "../../chat/src/logging.rs"]
mod logging;
mod operations;
mod options;
mod page;

use std::{error::Error, process::ExitCode};

use actix_web::{App, HttpServer, rt, web};
use options::Options;
use roomcast::{Cookie, Hub, Rate, TrustProxy, adapter::Redis, signals};
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

#[actix_web::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    tracing_subscriber::registry()
        .with(logging::lines()?)
        .init();
    let options = Options::parse(std::env::args().skip(1))?;
    #[cfg(unix)]
    example_page::allow_all_descriptors();
    let hub = hub(&options)?;
    let admin_page = admin::Page::read(&options)?;
    let Options {
        name, host, port, ..
    } = options;
    let (app, ending, page) = (hub.clone(), hub.clone(), || web::get().to(page::page));
    let server = HttpServer::new(move || {
        App::new()
            .configure(app.mount())
            .configure(|config| admin_page.mount(config))
            .default_service(page())
    })
    .on_connect(hub.on_connect())
    .max_connections(hub.max_http_connections())
    .shutdown_signal(hub.shutdown_on(signals()))
    // For requests that are under way when the hub has drained.
    .shutdown_timeout(5)
    .bind((&*host, port))?;
    println!("{name} listening on http://{}", server.addrs()[0]);
    if let Some(port) = options.operations {
        // It is still there while the server drains, and says so.
        rt::spawn(operations::serve(hub, &host, port)?);
    }
    server.run().await?;
    Ok(match ending.drain().await.clean {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn hub(options: &Options) -> Result<Hub, Box<dyn Error>> {
    let mut hub = Hub::builder()
        .namespace::<chat::Guest>("/")
        .state(chat::Node {
            name: options.name.clone(),
            with_node_js: options.with_node_js,
        })
        .server_id(&options.name)
        .affinity_cookie(Cookie::named("node"))
        .max_connections(options.max_connections)
        .event_rate(Rate::per_second(20).burst(100))
        .adapter(Redis::pub_sub(options.redis.clone()));
    if options.proxies > 0 {
        hub = hub.trust_proxy(TrustProxy::hops(options.proxies));
    }
    if let Some(file) = &options.admin {
        hub = hub.admin(admin::admin(file, &options.redis)?);
    }
    if let Some(handshakes) = options.handshakes {
        hub = hub.handshake_rate(Rate::per_second(handshakes));
    }
    Ok(hub.build()?)
}
