//! The like switches.

use std::collections::BTreeSet;

use diesel::{
    Queryable,
    sql_types::{Array, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use gamification_app::ports::{LikeSwitchRepository, StoreError};
use gamification_domain::{
    Aggregate, CommentId, CommunityId, Content, LikeKey, LikeSwitch, LwwRegister, LwwState, PostId, UserId,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Changes, Texts, Uuids};
use crate::{
    PgTx,
    error::{corrupt, store_error},
    statement::statement,
    stored_lww_state::StoredLwwState,
};

statement! {
    LockLikeSwitches {
        community_ids: Vec<Uuid> => Uuids,
        content_kinds: Vec<String> => Texts,
        content_ids: Vec<Uuid> => Uuids,
        liker_ids: Vec<Uuid> => Uuids,
    } -> (SqlUuid, Text, SqlUuid, SqlUuid, Nullable<SqlUuid>, Jsonb)
    "SELECT s.community_id, s.content_kind, s.content_id, s.liker_id, s.author_id, s.newest_change
     FROM like_switches AS s
     JOIN UNNEST(?, ?, ?, ?) AS wanted (community_id, content_kind, content_id, liker_id)
         USING (community_id, content_kind, content_id, liker_id)
     ORDER BY s.community_id, s.content_kind, s.content_id, s.liker_id FOR NO KEY UPDATE OF s"
}

statement! {
    InsertLikeSwitches {
        community_ids: Vec<Uuid> => Uuids,
        content_kinds: Vec<String> => Texts,
        content_ids: Vec<Uuid> => Uuids,
        liker_ids: Vec<Uuid> => Uuids,
        author_ids: Vec<Option<Uuid>> => Array<Nullable<SqlUuid>>,
        newest_changes: Vec<Option<StoredLwwState>> => Changes,
        now: OffsetDateTime => Timestamptz,
    } -> ()
    "INSERT INTO like_switches
         (community_id, content_kind, content_id, liker_id, author_id, newest_change, created_at, updated_at)
     SELECT new.community_id, new.content_kind, new.content_id, new.liker_id, new.author_id, new.newest_change,
            t.now, t.now
     FROM UNNEST(?, ?, ?, ?, ?, ?)
         AS new (community_id, content_kind, content_id, liker_id, author_id, newest_change), (VALUES (?)) AS t (now)
     ORDER BY new.community_id, new.content_kind, new.content_id, new.liker_id"
}

statement! {
    UpdateLikeSwitches {
        community_ids: Vec<Uuid> => Uuids,
        content_kinds: Vec<String> => Texts,
        content_ids: Vec<Uuid> => Uuids,
        liker_ids: Vec<Uuid> => Uuids,
        author_ids: Vec<Option<Uuid>> => Array<Nullable<SqlUuid>>,
        newest_changes: Vec<Option<StoredLwwState>> => Changes,
        now: OffsetDateTime => Timestamptz,
    } -> ()
    "UPDATE like_switches AS s
     SET author_id = new.author_id, newest_change = new.newest_change, updated_at = t.now
     FROM UNNEST(?, ?, ?, ?, ?, ?)
         AS new (community_id, content_kind, content_id, liker_id, author_id, newest_change), (VALUES (?)) AS t (now)
     WHERE s.community_id = new.community_id AND s.content_kind = new.content_kind
       AND s.content_id = new.content_id AND s.liker_id = new.liker_id"
}

#[derive(Queryable)]
struct LikeSwitchRow {
    community_id: Uuid,
    content_kind: String,
    content_id: Uuid,
    liker_id: Uuid,
    author_id: Option<Uuid>,
    newest_change: StoredLwwState,
}

impl TryFrom<LikeSwitchRow> for LikeSwitch {
    type Error = StoreError;

    fn try_from(row: LikeSwitchRow) -> Result<Self, StoreError> {
        let LikeSwitchRow { community_id, content_kind, content_id, liker_id, author_id, newest_change } =
            row;
        let content = match content_kind.as_str() {
            POST => Content::Post(PostId::new(content_id)),
            COMMENT => Content::Comment(CommentId::new(content_id)),
            other => return Err(corrupt(format!("{other} is no kind of content"))),
        };
        let key = LikeKey {
            community_id: CommunityId::new(community_id),
            content,
            liker_id: UserId::new(liker_id),
        };
        let newest = LwwState::try_from(newest_change)?;
        Ok(Self::restore(key, LwwRegister::restore(author_id.map(UserId::new), Some(newest))))
    }
}

const POST: &str = "post";
const COMMENT: &str = "comment";

/// The columns of a set of keys.
struct KeyColumns {
    community_ids: Vec<Uuid>,
    content_kinds: Vec<String>,
    content_ids: Vec<Uuid>,
    liker_ids: Vec<Uuid>,
}

fn key_columns(keys: impl ExactSizeIterator<Item = LikeKey>) -> KeyColumns {
    let count = keys.len();
    let mut columns = KeyColumns {
        community_ids: Vec::with_capacity(count),
        content_kinds: Vec::with_capacity(count),
        content_ids: Vec::with_capacity(count),
        liker_ids: Vec::with_capacity(count),
    };
    for LikeKey { community_id, content, liker_id } in keys {
        let (kind, content_id) = match content {
            Content::Post(id) => (POST, id.as_uuid()),
            Content::Comment(id) => (COMMENT, id.as_uuid()),
        };
        columns.community_ids.push(community_id.as_uuid());
        columns.content_kinds.push(kind.to_owned());
        columns.content_ids.push(content_id);
        columns.liker_ids.push(liker_id.as_uuid());
    }
    columns
}

/// The columns that a change of switches sets.
fn state_columns(switches: &[LikeSwitch]) -> (Vec<Option<Uuid>>, Vec<Option<StoredLwwState>>) {
    let states = switches.iter().map(|switch| {
        let author = switch.author();
        (author.value().map(UserId::as_uuid), author.state().map(StoredLwwState::from))
    });
    states.unzip()
}

/// The two statements that write switches have the same columns.
macro_rules! write_like_switches {
    ($statement:ident, $tx:ident, $switches:ident, $now:ident) => {{
        if $switches.is_empty() {
            return Ok(());
        }
        let KeyColumns { community_ids, content_kinds, content_ids, liker_ids } =
            key_columns($switches.iter().map(Aggregate::key));
        let (author_ids, newest_changes) = state_columns($switches);
        let statement = $statement {
            community_ids,
            content_kinds,
            content_ids,
            liker_ids,
            author_ids,
            newest_changes,
            now: $now,
        };
        statement.execute($tx.connection()).await.map(drop).map_err(store_error)
    }};
}

impl LikeSwitchRepository for PgTx {
    async fn lock_like_switches(&mut self, likes: &BTreeSet<LikeKey>) -> Result<Vec<LikeSwitch>, StoreError> {
        if likes.is_empty() {
            return Ok(Vec::new());
        }
        let KeyColumns { community_ids, content_kinds, content_ids, liker_ids } =
            key_columns(likes.iter().copied());
        let lock = LockLikeSwitches { community_ids, content_kinds, content_ids, liker_ids };
        let rows: Vec<LikeSwitchRow> = lock.load(self.connection()).await.map_err(store_error)?;
        rows.into_iter().map(LikeSwitch::try_from).collect()
    }

    async fn insert_like_switches(
        &mut self,
        switches: &[LikeSwitch],
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        write_like_switches!(InsertLikeSwitches, self, switches, now)
    }

    async fn save_like_switches(
        &mut self,
        switches: &[LikeSwitch],
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        write_like_switches!(UpdateLikeSwitches, self, switches, now)
    }
}
