//! What the bodies that change settings have in common.

use actix_web::{HttpRequest, web::Payload};
use gamification_app::{ports::Queries, queries::authorize_admin};
use gamification_domain::MemberKey;
use serde_json::{Map, Value};

use crate::{
    body,
    deadline::Deadline,
    problem::{FieldCode, FieldError, Problem},
};

/// Reads the body of an admin's request, and gives the deadline for what it asks for. Who is no admin is told so before
/// anybody looks at what they sent; commands check again in their transaction.
pub(super) async fn read_as_admin(
    queries: &impl Queries,
    caller: MemberKey,
    request: &HttpRequest,
    payload: Payload,
) -> Result<(Value, Deadline), Problem> {
    let mut deadline = Deadline::start();
    deadline.keep(authorize_admin(queries, caller)).await?;
    let body = deadline.await_sender(body::read_settings(request.headers(), payload)).await?;
    Ok((body, deadline))
}

/// An error for each field that means nothing here: a misspelt one would be lost silently.
pub(super) fn unknown_fields(object: &Map<String, Value>, known: &[&str], place: &str) -> Vec<FieldError> {
    let unknown = object.keys().filter(|name| !known.contains(&name.as_str()));
    unknown
        .map(|name| {
            // As RFC 6901 escapes them.
            let pointer = format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
            FieldError::new(pointer, FieldCode::UnknownField, "Unknown field")
        })
        .collect()
}

/// `7` and `7.0`, which JSON does not tell apart. A number that is too large for any rule stays too large.
pub(super) fn whole_number(value: &Value) -> Option<i64> {
    if let Some(number) = value.as_i64() {
        return Some(number);
    }
    let number = value.as_f64().filter(|number| number.fract() == 0.0)?;
    #[expect(clippy::cast_possible_truncation, reason = "beyond its ends, the cast gives the nearest i64")]
    Some(number as i64)
}
