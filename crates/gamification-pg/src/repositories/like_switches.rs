//! The like switches.

use std::collections::BTreeSet;

use gamification_app::ports::{LikeSwitchRepository, StoreError};
use gamification_domain::{
    Aggregate, CommentId, CommunityId, Content, LikeKey, LikeSwitch, LwwRegister, MemberKey, Points, PostId,
    UserId,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    PgTx,
    error::misread,
    json::Json,
    schema::like_switches,
    statement::{OrNull, Rows, record, statements},
    stored_lww_state::{StoredLwwState, lww_state},
};

record! {
    /// The key of a switch.
    struct LikeKeyRow: Written {
        community_id: Uuid => like_switches::community_id,
        content_kind: String => like_switches::content_kind,
        content_id: Uuid => like_switches::content_id,
        liker_id: Uuid => like_switches::liker_id,
    }
}

record! {
    pub(crate) struct LikeSwitchRow: Read & Written {
        community_id: Uuid => like_switches::community_id,
        content_kind: String => like_switches::content_kind,
        content_id: Uuid => like_switches::content_id,
        liker_id: Uuid => like_switches::liker_id,
        author_id: Option<Uuid> => like_switches::author_id,
        /// A switch that nothing has changed is never stored.
        newest_change: Option<Json<StoredLwwState>> => OrNull<like_switches::newest_change>,
        points: i32 => like_switches::points,
    }
}

statements! {
    struct LockLikeSwitches { wanted: Rows<LikeKeyRow> } -> LikeSwitchRow
    = "SELECT s.community_id, s.content_kind, s.content_id, s.liker_id, s.author_id, s.newest_change, s.points
       FROM like_switches AS s
       JOIN :wanted USING (community_id, content_kind, content_id, liker_id)[[
       WHERE s.community_id = ANY (:wanted.communities)]]
       ORDER BY s.community_id, s.content_kind, s.content_id, s.liker_id FOR NO KEY UPDATE OF s";

    struct InsertLikeSwitches {
        new: Rows<LikeSwitchRow>,
        now: OffsetDateTime => like_switches::created_at,
    } = "INSERT INTO like_switches
             (community_id, content_kind, content_id, liker_id, author_id, newest_change, points, created_at,
              updated_at)
         SELECT new.community_id, new.content_kind, new.content_id, new.liker_id, new.author_id, new.newest_change,
                new.points, :now, :now
         FROM :new
         ORDER BY new.community_id, new.content_kind, new.content_id, new.liker_id";

    struct UpdateLikeSwitches {
        changed: Rows<LikeSwitchRow>,
        now: OffsetDateTime => like_switches::updated_at,
    } = "UPDATE like_switches AS s
         SET author_id = changed.author_id, newest_change = changed.newest_change, points = changed.points,
             updated_at = :now
         FROM :changed
         WHERE s.community_id = changed.community_id AND s.content_kind = changed.content_kind
           AND s.content_id = changed.content_id AND s.liker_id = changed.liker_id[[
           AND s.community_id = ANY (:changed.communities)]]";
}

const POST: &str = "post";
const COMMENT: &str = "comment";

impl LikeSwitchRow {
    /// How the columns say which content it is.
    pub(crate) const fn content(content: Content) -> (&'static str, Uuid) {
        match content {
            Content::Post(id) => (POST, id.as_uuid()),
            Content::Comment(id) => (COMMENT, id.as_uuid()),
        }
    }
}

impl From<LikeKey> for LikeKeyRow {
    fn from(LikeKey { community_id, content, liker_id }: LikeKey) -> Self {
        let (content_kind, content_id) = LikeSwitchRow::content(content);
        Self {
            community_id: community_id.as_uuid(),
            content_kind: content_kind.to_owned(),
            content_id,
            liker_id: liker_id.as_uuid(),
        }
    }
}

impl From<&LikeSwitch> for LikeSwitchRow {
    fn from(switch: &LikeSwitch) -> Self {
        let LikeKeyRow { community_id, content_kind, content_id, liker_id } = switch.key().into();
        let author = switch.author();
        Self {
            community_id,
            content_kind,
            content_id,
            liker_id,
            author_id: author.value().map(UserId::as_uuid),
            newest_change: author.state().map(Json::from),
            points: switch.points().get(),
        }
    }
}

impl TryFrom<LikeSwitchRow> for LikeSwitch {
    type Error = StoreError;

    fn try_from(row: LikeSwitchRow) -> Result<Self, StoreError> {
        let LikeSwitchRow {
            community_id,
            content_kind,
            content_id,
            liker_id,
            author_id,
            newest_change,
            points,
        } = row;
        let ids = [community_id, content_id, liker_id];
        let content = match content_kind.as_str() {
            POST => Ok(Content::Post(PostId::new(content_id))),
            COMMENT => Ok(Content::Comment(CommentId::new(content_id))),
            other => Err(format!("{other} is no kind of content")),
        };
        let newest = lww_state(newest_change).map_err(misread!(like_switches::newest_change, ids))?;
        let key = LikeKey {
            community_id: CommunityId::new(community_id),
            content: content.map_err(misread!(like_switches::content_kind, ids))?,
            liker_id: UserId::new(liker_id),
        };
        let points = Points::new(i64::from(points)).map_err(misread!(like_switches::points, ids))?;
        Ok(Self::restore(key, LwwRegister::restore(author_id.map(UserId::new), newest), points))
    }
}

impl PgTx {
    /// An author who was erased is given by the pseudonym also where no sweep has been yet: it holds the like's point.
    async fn replace_erased_authors(&mut self, switches: &mut [LikeSwitchRow]) -> Result<(), StoreError> {
        let authors = switches.iter().filter(|row| self.erasure_keys().has(row.community_id));
        let authors: BTreeSet<MemberKey> = authors
            .filter_map(|row| Some((CommunityId::new(row.community_id), UserId::new(row.author_id?))))
            .collect();
        let erased = self.pseudonyms(&authors).await?;
        for row in switches {
            let author =
                row.author_id.map(|author| (CommunityId::new(row.community_id), UserId::new(author)));
            if let Some(pseudonym) = author.and_then(|author| erased.get(&author)) {
                row.author_id = Some(pseudonym.as_uuid());
            }
        }
        Ok(())
    }
}

impl LikeSwitchRepository for PgTx {
    async fn lock_like_switches(&mut self, likes: &BTreeSet<LikeKey>) -> Result<Vec<LikeSwitch>, StoreError> {
        let mut rows = self.rows(LockLikeSwitches { wanted: likes.iter().copied().collect() }).await?;
        self.replace_erased_authors(&mut rows).await?;
        rows.into_iter().map(LikeSwitch::try_from).collect()
    }

    async fn insert_like_switches(
        &mut self,
        switches: &[LikeSwitch],
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.run(InsertLikeSwitches { new: switches.into(), now });
        Ok(())
    }

    async fn save_like_switches(
        &mut self,
        switches: &[LikeSwitch],
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.run(UpdateLikeSwitches { changed: switches.into(), now });
        Ok(())
    }
}
