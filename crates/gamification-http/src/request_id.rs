//! The id that a request has everywhere: in its answer, in the log, in traces, and with its caller.

use std::{fmt, sync::Arc};

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
};
use uuid::Uuid;

/// The header that carries it, both ways.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The most characters of an id that is taken over.
const MAX_LENGTH: usize = 128;

/// The id of a request: the caller's own where it is sensible, else a UUIDv7.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(Arc<str>);

impl RequestId {
    #[expect(clippy::disallowed_methods, reason = "it names a request, and nothing that is stored")]
    fn of(request: &ServiceRequest) -> Self {
        let mut given = request.headers().get_all(X_REQUEST_ID).filter_map(|value| value.to_str().ok());
        match (given.next(), given.next()) {
            (Some(id), None) if is_sensible(id) => Self(id.into()),
            _ => Self(Uuid::now_v7().to_string().into()),
        }
    }
}

/// Whether an id needs no escaping in a log line, a header and a URL.
fn is_sensible(id: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/+=@".contains(&byte);
    (1..=MAX_LENGTH).contains(&id.len()) && id.bytes().all(is_allowed)
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Middleware: gives each request its id, and each answer the id of its request. It is the first to see a request.
///
/// # Errors
/// Whatever the inner service fails with.
pub(crate) async fn identify_requests<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let id = RequestId::of(&request);
    // A sensible id is a valid value of a header.
    let header = HeaderValue::from_str(&id.0).unwrap_or(HeaderValue::from_static(""));
    request.extensions_mut().insert(id);
    match next.call(request).await {
        Ok(mut response) => {
            response.headers_mut().insert(X_REQUEST_ID, header);
            Ok(response)
        }
        Err(mut error) => {
            error.add_response_mapper(move |mut response| {
                response.headers_mut().insert(X_REQUEST_ID, header.clone());
                response
            });
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_over_when_it_can_stand_anywhere_as_it_is() {
        for id in
            ["a", "0192f0c1-5c1e-7f4e-8f4b-000000000ada", "Root=1-67891233-abc/x:y@z+1.2", &"x".repeat(128)]
        {
            assert!(is_sensible(id), "{id}");
        }
        for id in ["", "two words", "a\"b", "a\nb", "é", "<script>", "a;b", &"x".repeat(129)] {
            assert!(!is_sensible(id), "{id}");
        }
    }
}
