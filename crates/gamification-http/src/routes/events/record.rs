//! `POST /api/events`: the platform tells what happened.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};
use gamification_app::{
    Clock, EventContent, EventMistake, IdGenerator, IncomingEvent, RecordError, Recorded,
    count_ignored_event, count_rejected_event,
    ports::{Queries, Store},
};
use gamification_domain::{FactRecord, Verdict};
use gamification_events::rejection_mistake;
use serde::Serialize;
use serde_json::Value;
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, OneOfBuilder, RefOr, Schema, Type},
};

use super::delivery::{self, Delivery};
use crate::{
    auth::EventProducer,
    deadline::within_deadline,
    openapi::EventProblems,
    problem::{FieldError, Problem},
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
    results: Vec<EventResult>,
    applied: usize,
    duplicate: usize,
    stale: usize,
    ignored: usize,
    rejected: usize,
}

/// What became of one event.
#[derive(Serialize, ToSchema)]
struct EventResult {
    /// The event's `id`; `null` when it has none
    #[schema(required)]
    id: Option<String>,
    status: Status,
    /// Why it was rejected
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
    #[schema(pattern = "^1\\.0$")]
    specversion: String,
    /// Breaks ties between changes of one moment; never used to tell whether a fact is known
    #[schema(min_length = 1, max_length = 255, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$")]
    id: String,
    #[schema(min_length = 1)]
    source: String,
    /// `PostCreated`, `CommentAdded`, `PostLiked`, `PostUnliked`, `CommentLiked`, `CommentUnliked`, `LessonCompleted`,
    /// `CommunityCreated`, `MemberJoined`, `MemberRoleChanged`, `MemberLeft`, `CourseCreated`, `CourseDeleted`; others
    /// are ignored
    #[schema(min_length = 1)]
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
    let Delivery { events, is_batch } = delivery::read(&request, payload, now).await?;
    let facts: Vec<FactRecord> = events.iter().filter_map(fact).cloned().collect();
    let recorded = within_deadline(async {
        let recorded = api.facts.record(facts).await;
        match recorded.iter().find_map(must_be_sent_again) {
            Some(record_error) => Err(record_error),
            None => Ok(recorded),
        }
    });
    let outcomes = outcomes(events, recorded.await?);
    match outcomes.as_slice() {
        [(_, Err(refused))] if !is_batch => Err(refused.clone().into()),
        _ => Ok(answer(outcomes)),
    }
}

/// What the rest of the request has to come again for. What was recorded of it is known then.
fn must_be_sent_again(recorded: &Recorded) -> Option<RecordError> {
    recorded.err().filter(|record_error| *record_error != RecordError::Internal)
}

fn fact(event: &IncomingEvent) -> Option<&FactRecord> {
    match &event.content {
        EventContent::Fact(fact) => Some(fact),
        EventContent::UnknownType | EventContent::Invalid { .. } => None,
    }
}

/// Why an event counts as rejected.
#[derive(Clone)]
enum Refused {
    /// It is not understandable, or contradicts what is known.
    Rejected(EventMistake),
    /// It is us who can't record it.
    Fault,
}

type Outcome = (Option<String>, Result<Status, Refused>);

/// Puts what became of each fact back to its event: there is one for each, in the order of the events. Events that never
/// became facts are counted here, as the others were when they were recorded.
fn outcomes(events: Vec<IncomingEvent>, recorded: Vec<Recorded>) -> Vec<Outcome> {
    let mut recorded = recorded.into_iter();
    let outcome = |event: IncomingEvent| {
        let IncomingEvent { id, content } = event;
        let outcome = match content {
            EventContent::Fact(_) => match recorded.next() {
                Some(Ok(verdict)) => judged(verdict).map_err(Refused::Rejected),
                Some(Err(_)) | None => Err(Refused::Fault),
            },
            EventContent::UnknownType => {
                count_ignored_event();
                Ok(Status::Ignored)
            }
            EventContent::Invalid { event_type, mistake } => {
                count_rejected_event(event_type);
                Err(Refused::Rejected(mistake))
            }
        };
        (id, outcome)
    };
    events.into_iter().map(outcome).collect()
}

fn judged(verdict: Verdict) -> Result<Status, EventMistake> {
    match verdict {
        Verdict::Applied => Ok(Status::Applied),
        Verdict::Duplicate => Ok(Status::Duplicate),
        Verdict::Stale => Ok(Status::Stale),
        Verdict::Ignored => Ok(Status::Ignored),
        Verdict::Rejected(rejection) => Err(rejection_mistake(rejection)),
    }
}

fn answer(outcomes: Vec<Outcome>) -> HttpResponse {
    let result = |(id, outcome): Outcome| match outcome {
        Ok(status) => EventResult { id, status, detail: None },
        Err(refused) => {
            let detail = match refused {
                Refused::Rejected(EventMistake { detail, .. }) => detail,
                Refused::Fault => RecordError::Internal.to_string(),
            };
            EventResult { id, status: Status::Rejected, detail: Some(detail) }
        }
    };
    let results: Vec<EventResult> = outcomes.into_iter().map(result).collect();
    let count = |status| results.iter().filter(|result| result.status == status).count();
    let view = EventsView {
        applied: count(Status::Applied),
        duplicate: count(Status::Duplicate),
        stale: count(Status::Stale),
        ignored: count(Status::Ignored),
        rejected: count(Status::Rejected),
        results,
    };
    let status = if view.rejected == 0 { StatusCode::OK } else { StatusCode::MULTI_STATUS };
    HttpResponse::build(status).json(view)
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Rejected(EventMistake { pointer, detail }) => {
                Self::validation(vec![FieldError { pointer, detail }])
            }
            Refused::Fault => RecordError::Internal.into(),
        }
    }
}

impl From<RecordError> for Problem {
    fn from(record_error: RecordError) -> Self {
        match record_error {
            RecordError::QueueFull | RecordError::Unavailable => Self::unavailable(),
            RecordError::Internal => Self::internal(),
        }
    }
}
