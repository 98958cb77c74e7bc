//! What is wrong with a body, field by field.

use serde::Serialize;
use utoipa::ToSchema;

/// One mistake in a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// Where: a JSON pointer as a URI fragment, such as `#/data/author_id`.
    pub(crate) pointer: String,
    /// What is wrong there, for programs; stable.
    pub(crate) code: FieldCode,
    /// What is wrong there, for people.
    pub(crate) detail: String,
}

/// What can be wrong with a field of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum FieldCode {
    /// What must be there is not, or is empty.
    Required,
    /// It has the wrong type or form.
    Invalid,
    /// It is given more than once.
    Repeated,
    /// No field of this name is known here.
    UnknownField,
    /// It has more characters than it may.
    TooLong,
    /// Another one has the same name.
    NotUnique,
    /// It is less than it may be.
    TooLow,
    /// It is more than it may be.
    TooLarge,
    /// It is not above the one before it.
    NotIncreasing,
    /// The lesson's community can't be told from its course.
    CourseUnknown,
    /// The member's total would be too large.
    TotalTooLarge,
    /// The request's key was used for another request.
    KeyReused,
}

impl FieldError {
    pub(crate) fn new(pointer: impl Into<String>, code: FieldCode, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code, detail: detail.into() }
    }
}
