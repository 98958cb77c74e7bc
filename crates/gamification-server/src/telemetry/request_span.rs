//! The span of a request: what log lines and traces tell of it.

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderMap, HeaderName},
};
use opentelemetry::{global, propagation::Extractor, trace::TraceContextExt};
use tracing::{
    Span,
    field::{Empty, display},
};
use tracing_actix_web::{RequestId, RootSpanBuilder};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Method, route, address and status, and the ids to find the request under.
///
/// Less than the middleware would tell by itself: no query, where a careless client may put its token, and neither
/// addresses of people nor what they browse with.
pub(crate) struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let span = tracing::info_span!(
            "HTTP request",
            http.method = %request.method(),
            http.route = Empty,
            http.target = request.path(),
            http.status_code = Empty,
            otel.name = Empty,
            otel.kind = "server",
            otel.status_code = Empty,
            trace_id = Empty,
            request_id = request.extensions().get::<RequestId>().map(display),
        );
        if let Some(route) = request.match_pattern() {
            span.record("http.route", &route);
        }
        join_trace(&span, request);
        span
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("http.status_code", status.as_u16());
        if status.is_server_error() {
            span.record("otel.status_code", "ERROR");
        }
    }
}

/// Goes on with the trace that the request's `traceparent` names, when there is one. Without an exporter, nothing here
/// has an effect.
fn join_trace(span: &Span, request: &ServiceRequest) {
    let caller =
        global::get_text_map_propagator(|propagator| propagator.extract(&Headers(request.headers())));
    if span.set_parent(caller).is_err() {
        return;
    }
    let name = match request.match_pattern() {
        Some(route) => format!("{} {route}", request.method()),
        None => request.method().to_string(),
    };
    // Before the context is asked for: from then on the span has begun, under the name it has.
    span.record("otel.name", name);
    let context = span.context();
    span.record("trace_id", display(context.span().span_context().trace_id()));
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}
