//! `POST /api/events`: the platform tells what happened.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Payload};
use gamification_app::{
    Environment,
    commands::{RecordFactsError, record_facts},
    ports::{Queries, Store},
};
use gamification_domain::{FactRecord, Rejection, Verdict};
use serde::Serialize;

use super::delivery::{self, Delivery};
use crate::{
    auth::EventProducer,
    cloud_events::{EventContent, IncomingEvent, Rejected},
    deadline::within_deadline,
    problem::{FieldError, Problem},
};

#[derive(Serialize)]
struct EventsView {
    results: Vec<EventResult>,
    applied: usize,
    duplicate: usize,
    stale: usize,
    ignored: usize,
    rejected: usize,
}

#[derive(Serialize)]
struct EventResult {
    id: Option<String>,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Applied,
    Duplicate,
    Stale,
    Ignored,
    Rejected,
}

/// Answers after the commit: what it calls applied survives a crash.
pub(crate) async fn record<S: Store + Queries, E: Environment>(
    producer: EventProducer<S, E>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let now = producer.environment.now();
    let delivery = delivery::read(&request, payload, now).await?;
    let (events, is_single) = match delivery {
        Delivery::Single(event) => (vec![event], true),
        Delivery::Batch(events) => (events, false),
    };
    let facts: Vec<FactRecord> = events.iter().filter_map(fact).cloned().collect();
    let verdicts = if facts.is_empty() {
        Vec::new()
    } else {
        within_deadline(record_facts(&producer.store, &producer.environment, &facts)).await?
    };
    let outcomes = outcomes(events, verdicts);
    match outcomes.as_slice() {
        [(_, Err(rejected))] if is_single => Err(rejected.clone().into()),
        _ => Ok(answer(outcomes)),
    }
}

fn fact(event: &IncomingEvent) -> Option<&FactRecord> {
    match &event.content {
        Ok(EventContent::Fact(fact)) => Some(fact),
        Ok(EventContent::UnknownType) | Err(_) => None,
    }
}

type Outcome = (Option<String>, Result<Status, Rejected>);

/// Puts each verdict back to its event: there is one for each fact, in the order of the events.
fn outcomes(events: Vec<IncomingEvent>, verdicts: Vec<Verdict>) -> Vec<Outcome> {
    let mut verdicts = verdicts.into_iter();
    let outcome = |event: IncomingEvent| {
        let IncomingEvent { id, content } = event;
        let outcome = match content {
            Ok(EventContent::Fact(_)) => verdicts.next().map_or(Ok(Status::Ignored), judged),
            Ok(EventContent::UnknownType) => Ok(Status::Ignored),
            Err(rejected) => Err(rejected),
        };
        (id, outcome)
    };
    events.into_iter().map(outcome).collect()
}

fn judged(verdict: Verdict) -> Result<Status, Rejected> {
    match verdict {
        Verdict::Applied => Ok(Status::Applied),
        Verdict::Duplicate => Ok(Status::Duplicate),
        Verdict::Stale => Ok(Status::Stale),
        Verdict::Ignored => Ok(Status::Ignored),
        Verdict::Rejected(rejection) => {
            let pointer = match rejection {
                Rejection::CourseUnknown => "#/data/community_id",
                Rejection::Overflow(_) => "#/data",
            };
            Err(Rejected { pointer: pointer.to_owned(), detail: rejection.to_string() })
        }
    }
}

fn answer(outcomes: Vec<Outcome>) -> HttpResponse {
    let result = |(id, outcome): Outcome| match outcome {
        Ok(status) => EventResult { id, status, detail: None },
        Err(Rejected { detail, .. }) => EventResult { id, status: Status::Rejected, detail: Some(detail) },
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

impl From<Rejected> for Problem {
    fn from(Rejected { pointer, detail }: Rejected) -> Self {
        Self::validation(vec![FieldError { pointer, detail }])
    }
}

impl From<RecordFactsError> for Problem {
    fn from(error: RecordFactsError) -> Self {
        match error {
            RecordFactsError::Store(error) => error.into(),
        }
    }
}
