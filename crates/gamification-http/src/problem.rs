//! Errors as the world sees them: `application/problem+json` (RFC 9457).

use std::{borrow::Cow, fmt};

use actix_web::{
    Error, HttpMessage, HttpResponse, ResponseError,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap},
    },
    middleware::Next,
};
use gamification_app::{AccessDenied, Chain, ports::StoreError, queries::ReadError};
use gamification_domain::{CourseAccess, LevelConfiguration};
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use crate::request_id::RequestId;

/// Declares the kinds of problems: each with its status, its stable code and its title, once.
macro_rules! codes {
    ($($(#[$doc:meta])+ $code:ident = $status:ident, $name:literal, $title:literal;)+) => {
        /// Each kind of problem, known to clients by its `code`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code {
            $($(#[$doc])+ $code,)+
        }

        impl Code {
            /// All kinds.
            const ALL: &[Self] = &[$(Self::$code),+];

            /// Status, stable code and title.
            const fn row(self) -> (StatusCode, &'static str, &'static str) {
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
    /// The caller may not.
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
    fn of_framework(status: StatusCode) -> Self {
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
    /// Why the caller may not: of `FORBIDDEN` only
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ForbiddenReason>,
    /// The level that is asked for: of `INSUFFICIENT_LEVEL` only
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 9)]
    required_level: Option<u8>,
    /// What the community calls it
    #[serde(skip_serializing_if = "Option::is_none")]
    required_level_name: Option<String>,
    /// The level that there is
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 9)]
    current_level: Option<u8>,
}

/// Why a caller may not.
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
    /// It is there twice.
    Repeated,
    /// It means nothing here.
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
}

impl FieldError {
    pub(crate) fn new(pointer: impl Into<String>, code: FieldCode, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code, detail: detail.into() }
    }
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

    /// There is no token.
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

    /// The caller may not.
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

    /// The database is away, or too busy.
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
    title: &'static str,
    status: u16,
    #[schema(schema_with = code)]
    code: &'static str,
    /// For people; the first error's where there are several
    detail: String,
    /// Every mistake in the body, with its place
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
    #[serde(flatten)]
    extension: Extension,
    /// Under which the log knows the request
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

fn code() -> impl Into<RefOr<Schema>> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(Code::ALL.iter().map(|code| code.name())))
        .description(Some("Stable: for programs to look at"))
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

/// Middleware: gives each problem its request id, and makes problems of what the framework answers by itself.
///
/// # Errors
/// Whatever the inner service fails with, as a problem.
pub(crate) async fn render_problems<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let request_id = request.extensions().get::<RequestId>().cloned();
    let response = match next.call(request).await {
        Ok(response) => response,
        Err(error) => {
            let headers = error.error_response().headers().clone();
            let problem = problem_of(&error, error.as_response_error().status_code());
            let mut error = Error::from(problem.of_request(request_id));
            error.add_response_mapper(move |rendered| with_headers(rendered, &headers));
            return Err(error);
        }
    };
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return Ok(response.map_into_left_body());
    }
    let problem = match response.response().error() {
        Some(error) => problem_of(error, status),
        None => Problem::of_framework(status),
    };
    let rendered = with_headers(problem.of_request(request_id).render(), response.headers());
    Ok(response.into_response(rendered).map_into_right_body())
}

/// Keeps what other middleware has added, for cross-origin callers for instance.
fn with_headers(mut rendered: HttpResponse, headers: &HeaderMap) -> HttpResponse {
    for (name, value) in headers {
        if !rendered.headers().contains_key(name) && name != CONTENT_LENGTH {
            rendered.headers_mut().append(name.clone(), value.clone());
        }
    }
    rendered
}

fn problem_of(error: &Error, status: StatusCode) -> Problem {
    error.as_error::<Problem>().cloned().unwrap_or_else(|| Problem::of_framework(status))
}

/// The longest address, in bytes: room for 200 ids.
const MAX_ADDRESS: usize = 16 * 1024;
/// The most bytes of all headers.
const MAX_HEADERS: usize = 32 * 1024;

/// Middleware: refuses heads of requests that nobody needs.
///
/// # Errors
/// Whatever the inner service fails with.
pub(crate) async fn limit_heads<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    match excess(&request) {
        // An answer and no error, so that other middleware adds to it what it adds to answers.
        Some(problem) => Ok(request.error_response(problem).map_into_right_body()),
        None => Ok(next.call(request).await?.map_into_left_body()),
    }
}

/// What is too large about the head of a request.
fn excess(request: &ServiceRequest) -> Option<Problem> {
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    if address > MAX_ADDRESS {
        return Some(Problem::new(Code::UriTooLong, format!("An address has at most {MAX_ADDRESS} bytes")));
    }
    let headers: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    (headers > MAX_HEADERS)
        .then(|| Problem::new(Code::HeadersTooLarge, format!("Headers have at most {MAX_HEADERS} bytes")))
}
