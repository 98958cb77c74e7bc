//! What the operations in the OpenAPI document have in common: parameters, problems, and the bearer token.

use std::collections::BTreeMap;

use gamification_domain::{Leaderboard, PointSource, Role};
use utoipa::{
    IntoParams, IntoResponses, Modify, PartialSchema,
    openapi::{
        Content, ObjectBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder, Schema, Type,
        example::Example,
        header::HeaderBuilder,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use uuid::Uuid;

use crate::problem::{Code, Extension, FieldCode, FieldError, ForbiddenReason, ProblemBody};

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it is a description")]
pub(crate) struct CommunityParameter {
    /// The community, by its id on the platform
    community_id: Uuid,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it is a description")]
pub(crate) struct UserParameter {
    /// The user, by their id on the platform
    user_id: Uuid,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it is a description")]
pub(crate) struct CourseParameter {
    /// The course, by its id on the platform
    course_id: Uuid,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it is a description")]
pub(crate) struct LeaderboardParameter {
    /// The board, by its window of time
    #[param(schema_with = leaderboard)]
    leaderboard: String,
}

fn leaderboard() -> impl Into<RefOr<Schema>> {
    let names = Leaderboard::ALL.map(Leaderboard::as_str);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names))
}

/// The schema of a role.
pub(crate) fn role() -> impl Into<RefOr<Schema>> {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(Role::ALL.map(Role::as_str)))
}

/// What makes a read conditional.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is a description")]
pub(crate) struct IfNoneMatch {
    /// The `ETag` of an earlier answer: 304 says that it still counts
    #[param(rename = "If-None-Match")]
    if_none_match: Option<String>,
}

/// The answer to who has it already.
#[derive(IntoResponses)]
#[response(status = 304, description = "The answer whose `ETag` was named still counts")]
pub(crate) struct NotModified;

/// Adds the token to the document, and the schema that all problems share.
pub(crate) struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        components.schemas.insert("Problem".to_owned(), ProblemBody::schema());
        let parts = [
            ("FieldError", FieldError::schema()),
            ("FieldCode", FieldCode::schema()),
            ("ProblemExtension", Extension::schema()),
            ("ForbiddenReason", ForbiddenReason::schema()),
        ];
        components.schemas.extend(parts.map(|(name, schema)| (name.to_owned(), schema)));
    }
}

/// Says of each list of rules in the document that it has one of each source that points are earned by.
pub(crate) fn one_rule_of_each_source(document: &mut OpenApi) {
    let sources = PointSource::earned().count();
    let schemas = document.components.iter_mut().flat_map(|components| components.schemas.values_mut());
    for schema in schemas {
        if let RefOr::T(Schema::Object(object)) = schema
            && let Some(RefOr::T(Schema::Array(rules))) = object.properties.get_mut("rules")
        {
            (rules.min_items, rules.max_items) = (Some(sources), Some(sources));
        }
    }
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident: $($code:ident),+;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                responses(&[$(Code::$code),+])
            }
        }
    )+};
}

problems! {
    /// The problems that reads in a community may end with.
    ReadProblems: BadRequest, Unauthenticated, Forbidden, NotFound, UriTooLong, HeadersTooLarge, Internal, Unavailable;
    /// Those of reads of a member's access to a course.
    CourseAccessProblems: BadRequest, Unauthenticated, Forbidden, InsufficientLevel, NotFound, UriTooLong, HeadersTooLarge,
        Internal, Unavailable;
    /// Those of changes of settings, and of their previews.
    SettingsProblems: BadRequest, Unauthenticated, Forbidden, NotFound, RequestTimeout, PayloadTooLarge, UriTooLong,
        UnsupportedMediaType, ValidationError, HeadersTooLarge, Internal, Unavailable;
    /// Those of changes of levels.
    LevelsUpdateProblems: BadRequest, Unauthenticated, Forbidden, NotFound, RequestTimeout, Recalculating,
        PreconditionFailed, PayloadTooLarge, UriTooLong, UnsupportedMediaType, ValidationError, HeadersTooLarge, Internal, Unavailable;
    /// Those of changes of rules.
    RulesUpdateProblems: BadRequest, Unauthenticated, Forbidden, NotFound, RequestTimeout, PreconditionFailed,
        PayloadTooLarge, UriTooLong, UnsupportedMediaType, ValidationError, HeadersTooLarge, Internal, Unavailable;
    /// Those of adjustments.
    AdjustmentProblems: BadRequest, Unauthenticated, Forbidden, NotFound, RequestTimeout, PayloadTooLarge, UriTooLong,
        UnsupportedMediaType, ValidationError, HeadersTooLarge, Internal, Unavailable;
    /// Those of ingestion.
    EventProblems: BadRequest, Unauthenticated, Forbidden, RequestTimeout, PayloadTooLarge, UriTooLong,
        UnsupportedMediaType, ValidationError, HeadersTooLarge, Internal, Unavailable;
    /// Those of the readiness probe.
    ReadyProblems: Unavailable;
}

/// One answer for each status, with an example for each code that it may have.
fn responses(codes: &[Code]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<String, Vec<Code>> = BTreeMap::new();
    for code in codes {
        by_status.entry(code.status().as_str().to_owned()).or_default().push(*code);
    }
    by_status.into_iter().map(|(status, codes)| (status, response(&codes).into())).collect()
}

fn response(codes: &[Code]) -> Response {
    let titles: Vec<&str> = codes.iter().map(|code| code.title()).collect();
    let mut content = Content::new(Some(Ref::from_schema_name("Problem")));
    for code in codes {
        let mut example = Example::new();
        example.value = Some(code.example());
        content.examples.insert(code.name().to_owned(), RefOr::T(example));
    }
    let response =
        ResponseBuilder::new().description(titles.join("; ")).content("application/problem+json", content);
    let header = match codes {
        [Code::Unauthenticated] => Some("WWW-Authenticate"),
        [Code::Unavailable | Code::Recalculating] => Some("Retry-After"),
        _ => None,
    };
    match header {
        Some(name) => response.header(name, HeaderBuilder::new().build()).build(),
        None => response.build(),
    }
}
