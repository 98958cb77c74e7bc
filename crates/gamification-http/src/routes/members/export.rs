//! `GET /api/communities/{community_id}/members/{user_id}/export`: what is stored about a member, to take along.

use std::{mem, time::Duration};

use actix_web::{
    Error, HttpRequest, HttpResponse,
    http::{
        Method,
        header::{CACHE_CONTROL, ContentType},
    },
    web::{Bytes, Data},
};
use futures_util::{Stream, stream};
use gamification_app::{
    Clock, IdGenerator,
    ports::{GivenLike, Queries, Store, StoredMembership},
    queries::{ExportPart, ExportedMember, ExportedPlace, MemberExport, MemberLevel, export_member},
};
use gamification_domain::{CommunityId, Content, Leaderboard, Profile, UserId};
use serde::Serialize;
use time::OffsetDateTime;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout_at},
};
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};
use uuid::Uuid;

use super::history::{EntryView, rfc3339};
use crate::{
    auth::WatchedBy,
    deadline::within_deadline,
    openapi::{CommunityParameter, ReadProblems, UserParameter, role},
    path::MemberPath,
    problem::Problem,
    state::Api,
};

/// How many exports of a process read at the same moment: each goes through all likes of a community, and requests that
/// clients wait for come first.
static READING: Semaphore = Semaphore::const_new(2);

/// How many exports of a process are under way, at most: each of them may wait for its turn.
static UNDER_WAY: Semaphore = Semaphore::const_new(32);

/// How long an export may take, where its token does not expire before.
const TIME: Duration = Duration::from_secs(3_600);

/// All that is stored about a member.
#[derive(Serialize, ToSchema)]
#[schema(as = MemberExport)]
pub(in crate::routes) struct ExportView {
    #[serde(flatten)]
    head: HeadView,
    /// Their ledger, oldest entry first
    ledger: Vec<EntryView>,
    /// The likes that they gave, by post or comment; those that they got are in the ledger
    likes_given: Vec<LikeView>,
}

/// What an export begins with: the member, their points, and their places.
#[derive(Serialize, ToSchema)]
#[schema(as = MemberExportHead)]
struct HeadView {
    /// The community, by its id on the platform
    community_id: Uuid,
    /// The member, by their id on the platform
    user_id: Uuid,
    /// When the export began
    #[schema(format = DateTime)]
    exported_at: String,
    /// What the directory has of them; `null` for a user who earned points and was never in it
    #[schema(required)]
    membership: Option<MembershipView>,
    /// The sum of their ledger, 0 or more
    #[schema(minimum = 0)]
    total_points: i32,
    /// The level they have reached, 1 to 9: a level once reached stays
    #[schema(minimum = 1, maximum = 9)]
    level: u8,
    /// The name of that level in the community, 1 to 30 characters
    level_name: String,
    /// The boards that they have a place on
    #[schema(max_items = 3)]
    leaderboards: Vec<PlaceView>,
}

/// A membership as the directory has it.
#[derive(Serialize, ToSchema)]
#[schema(as = ExportedMembership)]
struct MembershipView {
    /// Whether they are a member now
    is_present: bool,
    /// When they joined, or left, by the newest event about that; `null` where none told it
    #[schema(required, format = DateTime)]
    changed_at: Option<String>,
    /// When an event first told of them
    #[schema(format = DateTime)]
    known_since: String,
    #[schema(schema_with = role)]
    role: &'static str,
    /// The name that the platform told of them; `null` where it told none
    #[schema(required)]
    display_name: Option<String>,
    /// The address of their picture; `null` where the platform told none
    #[schema(required)]
    avatar_url: Option<String>,
    /// Whether others see them on leaderboards
    listed: bool,
}

/// A place on a board.
#[derive(Serialize, ToSchema)]
#[schema(as = ExportedPlace)]
struct PlaceView {
    #[schema(schema_with = leaderboard)]
    leaderboard: &'static str,
    /// Their rank on the board, from 1
    #[schema(minimum = 1)]
    rank: u64,
    /// Their points in the board's window of time
    #[schema(minimum = 0)]
    points: i64,
}

/// A like that was given, or taken back.
#[derive(Serialize, ToSchema)]
#[schema(as = GivenLike)]
struct LikeView {
    #[schema(schema_with = content)]
    content: &'static str,
    /// The post or comment, by its id on the platform
    content_id: Uuid,
    /// Who holds its point; `null` where it was taken back
    #[schema(required)]
    author_id: Option<Uuid>,
    /// When it was given or taken back
    #[schema(format = DateTime)]
    changed_at: String,
}

fn leaderboard() -> impl Into<RefOr<Schema>> {
    let names = Leaderboard::ALL.map(Leaderboard::as_str);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names))
}

fn content() -> impl Into<RefOr<Schema>> {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["post", "comment"]))
}

impl HeadView {
    fn of(community_id: CommunityId, exported_at: OffsetDateTime, member: ExportedMember) -> Self {
        let ExportedMember { member, membership, places } = member;
        let MemberLevel { user_id, level, level_name, total_points, progress: _ } = member;
        Self {
            community_id: community_id.as_uuid(),
            user_id: user_id.as_uuid(),
            exported_at: rfc3339(exported_at),
            membership: membership.map(MembershipView::from),
            total_points: total_points.get(),
            level: level.get(),
            level_name: level_name.into(),
            leaderboards: places.into_iter().map(PlaceView::from).collect(),
        }
    }
}

impl From<StoredMembership> for MembershipView {
    fn from(membership: StoredMembership) -> Self {
        let StoredMembership { is_present, changed_at, known_since, role, profile } = membership;
        let Profile { display_name, avatar_url, is_listed } = profile;
        Self {
            is_present,
            changed_at: changed_at.map(rfc3339),
            known_since: rfc3339(known_since),
            role: role.as_str(),
            display_name: display_name.map(|name| name.as_str().to_owned()),
            avatar_url: avatar_url.map(|url| url.as_str().to_owned()),
            listed: is_listed,
        }
    }
}

