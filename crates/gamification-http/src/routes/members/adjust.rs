//! `POST /api/communities/{community_id}/members/{user_id}/points/adjustments`: a person adds points or takes them away.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::CACHE_CONTROL},
    web::{Data, Payload},
};
use gamification_app::{
    Clock, IdGenerator, RecordError,
    commands::{AdjustPoints, AdjustPointsError, PointsAdjusted, adjust_points},
    ports::{Queries, Store},
    queries::authorize_adjuster,
};
use gamification_domain::{Adjustment, AdjustmentReason, AdjustmentReasonError, EventId, InvalidAdjustment};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::history::EntryView;
use crate::{
    auth::AdjustedBy,
    body,
    deadline::Deadline,
    openapi::{AdjustmentProblems, CommunityParameter, UserParameter},
    path::MemberPath,
    problem::{FieldCode, FieldError, Problem},
    routes::settings::{unknown_fields, whole_number},
    state::Api,
};

/// Points to add or take away, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PointsAdjustment, example = json!({"points": 10, "reason": "Organised the meetup"}))]
#[expect(dead_code, reason = "it is a description")]
pub(in crate::routes) struct AdjustmentRequest {
    /// Below 0 takes points away, as far as there are any; not 0
    #[schema(minimum = -2_147_483_647, maximum = 2_147_483_647)]
    points: i32,
    /// Plain text; tags and entities are cleaned away
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// Adjust a member's points
///
/// For admins of the community, and for services with the scope `gamification:adjust`. The same request with the same
/// `Idempotency-Key` is answered with the same entry, however often it comes. A total never goes below 0: `points` of the
/// entry is what was really taken. The level follows the points up, and never down.
#[utoipa::path(
    post, path = "/api/communities/{community_id}/members/{user_id}/points/adjustments", tag = "levels",
    operation_id = "adjust_points",
    params(
        CommunityParameter, UserParameter,
        ("Idempotency-Key" = String, Header, description = "What tells this adjustment from others of the member",
         min_length = 1, max_length = 255, pattern = "^[!-~]([ -~]*[!-~])?$")
    ),
    request_body = AdjustmentRequest,
    responses(
        (status = 201, description = "The entry that it made", body = EntryView),
        (status = 200, description = "The entry that the same request made before", body = EntryView),
        AdjustmentProblems
    ),
    security(("bearer" = []))
)]
pub(in crate::routes) async fn handle<S: Store + Queries, E: Clock + IdGenerator>(
    AdjustedBy(adjuster): AdjustedBy,
    path: MemberPath,
    api: Data<Api<S, E>>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let MemberPath { community_id, user_id } = path;
    let mut deadline = Deadline::start();
    deadline.keep(authorize_adjuster(&api.store, community_id, adjuster)).await?;
    let idempotency_key = idempotency_key(&request)?;
    let body = deadline.await_sender(body::read_settings(request.headers(), payload)).await?;
    let adjustment = adjustment(&body).map_err(Problem::validation)?;
    let asked = AdjustPoints { community_id, user_id, adjuster, idempotency_key, adjustment };
    let adjusted = deadline.keep(adjust_points(&api.store, &api.facts, &api.system, asked)).await?;
    let PointsAdjusted { entry, is_new } = adjusted;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(HttpResponse::build(status).insert_header((CACHE_CONTROL, "no-store")).json(EntryView::from(entry)))
}

/// What tells the request from others, as other APIs have it.
fn idempotency_key(request: &HttpRequest) -> Result<EventId, Problem> {
    const NAME: &str = "Idempotency-Key";
    if request.headers().get_all(NAME).nth(1).is_some() {
        return Err(Problem::bad_request(format!("{NAME} is there twice")));
    }
    let header =
        request.headers().get(NAME).ok_or_else(|| Problem::bad_request(format!("{NAME} is missing")))?;
    let key = header.to_str().ok().and_then(|key| EventId::parse(key.trim()).ok());
    key.ok_or_else(|| Problem::bad_request(format!("{NAME} must be 1 to 255 characters of ASCII")))
}

fn adjustment(body: &Value) -> Result<Adjustment, Vec<FieldError>> {
    let Value::Object(body) = body else {
        return Err(vec![FieldError::new("#", FieldCode::Invalid, "The body must be a JSON object")]);
    };
    let points =
        points(body.get("points")).map_err(|(code, detail)| FieldError::new("#/points", code, detail));
    let reason =
        reason(body.get("reason")).map_err(|(code, detail)| FieldError::new("#/reason", code, detail));
    let unknown = unknown_fields(body, &["points", "reason"], "#");
    match (points, reason) {
        (Ok(points), Ok(reason)) if unknown.is_empty() => Adjustment::new(points, reason).map_err(|error| {
            vec![FieldError::new("#/points", FieldCode::Invalid, format!("Points {error}"))]
        }),
        (points, reason) => Err(points.err().into_iter().chain(reason.err()).chain(unknown).collect()),
    }
}

fn points(value: Option<&Value>) -> Result<i64, (FieldCode, String)> {
    let value = value.ok_or_else(|| (FieldCode::Required, "Points are required".to_owned()))?;
    whole_number(value).ok_or_else(|| (FieldCode::Invalid, format!("Points {InvalidAdjustment}")))
}

fn reason(value: Option<&Value>) -> Result<AdjustmentReason, (FieldCode, String)> {
    let text = match value {
        None => return Err((FieldCode::Required, "Reason is required".to_owned())),
        Some(value) => value.as_str(),
    };
    let text = text.ok_or_else(|| (FieldCode::Invalid, "Reason must be text".to_owned()))?;
    AdjustmentReason::parse(text).map_err(|error| {
        let code = match error {
            AdjustmentReasonError::InvisibleCharacter { .. } | AdjustmentReasonError::NestedTooDeeply => {
                FieldCode::Invalid
            }
            AdjustmentReasonError::Required => FieldCode::Required,
            AdjustmentReasonError::TooLong { .. } => FieldCode::TooLong,
        };
        (code, format!("Reason {error}"))
    })
}

impl From<AdjustPointsError> for Problem {
    fn from(error: AdjustPointsError) -> Self {
        let detail = error.to_string();
        let mistake = |pointer, code| Self::validation(vec![FieldError::new(pointer, code, detail)]);
        match error {
            AdjustPointsError::Read(error) => error.into(),
            AdjustPointsError::Overflow(_) => mistake("#/points", FieldCode::TotalTooLarge),
            AdjustPointsError::KeyReused => mistake("#", FieldCode::KeyReused),
            AdjustPointsError::NotRecorded(RecordError::Internal) => Self::internal(),
            AdjustPointsError::NotRecorded(RecordError::QueueFull | RecordError::Unavailable) => {
                Self::unavailable()
            }
        }
    }
}
