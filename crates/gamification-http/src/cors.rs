//! Which pages may call the API from a browser.

use std::str::FromStr;

use actix_cors::Cors;
use actix_web::http::header;

use crate::request_id::X_REQUEST_ID;

/// The origin of pages, such as `https://app.example`: a scheme, a host, and a port where it is not the usual one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

/// A text that is no origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an origin is http:// or https:// and a host, such as https://app.example, not {0:?}")]
pub struct InvalidOrigin(pub String);

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let is_origin =
            host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', '?', '#', '@', ',', ' ']));
        if is_origin { Ok(Self(text.to_owned())) } else { Err(InvalidOrigin(text.to_owned())) }
    }
}

/// Lets the pages of some origins call the API. Tokens come in a header, so no cookies are involved.
pub(crate) fn cors(origins: &[Origin]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "PUT", "POST"])
        .allowed_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            header::HeaderName::from_static("idempotency-key"),
            header::HeaderName::from_static("traceparent"),
            X_REQUEST_ID,
        ])
        .expose_headers([header::ETAG, header::LOCATION, header::RETRY_AFTER, X_REQUEST_ID])
        // Whether the page may read the answer is for its browser to enforce; other programs send an origin too.
        .block_on_origin_mismatch(false)
        .max_age(3_600);
    origins.iter().fold(cors, |cors, Origin(origin)| cors.allowed_origin(origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        for origin in ["https://app.example", "http://localhost:3000", "http://[::1]:80"] {
            assert_eq!(origin.parse::<Origin>(), Ok(Origin(origin.to_owned())));
        }
        for text in
            ["*", "null", "app.example", "https://", "https://*.example", "https://app.example/", "ftp://x"]
        {
            assert_eq!(text.parse::<Origin>(), Err(InvalidOrigin(text.to_owned())));
        }
    }
}
