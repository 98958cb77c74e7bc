//! Bodies, read within limits of size and time.

use std::time::Duration;

use actix_web::{
    http::header::{CONTENT_TYPE, HeaderMap},
    web::{Bytes, BytesMut, Payload},
};
use futures_util::StreamExt;
use serde_json::Value;

use crate::problem::Problem;

/// How long a body may take to arrive.
const DEADLINE: Duration = Duration::from_secs(10);

/// The largest body of a request that changes settings, in bytes.
const MAX_SETTINGS: usize = 64 * 1024;

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read(mut payload: Payload, limit: usize) -> Result<Bytes, Problem> {
    let read = async {
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk =
                chunk.map_err(|error| Problem::bad_request(format!("The body broke off: {error}")))?;
            if body.len() + chunk.len() > limit {
                return Err(Problem::payload_too_large(format!("A body has at most {limit} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    tokio::time::timeout(DEADLINE, read).await.unwrap_or_else(|_| Err(Problem::request_timeout()))
}

/// Reads a JSON body that changes settings.
pub(crate) async fn read_settings(headers: &HeaderMap, payload: Payload) -> Result<Value, Problem> {
    if media_type(headers) != "application/json" {
        return Err(Problem::unsupported_media_type("Send application/json"));
    }
    json(&read(payload, MAX_SETTINGS).await?)
}

pub(crate) fn json(body: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(body)
        .map_err(|error| Problem::bad_request(format!("The body is not JSON: {error}")))
}

/// The type of a body, without its parameters, in lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
