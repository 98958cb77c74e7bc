//! How long requests take, by route, method and status.

use std::time::Instant;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
};
use metrics::{Unit, describe_histogram, histogram};

use crate::routes::{Declaration, declarations};

/// The histogram of requests, and the upper ends of its buckets, in seconds: around the milliseconds that reads and
/// single events take, up to the 5 seconds within which every request is answered.
pub const REQUEST_DURATION: (&str, &[f64]) = (
    "http_server_request_duration_seconds",
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0],
);

/// The route of every address where there is nothing: who tries addresses must not make labels.
const NO_ROUTE: &str = "none";

/// Describes the histogram, and lets every answer that the document names begin at 0.
pub fn describe_metrics() {
    let (name, _) = REQUEST_DURATION;
    describe_histogram!(name, Unit::Seconds, "From a request's head to the head of its answer, by route");
    for Declaration { address, methods, operation } in declarations() {
        let statuses: Vec<String> = operation.responses.responses.into_keys().collect();
        for method in methods.iter().map(known) {
            for status in &statuses {
                drop(
                    histogram!(name, "route" => address.clone(), "method" => method, "status" => status.clone()),
                );
            }
        }
    }
}

/// Middleware: measures requests.
///
/// # Errors
/// Whatever the inner service fails with.
pub(crate) async fn measure_requests<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let begun = Instant::now();
    let route = request.match_pattern().map_or(NO_ROUTE.into(), metrics::SharedString::from);
    let method = known(request.method());
    let outcome = next.call(request).await;
    let status = match &outcome {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let (name, _) = REQUEST_DURATION;
    histogram!(name, "route" => route, "method" => method, "status" => status.as_str().to_owned())
        .record(begun.elapsed().as_secs_f64());
    outcome
}

/// A client may call a method anything.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::PUT => "PUT",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
