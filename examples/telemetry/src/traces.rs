//! From the spans of `tracing` to OpenTelemetry.

use std::{borrow::Cow, collections::HashMap, error::Error};

use opentelemetry::{
    propagation::{Extractor, TextMapPropagator},
    trace::TracerProvider,
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{SdkTracerProvider, TracerProviderBuilder},
};
use roomcast::Handshake;
use tracing::{Span, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{logging, printed::Printed};

/// Sends what is traced to a collector, in batches from a thread of its own.
///
/// # Errors
/// If the address is none, or `RUST_LOG` cannot be read.
///
/// # Panics
/// If the process has a subscriber already.
pub(crate) fn export_to(collector: &str) -> Result<SdkTracerProvider, Box<dyn Error>> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{collector}/v1/traces"))
        .build()?;
    collect(SdkTracerProvider::builder().with_batch_exporter(exporter))
}

/// Prints what is traced on standard output, each span when it has ended.
///
/// # Errors
/// If `RUST_LOG` cannot be read.
///
/// # Panics
/// If the process has a subscriber already.
pub(crate) fn print() -> Result<SdkTracerProvider, Box<dyn Error>> {
    collect(SdkTracerProvider::builder().with_simple_exporter(Printed))
}

fn collect(traces: TracerProviderBuilder) -> Result<SdkTracerProvider, Box<dyn Error>> {
    let traces = traces
        .with_resource(Resource::builder().with_service_name("telemetry").build())
        .build();
    // The spans of connections and events are at this level; what the exporter itself logs is none of them.
    let wanted = Targets::new()
        .with_target("roomcast", LevelFilter::DEBUG)
        .with_target("telemetry", LevelFilter::INFO);
    let layer = tracing_opentelemetry::layer().with_tracer(traces.tracer("roomcast"));
    tracing_subscriber::registry()
        .with(layer.with_filter(wanted))
        .with(logging::lines()?)
        .init();
    Ok(traces)
}

// ANCHOR: adopt
/// The query by its names, and where it has none the headers: browsers cannot set any on a WebSocket.
struct Told<'a> {
    query: HashMap<Cow<'a, str>, Cow<'a, str>>,
    handshake: &'a Handshake,
}

impl Extractor for Told<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let queried = self.query.get(name).map(|value| &**value);
        queried.or_else(|| self.handshake.header(name))
    }

    fn keys(&self) -> Vec<&str> {
        let names = self.query.keys().map(|name| &**name);
        names
            .chain(self.handshake.headers().map(|(name, _)| name))
            .collect()
    }
}

/// Makes the trace that the client is in, if it says one, the connection's.
pub(crate) fn adopt(span: &Span, handshake: &Handshake) {
    let query = handshake.query_pairs().collect();
    let client = TraceContextPropagator::new().extract(&Told { query, handshake });
    if let Err(error) = span.set_parent(client) {
        tracing::warn!(%error, "a connection is not part of its client's trace");
    }
}
// ANCHOR_END: adopt

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        error::Error,
        time::{Duration, Instant},
    };

    use actix_web::{App, HttpResponse, HttpServer, rt, web};
    use roomcast::testing::{TestClient, TestServer};
    use tokio::sync::mpsc;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00f067aa0ba902b7";
    const PATIENCE: Duration = Duration::from_secs(20);

    fn bytes(hex: &str) -> Vec<u8> {
        let digit = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap_or_default();
        (0..hex.len()).step_by(2).map(digit).collect()
    }

    fn contains(body: &[u8], part: &[u8]) -> bool {
        body.windows(part.len()).any(|window| window == part)
    }

    #[actix_web::test]
    async fn the_spans_of_a_connection_are_in_the_trace_of_its_client() -> Result<(), Box<dyn Error>>
    {
        let (sender, mut received) = mpsc::channel(100);
        let collector = HttpServer::new(move || {
            let sender = sender.clone();
            let take = move |body: web::Bytes| {
                let _ = sender.try_send(body);
                std::future::ready(HttpResponse::Ok().finish())
            };
            App::new().route("/v1/traces", web::post().to(take))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))?;
        let address = format!("http://{}", collector.addrs()[0]);
        rt::spawn(collector.run());
        let traces = super::export_to(&address)?;

        let server = TestServer::start(crate::hub()?);
        let client = TestClient::builder(&server)
            .header("traceparent", &format!("00-{TRACE}-{PARENT}-01"))
            .connect()
            .await?;
        let ann = BTreeMap::from([("name", "ann")]);
        let greeted = client.emit_raw_with_ack("greet", &[ann]).await;
        assert!(greeted.json().contains("Hello, ann!"));
        client.disconnect().await;
        drop(server);

        // A span is sent once it has ended, the connection's some time after its client has gone.
        let parts = [
            &bytes(TRACE)[..],
            &bytes(PARENT),
            b"connection",
            b"event",
            b"greeted",
        ];
        let mut all = Vec::new();
        let until = Instant::now() + PATIENCE;
        while let Some(missing) = parts.iter().find(|part| !contains(&all, part)) {
            assert!(
                Instant::now() < until,
                "{missing:?} is not in what was sent"
            );
            let traces = traces.clone();
            web::block(move || traces.force_flush()).await??;
            while let Ok(body) = received.try_recv() {
                all.extend_from_slice(&body);
            }
        }
        web::block(move || traces.shutdown()).await??;
        Ok(())
    }
}
