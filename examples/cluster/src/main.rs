//! A chat over several nodes: one of them.

mod admin;
mod chat;
#[path = "../../chat/src/logging.rs"]
mod logging;
mod options;
mod page;

use std::{error::Error, process::ExitCode};

use actix_web::{App, HttpServer, rt, web};
use example_page::operations;
use options::Options;
use roomcast::{Cookie, Hub, Rate, Recovery, TrustProxy, adapter::Redis, signals};
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

#[actix_web::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    tracing_subscriber::registry()
        .with(logging::lines()?)
        .init();
    let options = Options::parse(std::env::args().skip(1))?;
    #[cfg(unix)]
    example_page::allow_all_descriptors();
    // What an exporter is told it keeps until someone reads it: none without a place to read it.
    let operations = match options.operations {
        Some(port) => Some((port, operations::exporter()?)),
        None => None,
    };
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
    if let Some((port, exporter)) = operations {
        // It is still there while the server drains, and says so.
        rt::spawn(operations::serve(hub, exporter, &host, port)?);
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
        .event_rate(Rate::per_second(20).burst(100));
    let redis = options.redis.clone();
    hub = match options.recovery {
        // All nodes read one stream: what a client missed it finds on any of them.
        true => hub
            .adapter(Redis::streams(redis).max_len(options.max_len))
            .connection_state_recovery(Recovery::default()),
        false => hub.adapter(Redis::pub_sub(redis)),
    };
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
