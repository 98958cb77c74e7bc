//! `GET /api/communities/{community_id}/stream`: what happens in a community, as it happens.

use std::{convert::Infallible, pin::Pin, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName},
    },
    web::{Bytes, Data},
};
use futures_util::{Stream, stream};
use gamification_app::{
    Clock, EventStream, IdGenerator, Streamed, TooManyStreams,
    ports::{PendingEvent, Queries, Store},
    queries::get_community,
};
use gamification_events::outgoing_event;
use tokio::time::{Interval, MissedTickBehavior, Sleep, interval, sleep};

use crate::{
    auth::WatchedBy,
    deadline::within_deadline,
    openapi::{CommunityParameter, ReadProblems},
    path::CommunityPath,
    problem::Problem,
    state::{Api, Draining},
};

/// Proxies close connections on which nothing is sent for half a minute or a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What asks nginx, and those who follow it, to send each message on at once.
const UNBUFFERED: (HeaderName, &str) = (HeaderName::from_static("x-accel-buffering"), "no");

/// An event as streams send it (<https://html.spec.whatwg.org/multipage/server-sent-events.html>): the CloudEvent that a
/// webhook gets. `None` only by a mistake of ours, which is logged.
#[must_use]
pub fn stream_message(event: &PendingEvent) -> Option<Bytes> {
    match outgoing_event(event) {
        // JSON has no line breaks but escaped ones.
        Ok(data) => {
            let (name, id) = (event.event.name(), event.sequence);
            Some(Bytes::from(format!("event: {name}\nid: {id:019}\ndata: {data}\n\n")))
        }
        Err(error) => {
            tracing::error!(%error, "an event can't be written");
            None
        }
    }
}

/// What happens in a community, as it happens
///
/// Server-sent events for pages that are open: each message is the CloudEvent that a webhook gets, its `event` the type, its
/// `id` the sequence. The first is `reset`, and another comes whenever something may have been missed: read again what you
/// show. A stream ends when its token expires, when its user leaves the community, and when the server stops.
#[utoipa::path(
    get, path = "/api/communities/{community_id}/stream", tag = "communities", operation_id = "stream",
    params(CommunityParameter),
    responses(
        (status = 200, description = "Messages, without an end", body = String, content_type = "text/event-stream"),
        ReadProblems
    ),
    security(("bearer" = []))
)]
pub(in crate::routes) async fn handle<S: Store + Queries, E: Clock + IdGenerator>(
    WatchedBy { reader, valid_for }: WatchedBy,
    path: CommunityPath,
    api: Data<Api<S, E>>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let CommunityPath { community_id } = path;
    within_deadline(get_community(&api.store, community_id, reader)).await?;
    if api.draining.has_begun() {
        return Err(Problem::unavailable());
    }
    let stream = api.streams.open(community_id, reader.user_id())?;
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(UNBUFFERED);
    if request.method() == Method::HEAD {
        return Ok(answer.finish());
    }
    Ok(answer.streaming(messages(stream, valid_for, api.draining.clone())))
}

impl From<TooManyStreams> for Problem {
    fn from(_: TooManyStreams) -> Self {
        Self::unavailable()
    }
}

/// An open stream, and what it ends by.
struct Open {
    stream: EventStream<Bytes>,
    heartbeat: Interval,
    expired: Pin<Box<Sleep>>,
    draining: Draining,
}

fn messages(
    stream: EventStream<Bytes>,
    valid_for: Duration,
    draining: Draining,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.reset();
    let open = Open { stream, heartbeat, expired: Box::pin(sleep(valid_for)), draining };
    stream::unfold(open, async |mut open| {
        let message = tokio::select! {
            biased;
            () = &mut open.expired => return None,
            () = open.draining.begun() => return None,
            streamed = open.stream.next() => match streamed? {
                Streamed::Event(message) => message,
                Streamed::Reset => Bytes::from_static(b"event: reset\ndata: {}\n\n"),
            },
            _ = open.heartbeat.tick() => Bytes::from_static(b": still here\n\n"),
        };
        Some((Ok(message), open))
    })
}
