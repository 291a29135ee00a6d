//! Traces for whoever runs no collector: each span as a line on standard output, once it has ended.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use opentelemetry_sdk::{
    error::{OTelSdkError, OTelSdkResult},
    trace::{SpanData, SpanExporter},
};

/// Prints spans.
#[derive(Debug)]
pub(crate) struct Printed;

impl SpanExporter for Printed {
    async fn export(&self, spans: Vec<SpanData>) -> OTelSdkResult {
        let lines: String = spans.iter().map(line).collect();
        let mut out = io::stdout().lock();
        let printed = out.write_all(lines.as_bytes()).and_then(|()| out.flush());
        printed.map_err(|error| OTelSdkError::InternalFailure(error.to_string()))
    }
}

/// Name, trace, the span itself, its parent, how long it took, and what was traced in it.
fn line(span: &SpanData) -> String {
    let (trace, id) = (span.span_context.trace_id(), span.span_context.span_id());
    let took = span.end_time.duration_since(span.start_time);
    let took = took.unwrap_or_default().as_secs_f64() * 1_000.0;
    let (name, parent) = (&span.name, span.parent_span_id);
    let mut line =
        format!("span {name:<10} trace={trace} id={id} parent={parent} took={took:.3} ms");
    for event in &span.events.events {
        // Writing to a string does not fail.
        let _ = write!(line, ", {:?}", event.name);
    }
    line.push('\n');
    line
}
