//! Traces: spans leave through OpenTelemetry's protocol, in batches, on a thread of their own.
//!
//! What waits to be exported is bounded, and what does not fit is dropped: a collector that is slow or away costs spans,
//! never the service's time.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use opentelemetry::{
    KeyValue, global,
    propagation::Extractor,
    trace::{TraceContextExt, TracerProvider},
};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter as OtlpExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    propagation::TraceContextPropagator,
    trace::{SdkTracerProvider, SpanData, SpanExporter},
};
use reqwest::Url;
use tracing::{Level, Metadata, Span, Subscriber, field::display};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

use crate::TraceCollector;

/// How long what was not exported yet may take when the program ends.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(1_500);

/// Exports spans until it is flushed.
pub(super) struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins; nothing is sent before there is something to send.
    pub(super) fn start(collector: &TraceCollector) -> Result<Self, ExporterBuildError> {
        let url = collector.url();
        let exporter = OtlpExporter::builder().with_http().with_endpoint(url.as_str()).build()?;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(Reporting {
                exporter,
                collector: without_secrets(url),
                fails: AtomicBool::new(false),
            })
            .with_resource(resource())
            .build();
        global::set_text_map_propagator(TraceContextPropagator::new());
        Ok(Self(provider))
    }

    /// Makes spans of OpenTelemetry of those of `tracing`, whatever the log shows; of events only failures.
    pub(super) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        let tracer = self.0.tracer("gamification");
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            // Where in our sources a span begins is nothing to store with each of them.
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(is_traced))
    }

    /// Exports what waits, as far as that goes quickly.
    pub(super) fn flush(self) {
        if let Err(error) = self.0.shutdown_with_timeout(FLUSH_TIMEOUT) {
            tracing::warn!(%error, "the last spans were not exported");
        }
    }
}

/// Ours, and not the many of the libraries; one for each line of the log would be too much.
fn is_traced(metadata: &Metadata<'_>) -> bool {
    let most = if metadata.is_span() { Level::INFO } else { Level::WARN };
    metadata.target().starts_with("gamification") && *metadata.level() <= most
}

fn resource() -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder().with_attribute(version);
    // Several services of ours may have names of their own.
    match std::env::var("OTEL_SERVICE_NAME") {
        Ok(name) if !name.is_empty() => resource.with_service_name(name),
        _ => resource.with_service_name("gamification"),
    }
    .build()
}

/// Makes a span a part of the trace that its caller's `traceparent` names, when there is one, and gives it the name that
/// traces know it by; records the trace's id in the span's field `trace_id`, for its log lines. `header` gives the
/// caller's headers by name.
pub fn join_trace<'a>(span: &Span, name: &str, header: &'a dyn Fn(&str) -> Option<&'a str>) {
    let caller = global::get_text_map_propagator(|propagator| propagator.extract(&Headers(header)));
    if span.set_parent(caller).is_err() {
        return;
    }
    // Before the context is asked for: from then on the span has begun, under the name it has.
    span.record("otel.name", name);
    span.record("trace_id", display(span.context().span().span_context().trace_id()));
}

struct Headers<'a>(&'a dyn Fn(&str) -> Option<&'a str>);

impl Extractor for Headers<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        (self.0)(name)
    }

    fn keys(&self) -> Vec<&str> {
        // Those of the propagator above.
        vec!["traceparent", "tracestate"]
    }
}

/// The collector as the log may name it.
fn without_secrets(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Tells the log when exporting begins to fail, and when it goes again: by itself it fails silently.
#[derive(Debug)]
struct Reporting {
    exporter: OtlpExporter,
    collector: String,
    fails: AtomicBool,
}

impl SpanExporter for Reporting {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let outcome = self.exporter.export(batch).await;
        let failed = self.fails.swap(outcome.is_err(), Ordering::Relaxed);
        match &outcome {
            Err(error) if !failed => {
                tracing::warn!(collector = self.collector, %error, "spans are lost: the collector does not take them");
            }
            Ok(()) if failed => tracing::info!(collector = self.collector, "the collector takes spans again"),
            Ok(()) | Err(_) => {}
        }
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
