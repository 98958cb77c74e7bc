//! `GET /api/communities/{community_id}/members/{user_id}/points`: how a member came to their points.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use gamification_app::{
    Clock, IdGenerator,
    ports::{
        HistoryEntry, HistoryOrder, HistoryPage, HistoryPosition, HistoryRange, PageSize, Queries, Store,
    },
    queries::get_point_history,
};
use gamification_domain::{PointSource, PointTransactionId};
use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::datetime};
use utoipa::{
    IntoParams, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};
use uuid::Uuid;

use crate::{
    auth::ReadBy,
    conditional, cursor,
    deadline::within_deadline,
    openapi::{CommunityParameter, IfNoneMatch, NotModified, ReadProblems, UserParameter},
    path::{MemberPath, number, parameter},
    problem::Problem,
    state::Api,
};

/// Which part of a history is asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is a description")]
struct HistoryParameters {
    /// How many entries the answer has at most
    #[param(required = false, minimum = 1, maximum = 100, default = 20)]
    limit: u8,
    /// The `next_cursor` of the answer before; without it, the newest entries
    #[param(required = false, min_length = 32, max_length = 32, pattern = "^[A-Za-z0-9_-]{32}$")]
    cursor: String,
    /// Only entries for this source; where it is missing, those for all sources
    #[param(required = false, schema_with = source)]
    source: String,
}

/// A part of a member's history, newest entry first.
#[derive(Serialize, ToSchema)]
#[schema(as = PointHistory)]
pub(in crate::routes) struct PointHistoryView {
    /// The entries; where one source was asked for, maybe fewer than `limit` although others follow
    #[schema(max_items = 100)]
    entries: Vec<EntryView>,
    /// Where the next part begins; `null` at the end, and only there
    #[schema(required)]
    next_cursor: Option<String>,
}

/// An entry of the ledger.
#[derive(Serialize, ToSchema)]
#[schema(as = PointHistoryEntry, example = json!({
    "id": "01a2034c-db3b-72e4-9b68-62b28dedf984", "points": 1, "source": "post_liked",
    "source_id": "0192f0c1-5c1e-7f4e-8f4b-000000000b0b", "actor_id": "0192f0c1-5c1e-7f4e-8f4b-000000000003",
    "occurred_at": "2026-11-22T10:00:00Z", "recorded_at": "2026-11-22T10:00:00.125Z", "total_after": 45,
    "capped": false, "reason": null
}))]
pub(in crate::routes) struct EntryView {
    /// The id of the entry, by which histories are ordered
    id: Uuid,
    /// By how much the total changed; below 0 for what was taken back
    points: i32,
    #[schema(schema_with = source)]
    source: &'static str,
    /// The post, comment, lesson or adjustment
    source_id: Uuid,
    /// The author, the liker, the member who completed the lesson, or who adjusted the points; `null` for a service that
    /// names no user
    #[schema(required)]
    actor_id: Option<Uuid>,
    /// When it happened, by the event that told it; never after `recorded_at`
    #[schema(format = DateTime)]
    occurred_at: String,
    /// When it was recorded, by the clock of the server
    #[schema(format = DateTime)]
    recorded_at: String,
    /// The member's total after it, whatever else the answer shows
    #[schema(minimum = 0)]
    total_after: i32,
    /// Whether a cap of the community's rules left less of it than it is worth
    capped: bool,
    /// Why, where a person changed the points; else `null`
    #[schema(required)]
    reason: Option<String>,
}

fn source() -> impl Into<RefOr<Schema>> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(PointSource::ALL.map(PointSource::as_str)))
        .description(Some("What the points are for"))
}

impl From<HistoryEntry> for EntryView {
    fn from(entry: HistoryEntry) -> Self {
        let HistoryEntry {
            id,
            change,
            source,
            source_id,
            actor_id,
            occurred_at,
            recorded_at,
            total_after,
            is_capped,
            reason,
        } = entry;
        Self {
            id: id.as_uuid(),
            points: change.signed(),
            source: source.as_str(),
            source_id: source_id.as_uuid(),
            actor_id: Some(actor_id.as_uuid()).filter(|actor_id| !actor_id.is_nil()),
            occurred_at: rfc3339(occurred_at),
            recorded_at: rfc3339(recorded_at),
            total_after: total_after.get(),
            capped: is_capped,
            reason: reason.map(|reason| reason.as_str().to_owned()),
        }
    }
}

