//! Errors as the world sees them: `application/problem+json` (RFC 9457).

mod code;
mod field_error;
mod rendering;

use std::{borrow::Cow, fmt};

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header::CONTENT_TYPE},
};
use gamification_app::{AccessDenied, Chain, ports::StoreError, queries::ReadError};
use gamification_domain::{CourseAccess, LevelConfiguration};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use self::{
    code::Code,
    field_error::{FieldCode, FieldError},
    rendering::render_problems,
};
use crate::request_id::RequestId;

/// An answer of status 400 or above.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    code: Code,
    detail: String,
    errors: Vec<FieldError>,
    extension: Option<Box<Extension>>,
    header: Option<(&'static str, Cow<'static, str>)>,
    request_id: Option<RequestId>,
}

/// What a problem says to programs beyond its code.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[schema(as = ProblemExtension)]
pub(crate) struct Extension {
    /// Why access is denied: of `FORBIDDEN` only
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ForbiddenReason>,
    /// The level that is asked for: of `INSUFFICIENT_LEVEL` only
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 9)]
    required_level: Option<u8>,
    /// The name of that level in the community: of `INSUFFICIENT_LEVEL` only
    #[serde(skip_serializing_if = "Option::is_none")]
    required_level_name: Option<String>,
    /// The level that the member has reached: of `INSUFFICIENT_LEVEL` only
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 9)]
    current_level: Option<u8>,
}

/// Why access is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ForbiddenReason {
    /// They are not a member of the community.
    NotAMember,
    /// They are a member without the role `ADMIN`.
    NotAnAdmin,
    /// Their token's scope is too small.
    MissingScope,
}

/// How long a client should wait before it tries again, in seconds.
const RETRY_AFTER_SECONDS: &str = "1";

impl Problem {
    fn new(code: Code, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { code, detail, errors: Vec::new(), extension: None, header: None, request_id: None }
    }

    fn with_header(self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        Self { header: Some((name, value.into())), ..self }
    }

    fn with_extension(self, extension: Extension) -> Self {
        Self { extension: Some(Box::new(extension)), ..self }
    }

