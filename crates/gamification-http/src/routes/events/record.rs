//! `POST /api/events`: the platform tells what happened.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};
use gamification_app::{
    Clock, EventCounts, EventMistake, EventMistakeKind, EventOutcome, EventStatus, IdGenerator,
    IncomingEvent,
    commands::{SendAgain, ingest_events},
    ports::{Queries, Store},
};
use gamification_domain::{EventType, Verdict};
use gamification_events::rejection_mistake;
use serde::Serialize;
use serde_json::Value;
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, OneOfBuilder, RefOr, Schema, Type},
};

use super::message::{self, EventMessage};
use crate::{
    auth::EventProducer,
    deadline::within_deadline,
    openapi::EventProblems,
    problem::{FieldCode, FieldError, Problem},
    state::Api,
};

/// A verdict for each event, in the order sent, and how many there are of each.
#[derive(Serialize, ToSchema)]
#[schema(as = EventResults, example = json!({
    "results": [
        {"id": "5d", "status": "applied"},
        {"id": "5e", "status": "rejected", "detail": "data.author_id is missing"}
    ],
    "applied": 1, "duplicate": 0, "stale": 0, "ignored": 0, "rejected": 1
}))]
pub(in crate::routes) struct EventsView {
    /// What became of each event, in the order sent
    results: Vec<EventResult>,
    /// How many changed points, a like or the directory
    applied: u64,
    /// How many told a fact that was recorded before
    duplicate: u64,
    /// How many told a change that a newer one had overtaken
    stale: u64,
    /// How many have no effect: of a type that means nothing here, or by the rules
    ignored: u64,
    /// How many are not recorded; `detail` says why
    rejected: u64,
}

/// What became of one event.
#[derive(Serialize, ToSchema)]
struct EventResult {
    /// The event's `id`; `null` when it has none
    #[schema(required)]
    id: Option<String>,
    status: Status,
    /// `capped` where a cap of the community's rules left less of its points, or why it was rejected
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// An event of the platform (CloudEvents 1.0, structured).
// Read by hand, so that each event is judged on its own.
#[derive(ToSchema)]
#[schema(example = json!({
    "specversion": "1.0", "id": "5d", "source": "/community", "type": "PostLiked", "time": "2026-11-22T10:00:00Z",
    "data": {
        "community_id": "0192f0c1-5c1e-7f4e-8f4b-000000000c00", "post_id": "0192f0c1-5c1e-7f4e-8f4b-000000000b0b",
        "user_id": "0192f0c1-5c1e-7f4e-8f4b-000000000001", "author_id": "0192f0c1-5c1e-7f4e-8f4b-000000000ada"
    }
}))]
#[expect(dead_code, reason = "it is a description")]
pub(in crate::routes) struct CloudEvent {
    /// The version of CloudEvents: 1.0
    #[schema(pattern = "^1\\.0$")]
    specversion: String,
    /// Breaks ties between changes of one moment; never used to tell whether a fact is known
    #[schema(min_length = 1, max_length = 255, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$")]
    id: String,
    /// Where the event comes from, as CloudEvents ask for it; it is not kept
    #[schema(min_length = 1)]
    source: String,
    #[schema(schema_with = event_type)]
    r#type: String,
    /// When it happened (RFC 3339); in the future, or left out, it counts as the moment of receipt
    #[schema(format = DateTime)]
    time: Option<String>,
    /// Decides which of two changes is newer, where events carry it
    #[schema(schema_with = sequence)]
    sequence: Option<String>,
    /// What happened: an object whose fields depend on the type
    #[schema(required = false)]
    data: Value,
}

fn event_type() -> impl Into<RefOr<Schema>> {
    let names: Vec<_> = EventType::ALL.iter().map(|event_type| format!("`{event_type}`")).collect();
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .description(Some(format!("{}; others are ignored", names.join(", "))))
}

