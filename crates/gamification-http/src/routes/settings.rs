//! What the bodies that change settings have in common.

use serde_json::{Map, Value};

use crate::problem::{FieldCode, FieldError};

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
