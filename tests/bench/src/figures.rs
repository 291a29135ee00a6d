//! The exporter that an application would have: Prometheus reads its figures on a port of their own.

use std::{error::Error, net::Ipv4Addr, time::Duration};

use actix_web::{App, HttpServer, rt, web};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};

/// Upper bounds of latencies, in seconds.
const BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0];

/// How often what was measured is put into its bucket.
const UPKEEP: Duration = Duration::from_secs(5);

/// Before the hub is built, which looks for it.
pub(crate) fn export(port: u16) -> Result<(), Box<dyn Error>> {
    let exporter = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), BUCKETS)?
        .install_recorder()?;
    let figures = exporter.clone();
    let metrics = move || std::future::ready(figures.render());
    let server =
        HttpServer::new(move || App::new().route("/metrics", web::get().to(metrics.clone())))
            .workers(1)
            .disable_signals()
            .bind((Ipv4Addr::LOCALHOST, port))?;
    rt::spawn(server.run());
    rt::spawn(async move {
        loop {
            rt::time::sleep(UPKEEP).await;
            exporter.run_upkeep();
        }
    });
    Ok(())
}