/// A text, as CloudEvents has it, or a number.
fn sequence() -> impl Into<RefOr<Schema>> {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(64))
        .pattern(Some("^[^\\x00-\\x1f\\x7f-\\x9f]+$"));
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(i64::MAX));
    OneOfBuilder::new()
        .item(text)
        .item(number)
        .item(ObjectBuilder::new().schema_type(Type::Null))
        .description(Some("Decides which of two changes is newer, where events carry it"))
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    Applied,
    Duplicate,
    Stale,
    Ignored,
    Rejected,
}

/// Takes events in
///
/// The token's `scope` must contain `gamification:events:write`. One event, structured (`application/cloudevents+json`)
/// or binary (`application/json` with `ce-*` headers), or a batch of up to 1,000, in 4 MiB at most.
/// Answers after the commit: what is called applied survives a crash.
#[utoipa::path(
    post, path = "/api/events", tag = "events", operation_id = "record_events",
    request_body(content(
        (CloudEvent = "application/cloudevents+json"),
        (Vec<Value> = "application/cloudevents-batch+json")
    )),
    responses(
        (status = 200, description = "No event was rejected", body = EventsView),
        (status = 207, description = "Some events of a batch were rejected; the others count", body = EventsView),
        EventProblems
    ),
    security(("bearer" = []))
)]
pub(in crate::routes) async fn handle<S: Store + Queries, E: Clock + IdGenerator>(
    _: EventProducer,
    api: Data<Api<S, E>>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let now = api.system.now();
    let EventMessage { events, is_batch } = message::read(&request, payload, now).await?;
    let outcomes = within_deadline(ingest_events(&api.facts, &events)).await?;
    let problem = outcomes.first().filter(|_| !is_batch).and_then(problem);
    problem.map_or_else(|| Ok(answer(events, &outcomes)), Err)
}

fn answer(events: Vec<IncomingEvent>, outcomes: &[EventOutcome]) -> HttpResponse {
    let results = events.into_iter().zip(outcomes).map(|(event, outcome)| EventResult {
        id: event.id,
        status: outcome.status().into(),
        detail: outcome.detail(),
    });
    let EventCounts { applied, duplicate, stale, ignored, rejected } = outcomes.iter().collect();
    let view = EventsView { results: results.collect(), applied, duplicate, stale, ignored, rejected };
    let status = if rejected == 0 { StatusCode::OK } else { StatusCode::MULTI_STATUS };
    HttpResponse::build(status).json(view)
}

impl From<EventStatus> for Status {
    fn from(status: EventStatus) -> Self {
        match status {
            EventStatus::Applied => Self::Applied,
            EventStatus::Duplicate => Self::Duplicate,
            EventStatus::Stale => Self::Stale,
            EventStatus::Ignored => Self::Ignored,
            EventStatus::Rejected => Self::Rejected,
        }
    }
}

/// What is wrong with an event that came alone.
fn problem(outcome: &EventOutcome) -> Option<Problem> {
    let EventMistake { kind, pointer, detail } = match outcome {
        EventOutcome::Invalid(mistake) => mistake.clone(),
        EventOutcome::Judged(Verdict::Rejected(rejection)) => rejection_mistake(*rejection),
        EventOutcome::Internal => return Some(Problem::internal()),
        EventOutcome::Judged(
            Verdict::Applied | Verdict::Capped | Verdict::Duplicate | Verdict::Stale | Verdict::Ignored,
        )
        | EventOutcome::UnknownType => return None,
    };
    let code = match kind {
        EventMistakeKind::Missing => FieldCode::Required,
        EventMistakeKind::Invalid => FieldCode::Invalid,
        EventMistakeKind::Repeated => FieldCode::Repeated,
        EventMistakeKind::CourseUnknown => FieldCode::CourseUnknown,
        EventMistakeKind::TotalTooLarge => FieldCode::TotalTooLarge,
    };
    Some(Problem::validation(vec![FieldError::new(pointer, code, detail)]))
}

/// What was recorded of the request is known when it comes again.
impl From<SendAgain> for Problem {
    fn from(_: SendAgain) -> Self {
        Self::unavailable()
    }
}