impl From<HistoryPage> for PointHistoryView {
    fn from(HistoryPage { entries, next }: HistoryPage) -> Self {
        let entries = entries.into_iter().map(EntryView::from).collect();
        Self { entries, next_cursor: next.map(|place| cursor::write(&written(place))) }
    }
}

/// A time as RFC 3339 has it, whose first year is 0; in UTC, an event of that year may have happened before.
pub(super) fn rfc3339(time: OffsetDateTime) -> String {
    time.max(datetime!(0000-01-01 00:00 UTC)).format(&Rfc3339).unwrap_or_default()
}

/// How a member came to their points
///
/// For members themselves, for admins, and for services. A member who left is still shown to admins and services. Newest
/// entry first, in the order in which they were recorded: what is recorded while pages are read is not among the
/// older entries that follow.
///
/// With `source`, an answer may have fewer entries than `limit`, or none, although others follow: `next_cursor` says so.
#[utoipa::path(
    get, path = "/api/communities/{community_id}/members/{user_id}/points", tag = "levels",
    operation_id = "point_history",
    params(CommunityParameter, UserParameter, HistoryParameters, IfNoneMatch),
    responses(
        (status = 200, description = "Entries, newest first", body = PointHistoryView,
         headers(("ETag" = String, description = "Serves `If-None-Match`"))),
        NotModified, ReadProblems
    ),
    security(("bearer" = []))
)]
pub(in crate::routes) async fn handle<S: Store + Queries, E: Clock + IdGenerator>(
    ReadBy(reader): ReadBy,
    path: MemberPath,
    api: Data<Api<S, E>>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let MemberPath { community_id, user_id } = path;
    let get = get_point_history(&api.store, community_id, reader, user_id, range(&request)?);
    let history = within_deadline(get).await?;
    conditional::answer(&request, None, &PointHistoryView::from(history.page))
}

fn range(request: &HttpRequest) -> Result<HistoryRange, Problem> {
    let after = cursor::read(request, understood)?;
    let source = parameter(request, "source").map(|name| name.parse()).transpose();
    let source = source.map_err(|_| Problem::bad_request("source must be a source of points"))?;
    let size = number(request, "limit", 1..=100)?.and_then(PageSize::new).unwrap_or_default();
    Ok(HistoryRange { after, order: HistoryOrder::NewestFirst, source, size })
}

/// A place in bytes: entry, total.
fn written(HistoryPosition { entry, total }: HistoryPosition) -> Vec<u8> {
    [entry.as_uuid().as_bytes().as_slice(), &total.to_be_bytes()].concat()
}

/// The place that bytes encode; `None` when they can't be ours. Who makes some up is told wrong totals, of entries that
/// they may see.
fn understood(bytes: &[u8]) -> Option<HistoryPosition> {
    let (entry, total) = bytes.split_first_chunk()?;
    let total = i64::from_be_bytes(total.try_into().ok()?);
    // Beyond them there is no total, and sums could leave the range of their type.
    i32::try_from(total).ok()?;
    Some(HistoryPosition { entry: PointTransactionId::new(Uuid::from_bytes(*entry)), total })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(total: i64) -> HistoryPosition {
        HistoryPosition { entry: PointTransactionId::new(Uuid::from_u128(u128::MAX / 3)), total }
    }

    #[test]
    fn a_place_is_understood_as_it_was_written_and_nothing_else_is() {
        for total in [0, 1, -1, 2_147_483_647, -2_147_483_648] {
            let bytes = written(place(total));
            assert_eq!(understood(&bytes), Some(place(total)));
            assert_eq!(understood(&bytes[1..]), None);
            assert_eq!(understood(&[bytes, vec![0]].concat()), None);
        }
        for total in [2_147_483_648, -2_147_483_649, i64::MAX, i64::MIN] {
            assert_eq!(understood(&written(place(total))), None, "{total}");
        }
        assert_eq!(understood(&[]), None);
    }

    #[test]
    fn times_before_the_first_year_are_shown_as_its_beginning() {
        assert_eq!(rfc3339(datetime!(-0001-12-31 23:00 UTC)), "0000-01-01T00:00:00Z");
        assert_eq!(rfc3339(datetime!(2026-11-22 10:00:00.125 UTC)), "2026-11-22T10:00:00.125Z");
    }
}
