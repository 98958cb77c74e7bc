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
use serde::Serialize;
use tracing_actix_web::RequestId;
use utoipa::ToSchema;

/// Each kind of problem, known to clients by its `code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// The request can't be understood.
    BadRequest,
    /// There is no valid token.
    Unauthenticated,
    /// The caller may not.
    Forbidden,
    /// The caller's level is too low.
    InsufficientLevel,
    /// There is no such thing, or it is not the caller's to know of.
    NotFound,
    /// The address knows other methods.
    MethodNotAllowed,
    /// The stored version is newer than the one that the request expects.
    PreconditionFailed,
    /// The body did not arrive in time.
    RequestTimeout,
    /// The body is too large.
    PayloadTooLarge,
    /// The address is too long.
    UriTooLong,
    /// The headers are too large.
    HeadersTooLarge,
    /// The body is of a type that is not understood here.
    UnsupportedMediaType,
    /// The body is understood and breaks a rule.
    ValidationError,
    /// A fault of the service, whose cause is in its log.
    Internal,
    /// Not now; the same request may succeed later.
    Unavailable,
}

impl Code {
    /// Status, stable code and title: the whole table.
    const fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadRequest => (StatusCode::BAD_REQUEST, "BAD_REQUEST", "Bad request"),
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", "Not authenticated"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "FORBIDDEN", "Not allowed"),
            Self::InsufficientLevel => (StatusCode::FORBIDDEN, "INSUFFICIENT_LEVEL", "Level too low"),
            Self::PreconditionFailed => {
                (StatusCode::PRECONDITION_FAILED, "PRECONDITION_FAILED", "Precondition failed")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "NOT_FOUND", "Not found"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "Method not allowed")
            }
            Self::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", "Request timed out"),
            Self::PayloadTooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", "Payload too large")
            }
            Self::UriTooLong => (StatusCode::URI_TOO_LONG, "URI_TOO_LONG", "Address too long"),
            Self::HeadersTooLarge => {
                (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "HEADERS_TOO_LARGE", "Headers too large")
            }
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", "Unsupported media type")
            }
            Self::ValidationError => {
                (StatusCode::UNPROCESSABLE_ENTITY, "VALIDATION_ERROR", "Validation failed")
            }
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "Internal error"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "Not available now"),
        }
    }

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
    header: Option<(&'static str, Cow<'static, str>)>,
    request_id: Option<RequestId>,
}

/// One mistake in a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// Where: a JSON pointer as a URI fragment, such as `#/data/author_id`.
    pub(crate) pointer: String,
    /// What is wrong there.
    pub(crate) detail: String,
}

/// How long a client should wait before it tries again, in seconds.
const RETRY_AFTER_SECONDS: &str = "1";

impl Problem {
    fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), header: None, request_id: None }
    }

    fn with_header(self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        Self { header: Some((name, value.into())), ..self }
    }

    /// The request can't be understood.
    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, detail)
    }

    /// There is no token. What is wrong with a bad one is never told.
    #[must_use]
    pub(crate) fn no_token() -> Self {
        Self::new(Code::Unauthenticated, "A bearer token is required")
            .with_header("WWW-Authenticate", "Bearer realm=\"gamification\"")
    }

    /// There is a token and it is not valid. Why is never told.
    #[must_use]
    pub(crate) fn bad_token() -> Self {
        const CHALLENGE: &str = "Bearer realm=\"gamification\", error=\"invalid_token\"";
        Self::new(Code::Unauthenticated, "The bearer token is not valid")
            .with_header("WWW-Authenticate", CHALLENGE)
    }

    /// The caller may not.
    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, detail)
    }

    /// The caller's level is too low.
    pub(crate) fn insufficient_level(detail: impl Into<String>) -> Self {
        Self::new(Code::InsufficientLevel, detail)
    }

    /// The stored version is newer than the one that the request expects.
    pub(crate) fn precondition_failed(detail: impl Into<String>) -> Self {
        Self::new(Code::PreconditionFailed, detail)
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
        let Self { code, detail, errors, header: _, request_id } = self;
        let (status, name, title) = code.row();
        ProblemBody {
            kind: format!("urn:gamification:problem:{}", name.to_lowercase().replace('_', "-")),
            title,
            status: status.as_u16(),
            code: name,
            detail: detail.clone(),
            errors: errors.clone(),
            request_id: request_id.map(|id| id.to_string()),
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
    /// Stable: for programs to look at
    code: &'static str,
    /// For people; the first error's where there are several
    detail: String,
    /// Every mistake in the body, with its place
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
    /// Under which the log knows the request
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
            AccessDenied::NotAMember | AccessDenied::NotAnAdmin => Self::forbidden(denied.to_string()),
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
    let request_id = request.extensions().get::<RequestId>().copied();
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
