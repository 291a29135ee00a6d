//! For whoever runs an example: health, readiness, and figures for Prometheus, on a port that clients do not reach.

use std::{future::ready, io, time::Duration};

use actix_web::{
    App, HttpServer,
    dev::Server,
    rt,
    web::{self, ServiceConfig},
};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use roomcast::Hub;

/// Upper bounds of latencies, in seconds.
const BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// How often what was measured is put into its bucket, if nobody asks.
const UPKEEP: Duration = Duration::from_secs(5);

/// To be called before the hub is built, which looks for it; and only for [`serve`]: what nobody reads grows for ever.
///
/// # Errors
/// If the process has one already.
pub fn exporter() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), BUCKETS)?
        .install_recorder()
}

/// `/health`, `/ready` and `/metrics`, with a thread of their own, so that they are answered while all workers are blocked.
/// A port of 0 is any that is free.
///
/// # Errors
/// If the port is taken.
pub fn serve(hub: Hub, exporter: PrometheusHandle, host: &str, port: u16) -> io::Result<Server> {
    let figures = exporter.clone();
    let server = HttpServer::new(move || App::new().configure(routes(&hub, &figures)))
        .workers(1)
        .disable_signals()
        .bind((host, port))?;
    println!("operations on http://{}", server.addrs()[0]);
    rt::spawn(async move {
        loop {
            rt::time::sleep(UPKEEP).await;
            exporter.run_upkeep();
        }
    });
    Ok(server.run())
}

fn routes(hub: &Hub, exporter: &PrometheusHandle) -> impl FnOnce(&mut ServiceConfig) + use<> {
    let (operations, exporter) = (hub.operations(), exporter.clone());
    move |config| {
        let metrics = move || ready(exporter.render());
        config
            .configure(operations)
            .route("/metrics", web::get().to(metrics));
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use actix_web::test::{TestRequest, call_and_read_body, init_service};
    use roomcast::prelude::*;

    use super::*;

    #[derive(EventHandlers)]
    #[handles()]
    struct Guest;

    impl Session for Guest {
        type Auth = ();

        async fn connect((): (), _: &Socket) -> Result<Self, Refusal> {
            Ok(Self)
        }
    }

    #[actix_web::test]
    async fn prometheus_reads_the_figures() -> Result<(), Box<dyn Error>> {
        let exporter = exporter()?;
        let hub = Hub::builder().namespace::<Guest>("/").build()?;
        let app = App::new().configure(routes(&hub, &exporter));
        let app = init_service(app).await;
        let get = |path| call_and_read_body(&app, TestRequest::get().uri(path).to_request());
        let figures = String::from_utf8(get("/metrics").await.to_vec())?;
        for line in [
            "# TYPE websocket_connections gauge",
            "websocket_connections 0",
            "# HELP roomcast_deliveries_total Frames handed to outboxes: one per event and receiver.",
            "# TYPE roomcast_deliveries_total counter",
            "roomcast_namespace_sockets{namespace=\"/\"} 0",
        ] {
            assert!(
                figures.lines().any(|told| told == line),
                "{line}:\n{figures}"
            );
        }
        let ready = get("/ready").await;
        assert_eq!(ready, r#"{"status":"ready","reasons":[]}"#);
        Ok(())
    }
}
