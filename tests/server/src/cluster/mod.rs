//! A node of a cluster, which does what a test asks of it with `POST /control`.
//!
//! From the environment, besides what is common: `ADAPTER` (`classic`, `classic-specific`,
//! `sharded-static`, `sharded-dynamic`, `sharded-dynamic-private` or `streams`), `REDIS` (its URL, or those
//! of the nodes of a Redis Cluster, with commas between them), `NAME` (what the node calls itself),
//! `NAMESPACES` (their names, with commas between them), `OUTBOX` (its bytes, at most),
//! `OUTBOX_POLICY` (`drop-newest`, `drop-oldest` or `refuse`), `LEASE` (of the shared state, in milliseconds), `REQUESTS_TIMEOUT` (the same),
//! `PREFIX` (of the adapter's names), `STREAMS` (their count), `MAX_LEN` (the entries of each); if they are there,
//! `SHARDED_PUB_SUB` and `PLAINTEXT` (of the streams adapter), and `EMITTER`: then it is no node, but emits to them.

mod adapter;
mod control;
mod emitter;
mod figures;
mod load;
mod member;
mod people;
mod request;
mod servers;
mod tagged;

use std::{env, error::Error, sync::Arc, time::Duration};

use actix_web::{App, HttpServer, web};
use roomcast::{Hub, NamespaceBuilder, PerMessageDeflate, SharedState, signals};

use crate::{admin, options::Options};

/// Bytes of a request: the tests emit binary, which is several times as long in JSON.
const MAX_REQUEST: usize = 4 << 20;

pub(crate) async fn serve(adapter: &str, options: Options) -> Result<(), Box<dyn Error>> {
    let redis = env::var("REDIS")?;
    if env::var_os("EMITTER").is_some() {
        let emitter = adapter::emitter(adapter, &redis).await?;
        return emitter::serve(emitter, options.port).await;
    }
    let name = env::var("NAME")?;
    let mut builder = Hub::builder()
        .per_message_deflate(PerMessageDeflate::default())
        // For how long the handle of a socket waits, which nobody is to wait for in the tests.
        .ack_timeout(Duration::from_secs(1));
    if env::var_os("ADMIN").is_some() {
        builder = builder.server_id(&name.replace(' ', "-"));
    }
    let heard = Arc::new(servers::Heard::new(name));
    for name in env::var("NAMESPACES")?.split(',') {
        let namespace = NamespaceBuilder::named::<member::Member>(name);
        builder = builder.namespace_with(servers::listen(namespace, &heard));
    }
    if let Some(recovery) = options.recovery {
        builder = builder.connection_state_recovery(recovery);
    }
    if let Ok(lease) = env::var("LEASE") {
        let lease = Duration::from_millis(lease.parse()?);
        builder = builder.shared_state(SharedState::new().lease(lease));
    }
    if let Ok(timeout) = env::var("REQUESTS_TIMEOUT") {
        builder = builder.requests_timeout(Duration::from_millis(timeout.parse()?));
    }
    let builder = adapter::add(builder, adapter, &redis)?;
    let hub = admin::add(builder).build()?;
    let node = web::Data::new(control::Node::new(hub.clone(), heard));
    let app = hub.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(node.clone())
            .app_data(web::PayloadConfig::new(MAX_REQUEST))
            .route("/control", web::post().to(control::control))
            .configure(app.mount())
    })
    .workers(2)
    // A test that is slow is not refused.
    .client_request_timeout(Duration::from_secs(60))
    .on_connect(hub.on_connect())
    .shutdown_signal(hub.shutdown_on(signals()))
    .bind(("127.0.0.1", options.port))?;
    for address in server.addrs() {
        println!("ready {}", address.port());
    }
    Ok(server.run().await?)
}
