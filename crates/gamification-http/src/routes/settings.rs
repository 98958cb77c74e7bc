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
/// what they sent is looked at; commands check again in their transaction.
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

/// The list that a body has under a name, of JSON objects; `list` and `item` are what people call them.
pub(super) fn items<'a>(
    body: &'a Value,
    name: &str,
    list: &str,
    item: &str,
) -> Result<Vec<&'a Map<String, Value>>, FieldError> {
    let invalid = |pointer: String, detail: String| FieldError::new(pointer, FieldCode::Invalid, detail);
    let body = body
        .as_object()
        .ok_or_else(|| invalid("#".to_owned(), "The body must be a JSON object".to_owned()))?;
    let place = format!("#/{name}");
    let required = || FieldError::new(&place, FieldCode::Required, format!("{list} are required"));
    let items = body.get(name).ok_or_else(required)?;
    let items = items.as_array().ok_or_else(|| invalid(place.clone(), format!("{list} must be a list")))?;
    items
        .iter()
        .enumerate()
        .map(|(index, value)| {
            let wrong = || invalid(format!("{place}/{index}"), format!("{item} must be a JSON object"));
            value.as_object().ok_or_else(wrong)
        })
        .collect()
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
