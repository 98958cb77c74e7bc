//! The kinds of problems: the table of statuses, codes and titles.

use actix_web::http::StatusCode;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

use super::Problem;

/// Declares the kinds of problems: each with its status, its stable code and its title, once.
macro_rules! codes {
    ($($(#[$doc:meta])+ $code:ident = $status:ident, $name:literal, $title:literal;)+) => {
        /// Each kind of problem, known to clients by its `code`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code {
            $($(#[$doc])+ $code,)+
        }

        impl Code {
            /// All kinds of problems, in the order of their statuses above.
            pub(super) const ALL: &[Self] = &[$(Self::$code),+];

            /// Status, stable code and title.
            pub(super) const fn row(self) -> (StatusCode, &'static str, &'static str) {
                match self {
                    $(Self::$code => (StatusCode::$status, $name, $title),)+
                }
            }
        }
    };
}

codes! {
    /// The request can't be understood.
    BadRequest = BAD_REQUEST, "BAD_REQUEST", "Bad request";
    /// There is no valid token.
    Unauthenticated = UNAUTHORIZED, "UNAUTHENTICATED", "Not authenticated";
    /// The caller lacks a membership, a role or a scope; the reason says which.
    Forbidden = FORBIDDEN, "FORBIDDEN", "Not allowed";
    /// The caller's level is too low.
    InsufficientLevel = FORBIDDEN, "INSUFFICIENT_LEVEL", "Level too low";
    /// There is no such thing, or it is not the caller's to know of.
    NotFound = NOT_FOUND, "NOT_FOUND", "Not found";
    /// The address knows other methods.
    MethodNotAllowed = METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "Method not allowed";
    /// Members are still being leveled up after an earlier change of thresholds.
    Recalculating = CONFLICT, "RECALCULATING", "Still recalculating";
    /// The stored version is newer than the one that the request expects.
    PreconditionFailed = PRECONDITION_FAILED, "PRECONDITION_FAILED", "Precondition failed";
    /// The body did not arrive in time.
    RequestTimeout = REQUEST_TIMEOUT, "REQUEST_TIMEOUT", "Request timed out";
    /// The body is too large.
    PayloadTooLarge = PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", "Payload too large";
    /// The address is too long.
    UriTooLong = URI_TOO_LONG, "URI_TOO_LONG", "Address too long";
    /// The headers are too large.
    HeadersTooLarge = REQUEST_HEADER_FIELDS_TOO_LARGE, "HEADERS_TOO_LARGE", "Headers too large";
    /// The body is of a type that is not understood here.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", "Unsupported media type";
    /// The body is understood and breaks a rule.
    ValidationError = UNPROCESSABLE_ENTITY, "VALIDATION_ERROR", "Validation failed";
    /// A fault of the service, whose cause is in its log.
    Internal = INTERNAL_SERVER_ERROR, "INTERNAL", "Internal error";
    /// Not now; the same request may succeed later.
    Unavailable = SERVICE_UNAVAILABLE, "UNAVAILABLE", "Not available now";
}

impl Code {
    pub(crate) const fn status(self) -> StatusCode {
        self.row().0
    }

    pub(crate) const fn name(self) -> &'static str {
        self.row().1
    }

    pub(crate) const fn title(self) -> &'static str {
        self.row().2
    }

    /// A document of this kind, as the OpenAPI document shows it.
    pub(crate) fn example(self) -> serde_json::Value {
        serde_json::to_value(Problem::new(self, self.title()).body()).unwrap_or_default()
    }

    /// The kind behind an answer that the framework gave by itself.
    pub(super) fn of_framework(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::REQUEST_TIMEOUT => Self::RequestTimeout,
            StatusCode::PAYLOAD_TOO_LARGE => Self::PayloadTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            status if status.is_client_error() => Self::BadRequest,
            _ => Self::Internal,
        }
    }
}

/// How the document describes a code.
pub(super) fn schema() -> impl Into<RefOr<Schema>> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(Code::ALL.iter().map(|code| code.name())))
        .description(Some("Stable: for programs to look at"))
}
