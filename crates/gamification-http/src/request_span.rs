//! The span of a request: the fields that log lines and traces have of it.

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
};
use tracing::{Span, field::Empty};
use tracing_actix_web::RootSpanBuilder;

use crate::request_id::RequestId;

/// Makes a request's span a part of its caller's trace: takes the span, which has the fields `otel.name` and `trace_id` for
/// that, the request's name, and what gives a header by its name.
pub type JoinTrace = for<'a> fn(&Span, &str, &'a dyn Fn(&str) -> Option<&'a str>);

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
            request_id = request.extensions().get::<RequestId>().map(tracing::field::display),
        );
        if let Some(route) = request.match_pattern() {
            span.record("http.route", &route);
        }
        if let Some(join_trace) = request.app_data::<JoinTrace>() {
            let name = match request.match_pattern() {
                Some(route) => format!("{} {route}", request.method()),
                None => request.method().to_string(),
            };
            join_trace(&span, &name, &|header| request.headers().get(header)?.to_str().ok());
        }
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
