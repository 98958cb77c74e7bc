//! Conditional reads: a client that has the current answer gets a 304, without the body.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH},
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{compression::unmarked, problem::Problem};

/// An answer with its tag; 304 without a body when the client names the tag. The tag is over the answer itself, so that
/// nothing that is shown can change without it; `version`, where there is one, precedes it.
pub(crate) fn answer(
    request: &HttpRequest,
    version: Option<u32>,
    view: &impl Serialize,
) -> Result<HttpResponse, Problem> {
    let body = written(view)?;
    let version = version.map(|version| format!("{version}.")).unwrap_or_default();
    let tag = format!("\"{version}{}\"", hash(&body));
    Ok(respond(request, tag, body))
}

/// The same for an answer that also says of which moment it is: its tag is over what was `found` alone, and so a weak one,
/// or a client that asks again would never get a 304.
pub(crate) fn answer_as_of_a_moment(
    request: &HttpRequest,
    view: &impl Serialize,
    found: &impl Serialize,
) -> Result<HttpResponse, Problem> {
    let tag = format!("W/\"{}\"", hash(&written(found)?));
    Ok(respond(request, tag, written(view)?))
}

fn written(view: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(view).map_err(|error| {
        tracing::error!(%error, "an answer can't be written");
        Problem::internal()
    })
}

fn respond(request: &HttpRequest, tag: String, body: Vec<u8>) -> HttpResponse {
    // What changes something is answered in full.
    let is_known = request.method().is_safe() && names(request.headers(), &tag);
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    // Kept by its reader alone, and asked for each time: never stale.
    response.insert_header((CACHE_CONTROL, "private, no-cache")).insert_header((ETAG, tag));
    if is_known {
        return response.finish();
    }
    response.insert_header((CONTENT_TYPE, "application/json")).body(body)
}

fn hash(shown: &[u8]) -> String {
    let hash = Sha256::digest(shown).first_chunk().map_or(0, |first| u128::from_be_bytes(*first));
    format!("{hash:032x}")
}

/// Whether the client has the answer with this tag, compressed or not (RFC 9110, 13.1.2: weak comparison).
fn names(headers: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| unmarked(tag.trim_start_matches("W/")).into_owned();
    tags(headers, IF_NONE_MATCH).any(|named| named == "*" || opaque(named) == tag.trim_start_matches("W/"))
}

/// The versions that `If-Match` names; `None` when any will do. What is no tag of ours matches nothing.
pub(crate) fn expected_versions(headers: &HeaderMap) -> Option<Vec<u32>> {
    headers.get(IF_MATCH)?;
    if tags(headers, IF_MATCH).any(|tag| tag == "*") {
        return None;
    }
    // A tag is the version, or the version and a hash of what was shown beside it: the distribution may differ.
    let version = |tag: &str| {
        let tag = tag.strip_prefix('"')?.strip_suffix('"')?;
        tag.split_once('.').map_or(tag, |(version, _)| version).parse().ok()
    };
    Some(tags(headers, IF_MATCH).filter_map(version).collect())
}

/// The tags that a header names.
fn tags(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).filter_map(|value| value.to_str().ok());
    values.flat_map(|list| list.split(',')).map(str::trim)
}