impl From<ExportedPlace> for PlaceView {
    fn from(ExportedPlace { leaderboard, rank, points }: ExportedPlace) -> Self {
        Self { leaderboard: leaderboard.as_str(), rank, points }
    }
}

impl From<GivenLike> for LikeView {
    fn from(GivenLike { content, author_id, changed_at }: GivenLike) -> Self {
        let (content, content_id) = match content {
            Content::Post(id) => ("post", id.as_uuid()),
            Content::Comment(id) => ("comment", id.as_uuid()),
        };
        let author_id = author_id.map(UserId::as_uuid);
        Self { content, content_id, author_id, changed_at: rfc3339(changed_at) }
    }
}

/// All that is stored about a member
///
/// For members themselves, for admins, and for services; a member who left, for admins and services. One document, which is
/// sent as it is read: one that can't be read to its end ends in the middle, and is no JSON.
#[utoipa::path(
    get, path = "/api/communities/{community_id}/members/{user_id}/export", tag = "levels",
    operation_id = "export_member",
    params(CommunityParameter, UserParameter),
    responses((status = 200, description = "The document", body = ExportView), ReadProblems),
    security(("bearer" = []))
)]
pub(in crate::routes) async fn handle<S: Store + Queries, E: Clock + IdGenerator>(
    WatchedBy { reader, valid_for }: WatchedBy,
    path: MemberPath,
    api: Data<Api<S, E>>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let MemberPath { community_id, user_id } = path;
    let place = UNDER_WAY.try_acquire().map_err(|_| Problem::unavailable())?;
    let begin = export_member(api.store.clone(), community_id, reader, user_id);
    let (member, export) = within_deadline(begin).await?;
    let mut answer = HttpResponse::Ok();
    answer.content_type(ContentType::json()).insert_header((CACHE_CONTROL, "no-store"));
    if request.method() == Method::HEAD {
        return Ok(answer.finish());
    }
    let head = HeadView::of(community_id, api.system.now(), member);
    let until = Instant::now() + valid_for.min(TIME);
    Ok(answer.streaming(document(export, beginning(&head)?, until, place)))
}

/// A document on its way out.
struct Sending<Q> {
    export: MemberExport<Q>,
    until: Instant,
    /// What it begins with, until that is sent.
    head: Option<String>,
    /// The list that is under way: the ledger, then the likes.
    list: List,
    has_likes: bool,
    /// Counts this export among those under way until it ends.
    _place: SemaphorePermit<'static>,
}

/// A list on its way out: whether anything of it was sent.
#[derive(Default)]
struct List {
    has_items: bool,
}

impl List {
    /// The next items, with the commas between them and before. A line break where there are none tells proxies, and a
    /// connection that was given up, that work goes on.
    fn items<T: Serialize>(&mut self, items: &[T]) -> Result<String, Problem> {
        let mut written = String::from("\n");
        for item in items {
            if mem::replace(&mut self.has_items, true) {
                written.push(',');
            }
            written.push_str(&json(item)?);
        }
        Ok(written)
    }
}

fn document<Q: Queries>(
    export: MemberExport<Q>,
    head: String,
    until: Instant,
    place: SemaphorePermit<'static>,
) -> impl Stream<Item = Result<Bytes, Error>> {
    let (head, list) = (Some(head), List::default());
    let sending = Sending { export, until, head, list, has_likes: false, _place: place };
    stream::unfold(Some(sending), async |sending| {
        let mut sending = sending?;
        match sending.next().await {
            Ok(Some(part)) => Some((Ok(part.into()), Some(sending))),
            Ok(None) => Some((Ok(Bytes::from_static(b"]}")), None)),
            // The connection is closed without an end of the body, so that nobody takes the document for whole.
            Err(problem) => Some((Err(problem.into()), None)),
        }
    })
}

impl<Q: Queries> Sending<Q> {
    /// The next part of the document; `None` when all but its end was sent.
    async fn next(&mut self) -> Result<Option<String>, Problem> {
        if let Some(head) = self.head.take() {
            return Ok(Some(head));
        }
        let part = self.read().await?;
        part.map(|part| self.write(part)).transpose()
    }

    /// Reads the next part, when other exports let it.
    async fn read(&mut self) -> Result<Option<ExportPart>, Problem> {
        let turn = timeout_at(self.until, READING.acquire()).await;
        let _turn = turn.map_err(|_| Problem::unavailable())?.map_err(|_| Problem::internal())?;
        within_deadline(self.export.next()).await
    }

    fn write(&mut self, part: ExportPart) -> Result<String, Problem> {
        match part {
            ExportPart::Entries(entries) => self.list.items(&views::<_, EntryView>(entries)),
            ExportPart::Likes(likes) => {
                let mut written = String::new();
                if !mem::replace(&mut self.has_likes, true) {
                    written.push_str("],\"likes_given\":[");
                    self.list = List::default();
                }
                written.push_str(&self.list.items(&views::<_, LikeView>(likes))?);
                Ok(written)
            }
        }
    }
}

fn views<T, V: From<T>>(parts: Vec<T>) -> Vec<V> {
    parts.into_iter().map(V::from).collect()
}

/// The head without the brace that ends it, and the beginning of the ledger.
fn beginning(head: &HeadView) -> Result<String, Problem> {
    let mut written = json(head)?;
    written.pop();
    written.push_str(",\"ledger\":[");
    Ok(written)
}

fn json<T: Serialize>(value: &T) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(|error| {
        tracing::error!(%error, "an export can't be written");
        Problem::internal()
    })
}
