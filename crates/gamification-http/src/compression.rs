//! Large answers are compressed for those who can read them so.

use std::borrow::Cow;

use actix_http::encoding::Encoder;
use actix_web::{
    Error,
    body::{BodySize, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{
        ACCEPT_ENCODING, AcceptEncoding, ContentEncoding, ETAG, Encoding, Header, HeaderMap, HeaderValue,
        VARY,
    },
    middleware::Next,
};

/// Answers of no more bytes are sent as they are: compressing them costs more than it saves.
const SMALL: u64 = 1_024;

/// What is spoken here, the best first.
const ENCODINGS: [Encoding; 3] = [Encoding::brotli(), Encoding::gzip(), Encoding::identity()];

/// Middleware: compresses answers over a kibibyte with what the client takes, brotli or gzip.
///
/// # Errors
/// Whatever the inner service fails with.
pub(crate) async fn compress_large_answers<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<Encoder<B>, B>>, Error> {
    let encoding = negotiate(&request);
    let mut response = next.call(request).await?;
    if !matches!(response.response().body().size(), BodySize::Sized(size) if size > SMALL) {
        return Ok(response.map_into_right_body());
    }
    if encoding == ContentEncoding::Identity {
        response.headers_mut().append(VARY, HeaderValue::from_name(ACCEPT_ENCODING));
        return Ok(response.map_into_right_body());
    }
    mark_tag(response.headers_mut(), encoding);
    // The encoder says by itself what the answer depends on.
    Ok(response.map_body(|head, body| EitherBody::left(Encoder::response(encoding, head, body))))
}

/// A client that takes nothing of what is spoken here gets the answer as it is: better than none (RFC 9110, 12.5.3).
fn negotiate(request: &ServiceRequest) -> ContentEncoding {
    match AcceptEncoding::parse(request).ok().and_then(|accepted| accepted.negotiate(ENCODINGS.iter())) {
        Some(Encoding::Known(encoding)) => encoding,
        Some(Encoding::Unknown(_)) | None => ContentEncoding::Identity,
    }
}

/// The bytes are others than those of the tag, so they have a tag of their own (RFC 9110, 8.8.3.3).
fn mark_tag(headers: &mut HeaderMap, encoding: ContentEncoding) {
    let tag = headers.get(ETAG).and_then(|tag| tag.to_str().ok()?.strip_suffix('"'));
    let marked =
        tag.and_then(|tag| HeaderValue::from_str(&format!("{tag}{MARK}{}\"", encoding.as_str())).ok());
    if let Some(marked) = marked {
        headers.insert(ETAG, marked);
    }
}

/// What separates the name of the encoding from the rest of a tag.
const MARK: char = '-';

/// A tag as it was before the answer was compressed.
pub(crate) fn unmarked(tag: &str) -> Cow<'_, str> {
    match tag.strip_suffix('"').and_then(|tag| tag.rsplit_once(MARK)) {
        Some((unmarked, _)) => Cow::Owned(format!("{unmarked}\"")),
        None => Cow::Borrowed(tag),
    }
}
