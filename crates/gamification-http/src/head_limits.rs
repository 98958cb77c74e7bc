//! How large the head of a request may be.

use actix_web::{
    Error,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};

use crate::problem::Problem;

/// The longest address, in bytes: room for 200 ids.
const MAX_ADDRESS: usize = 16 * 1024;
/// The most bytes of all headers.
const MAX_HEADERS: usize = 32 * 1024;

/// Middleware: refuses requests whose heads are larger than any client needs.
///
/// # Errors
/// Whatever the inner service fails with.
pub(crate) async fn limit_heads<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    match excess(&request) {
        // An answer and no error, so that other middleware adds to it what it adds to answers.
        Some(problem) => Ok(request.error_response(problem).map_into_right_body()),
        None => Ok(next.call(request).await?.map_into_left_body()),
    }
}

/// What is too large about the head of a request.
fn excess(request: &ServiceRequest) -> Option<Problem> {
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    if address > MAX_ADDRESS {
        return Some(Problem::uri_too_long(format!("An address has at most {MAX_ADDRESS} bytes")));
    }
    let headers: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    (headers > MAX_HEADERS)
        .then(|| Problem::headers_too_large(format!("Headers have at most {MAX_HEADERS} bytes")))
}
