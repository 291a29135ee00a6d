//! Samples of the chapter "Observability".

use actix_web::{App, HttpResponse, HttpServer, web};
use roomcast::{BuildError, ClusterReadiness, ReadinessPolicy, prelude::*};

// ANCHOR: operations
async fn serve(hub: Hub, clients: &str, operators: &str) -> std::io::Result<()> {
    let (public, private) = (hub.clone(), hub.clone());
    let clients = HttpServer::new(move || App::new().configure(public.mount()))
        .on_connect(hub.on_connect())
        .shutdown_signal(hub.shutdown_on(roomcast::signals()))
        .bind(clients)?
        .run();
    let operators = HttpServer::new(move || App::new().configure(private.operations()))
        .workers(1)
        .disable_signals()
        .bind(operators)?
        .run();
    let stop = operators.handle();
    // Until the last client has gone it answers that the node is not ready.
    let clients = async move {
        let result = clients.await;
        stop.stop(true).await;
        result
    };
    tokio::try_join!(clients, operators)?;
    Ok(())
}
// ANCHOR_END: operations

// ANCHOR: own
async fn ready(hub: web::Data<Hub>) -> HttpResponse {
    let reasons: Vec<_> = hub
        .ready()
        .reasons()
        .iter()
        .map(ToString::to_string)
        .collect();
    match &reasons[..] {
        [] => HttpResponse::Ok().finish(),
        _ => HttpResponse::ServiceUnavailable().body(reasons.join("\n")),
    }
}
// ANCHOR_END: own

fn strict<S: Session>() -> Result<Hub, BuildError> {
    // ANCHOR: policy
    let policy = ReadinessPolicy::new()
        .full_at_percent(90)
        .cluster(ClusterReadiness::Required);
    let hub = Hub::builder()
        .namespace::<S>("/")
        .max_connections(20_000)
        .readiness(policy)
        .build()?;
    // ANCHOR_END: policy
    Ok(hub)
}

fn traced<S: Session>() -> Result<Hub, BuildError> {
    // ANCHOR: span
    let hub = Hub::builder()
        .namespace::<S>("/")
        .on_connection_span(|span, handshake| {
            span.record("user", handshake.header("x-user"));
        })
        .build()?;
    // ANCHOR_END: span
    Ok(hub)
}

fn watched<S: Session>() -> Result<Hub, BuildError> {
    // ANCHOR: blocked
    let hub = Hub::builder()
        .namespace::<S>("/")
        .on_worker_blocked(|blocked| match &blocked.place {
            Some((namespace, event)) => {
                println!("{event} of {namespace} blocks {}", blocked.worker)
            }
            None => println!("worker {} is blocked", blocked.worker),
        })
        .build()?;
    // ANCHOR_END: blocked
    Ok(hub)
}

#[cfg(test)]
mod tests {
    use std::{error::Error, sync::Arc};

    use actix_web::{http::StatusCode, web};

    use crate::listener::Listener;

    #[actix_web::test]
    async fn the_endpoint_of_ones_own_says_why_it_is_not_ready() -> Result<(), Box<dyn Error>> {
        let hub = super::strict::<Listener>()?;
        let data = web::Data::from(Arc::new(hub.clone()));
        assert_eq!(super::ready(data.clone()).await.status(), StatusCode::OK);
        hub.drain().await;
        let status = super::ready(data).await.status();
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        Ok(())
    }
}
