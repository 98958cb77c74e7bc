//! Whatever goes wrong leaves as a problem document, also what the framework answers by itself.

use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{CONTENT_LENGTH, HeaderMap},
    },
    middleware::Next,
};

use super::Problem;
use crate::request_id::RequestId;

/// Middleware: gives each problem its request id, and makes problems of what the framework answers by itself.
///
/// # Errors
/// Whatever the inner service fails with, as a problem.
pub(crate) async fn render_problems<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let request_id = request.extensions().get::<RequestId>().cloned();
    let response = match next.call(request).await {
        Ok(response) => response,
        Err(error) => {
            let headers = error.error_response().headers().clone();
            let problem = problem_of(&error, error.as_response_error().status_code());
            let mut error = Error::from(problem.of_request(request_id));
            error.add_response_mapper(move |rendered| with_headers(rendered, &headers));
            return Err(error);
        }
    };
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return Ok(response.map_into_left_body());
    }
    let problem = match response.response().error() {
        Some(error) => problem_of(error, status),
        None => Problem::of_framework(status),
    };
    let rendered = with_headers(problem.of_request(request_id).render(), response.headers());
    Ok(response.into_response(rendered).map_into_right_body())
}

/// Keeps what other middleware has added, for cross-origin callers for instance.
fn with_headers(mut rendered: HttpResponse, headers: &HeaderMap) -> HttpResponse {
    for (name, value) in headers {
        if !rendered.headers().contains_key(name) && name != CONTENT_LENGTH {
            rendered.headers_mut().append(name.clone(), value.clone());
        }
    }
    rendered
}

fn problem_of(error: &Error, status: StatusCode) -> Problem {
    error.as_error::<Problem>().cloned().unwrap_or_else(|| Problem::of_framework(status))
}