    /// The request can't be understood.
    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, detail)
    }

    /// The request has no bearer token.
    #[must_use]
    pub(crate) fn no_token() -> Self {
        Self::new(Code::Unauthenticated, "A bearer token is required")
            .with_header("WWW-Authenticate", "Bearer realm=\"gamification\"")
    }

    /// The token was good until it expired.
    #[must_use]
    pub(crate) fn expired_token() -> Self {
        const CHALLENGE: &str =
            "Bearer realm=\"gamification\", error=\"invalid_token\", error_description=\"expired\"";
        Self::new(Code::Unauthenticated, "The bearer token is not valid")
            .with_header("WWW-Authenticate", CHALLENGE)
    }

    /// There is a token and it is not valid. Why else than by its age is never told.
    #[must_use]
    pub(crate) fn bad_token() -> Self {
        const CHALLENGE: &str = "Bearer realm=\"gamification\", error=\"invalid_token\"";
        Self::new(Code::Unauthenticated, "The bearer token is not valid")
            .with_header("WWW-Authenticate", CHALLENGE)
    }

    fn forbidden(reason: ForbiddenReason, detail: impl Into<String>) -> Self {
        let extension = Extension { reason: Some(reason), ..Extension::default() };
        Self::new(Code::Forbidden, detail).with_extension(extension)
    }

    /// The token's scope does not contain what it must.
    pub(crate) fn missing_scope(scope: &str) -> Self {
        Self::forbidden(ForbiddenReason::MissingScope, format!("The token's scope must contain {scope}"))
    }

    /// The member's level is too low for a course; `None` when it is not.
    pub(crate) fn insufficient_level(access: &CourseAccess, levels: &LevelConfiguration) -> Option<Self> {
        let (detail, required) = access.unlock_message(levels).zip(access.required_level())?;
        let extension = Extension {
            reason: None,
            required_level: Some(required.get()),
            required_level_name: Some(levels.definition(required).name().as_str().to_owned()),
            current_level: Some(access.current_level().get()),
        };
        Some(Self::new(Code::InsufficientLevel, detail).with_extension(extension))
    }

    /// The stored version is newer than the one that the request expects.
    pub(crate) fn precondition_failed(detail: impl Into<String>) -> Self {
        Self::new(Code::PreconditionFailed, detail)
    }

    /// Members are still being leveled up; soon the same request may succeed.
    pub(crate) fn recalculating(detail: impl Into<String>) -> Self {
        Self::new(Code::Recalculating, detail).with_header("Retry-After", RETRY_AFTER_SECONDS)
    }

    /// There is no such thing.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(Code::NotFound, detail)
    }

    /// The address knows other methods: those in `allowed`.
    #[must_use]
    pub(crate) fn method_not_allowed(allowed: &str) -> Self {
        Self::new(Code::MethodNotAllowed, format!("Allowed here: {allowed}"))
            .with_header("Allow", allowed.to_owned())
    }

    /// The body did not arrive in time.
    #[must_use]
    pub(crate) fn request_timeout() -> Self {
        Self::new(Code::RequestTimeout, "The body did not arrive in time")
    }

    /// The body is too large.
    pub(crate) fn payload_too_large(detail: impl Into<String>) -> Self {
        Self::new(Code::PayloadTooLarge, detail)
    }

    /// The address is too long.
    pub(crate) fn uri_too_long(detail: impl Into<String>) -> Self {
        Self::new(Code::UriTooLong, detail)
    }

    /// The headers are too large.
    pub(crate) fn headers_too_large(detail: impl Into<String>) -> Self {
        Self::new(Code::HeadersTooLarge, detail)
    }

    /// The body is of a type that is not understood here.
    pub(crate) fn unsupported_media_type(detail: impl Into<String>) -> Self {
        Self::new(Code::UnsupportedMediaType, detail)
    }

    /// The body breaks rules: all of them at once, the first in the summary too.
    #[must_use]
    pub(crate) fn validation(errors: Vec<FieldError>) -> Self {
        let detail = errors.first().map(|error| error.detail.clone()).unwrap_or_default();
        Self { errors, ..Self::new(Code::ValidationError, detail) }
    }

    /// The database is unavailable, or too busy.
    #[must_use]
    pub(crate) fn unavailable() -> Self {
        Self::new(Code::Unavailable, "The service can't do this now; try again")
            .with_header("Retry-After", RETRY_AFTER_SECONDS)
    }

    /// Our fault; what happened is in the log and nowhere else.
    #[must_use]
    pub(crate) fn internal() -> Self {
        Self::new(Code::Internal, "Something went wrong on our side")
    }

    /// The same, with the id under which the log knows the request.
    fn of_request(self, request_id: Option<RequestId>) -> Self {
        Self { request_id, ..self }
    }

    /// What the framework answered by itself, or with an error of its own.
    fn of_framework(status: StatusCode) -> Self {
        let code = Code::of_framework(status);
        Self::new(code, code.title())
    }

    fn body(&self) -> ProblemBody {
        let Self { code, detail, errors, extension, header: _, request_id } = self;
        let (status, name, title) = code.row();
        ProblemBody {
            kind: format!("urn:gamification:problem:{}", name.to_lowercase().replace('_', "-")),
            title,
            status: status.as_u16(),
            code: name,
            detail: detail.clone(),
            errors: errors.clone(),
            extension: extension.as_deref().cloned().unwrap_or_default(),
            request_id: request_id.as_ref().map(ToString::to_string),
        }
    }

    fn render(&self) -> HttpResponse {
        let body = self.body();
        let mut response = HttpResponse::build(self.code.status());
        if let Some((name, value)) = &self.header {
            response.insert_header((*name, value.as_ref()));
        }
        let body = serde_json::to_string(&body).unwrap_or_default();
        response.insert_header((CONTENT_TYPE, "application/problem+json")).body(body)
    }
}

/// What went wrong (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// `urn:gamification:problem:` and the code in lower case, with hyphens
    #[serde(rename = "type")]
    kind: String,
    /// What the code means, in English, the same for each of its problems
    title: &'static str,
    /// The HTTP status of the answer
    status: u16,
    #[schema(schema_with = code::schema)]
    code: &'static str,
    /// What went wrong here, in English, for people; the first of `errors` where there are several
    detail: String,
    /// Every mistake in the body, with its place
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
    #[serde(flatten)]
    extension: Extension,
    /// The id of the request in the log of the server
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.render()
    }
}

impl From<AccessDenied> for Problem {
    fn from(denied: AccessDenied) -> Self {
        match denied {
            AccessDenied::CommunityNotFound => Self::not_found(denied.to_string()),
            AccessDenied::NotAMember => Self::forbidden(ForbiddenReason::NotAMember, denied.to_string()),
            AccessDenied::NotAnAdmin => Self::forbidden(ForbiddenReason::NotAnAdmin, denied.to_string()),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::AccessDenied(denied) => denied.into(),
            ReadError::MemberNotFound | ReadError::CourseNotFound => Self::not_found(error.to_string()),
            ReadError::PositionNotFound => Self::bad_request(error.to_string()),
            ReadError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let chain = Chain(&error);
        match error {
            StoreError::Contention(_) | StoreError::Unavailable(_) => {
                tracing::warn!(error = %chain, "the database could not do it now");
                Self::unavailable()
            }
            StoreError::Conflict { .. } | StoreError::Corrupt(_) => {
                tracing::error!(error = %chain, "the database refused");
                Self::internal()
            }
        }
    }
}
