//! Answers that are asked for again and again: who has the one that counts is told so, without its body.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, IF_NONE_MATCH},
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{compression::unmarked, problem::Problem};

/// An answer with its tag; 304 without a body when the client names the tag. The tag is over the answer itself, so that
/// nothing that is shown can change without it; `version`, where there is one, stands before it.
pub(crate) fn answer(
    request: &HttpRequest,
    version: Option<u32>,
    view: &impl Serialize,
) -> Result<HttpResponse, Problem> {
    let body = serde_json::to_vec(view).map_err(|error| {
        tracing::error!(%error, "an answer can't be written");
        Problem::internal()
    })?;
    let tag = tag(version, &body);
    // What changes something is answered in full.
    let is_known = request.method().is_safe() && names(request.headers(), &tag);
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    // Kept by its reader alone, and asked for each time: never stale.
    response.insert_header((CACHE_CONTROL, "private, no-cache")).insert_header((ETAG, tag));
    if is_known {
        return Ok(response.finish());
    }
    Ok(response.insert_header((CONTENT_TYPE, "application/json")).body(body))
}

fn tag(version: Option<u32>, body: &[u8]) -> String {
    let hash = Sha256::digest(body).first_chunk().map_or(0, |first| u128::from_be_bytes(*first));
    let version = version.map(|version| format!("{version}.")).unwrap_or_default();
    format!("\"{version}{hash:032x}\"")
}

/// Whether the client has the answer with this tag, compressed or not (RFC 9110, 13.1.2: weak comparison).
fn names(headers: &HeaderMap, tag: &str) -> bool {
    tags(headers, IF_NONE_MATCH).any(|named| named == "*" || unmarked(named.trim_start_matches("W/")) == tag)
}

/// The tags that a header names.
pub(crate) fn tags(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).filter_map(|value| value.to_str().ok());
    values.flat_map(|list| list.split(',')).map(str::trim)
}
