//! Changes of levels, and leveling members up after them.

use diesel::{ExpressionMethods, QueryDsl, dsl::exists, sql_types::Text};
use gamification_app::ports::{LevelUp, LevelUps, Outbox, OutboxEvent, RecalculationRepository, StoreError};
use gamification_domain::{
    CommunityId, DomainEvent, LevelBand, LevelConfiguration, LevelName, LevelNumber, MemberLeveledUp, UserId,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    PgTx,
    error::{corrupt, misread},
    schema::{member_points, outbox, recalculations},
    statement::{Nested, Plain, Rows, record, statements},
};

record! {
    /// The totals that a level is for.
    struct LevelBandRow: Written {
        level: i16 => member_points::current_level,
        name: String => Plain<Text>,
        lowest: i32 => member_points::total_points,
        highest: i32 => member_points::total_points,
    }
}

record! {
    struct LevelUpRow: Read {
        community_id: Uuid => member_points::community_id,
        user_id: Uuid => member_points::user_id,
        old_level: i16 => member_points::current_level,
        new_level: i16 => member_points::current_level,
        is_present: bool => member_points::is_present,
    }
}

record! {
    /// A member who rose, and what the new level is called.
    struct NamedLevelUpRow: Read {
        name: String => Plain<Text>,
        level_up: LevelUpRow => Nested<LevelUpRow>,
    }
}

statements! {
    struct UpdateRecalculation {
        community_id: Uuid => recalculations::community_id,
        next_user_id: Uuid => recalculations::next_user_id,
        looked_at: i64 => recalculations::members_done,
        now: OffsetDateTime => recalculations::updated_at,
    } = "UPDATE recalculations
         SET next_user_id = :next_user_id, members_done = members_done + :looked_at, updated_at = :now,
             members_total = COALESCE(
                 members_total, (SELECT COUNT(*) FROM member_points WHERE community_id = :community_id))
         WHERE community_id = :community_id";

    /// Levels up the members of a chunk who are below their band, and writes each one's event for every registered
    /// channel; gives who leveled up, from which level to which, and whether they count in the distribution.
    ///
    /// A member whose points change while their row is waited for is looked at anew; the transaction that changed them
    /// has judged them by the new thresholds anyway.
    struct LevelUpMembers {
        band: Rows<LevelBandRow>,
        community_id: Uuid => member_points::community_id,
        first: Uuid => member_points::user_id,
        last: Uuid => member_points::user_id,
        event_ids: Vec<Uuid> => [outbox::event_id],
        now: OffsetDateTime => member_points::updated_at,
    } -> LevelUpRow
    = "WITH level_ups AS (
           SELECT m.community_id, m.id, m.user_id, m.is_present, m.current_level AS old_level,
                  band.level AS new_level, band.name
           FROM :band
           JOIN member_points AS m
               ON m.total_points BETWEEN band.lowest AND band.highest AND m.current_level < band.level
           WHERE m.community_id = :community_id AND m.user_id BETWEEN :first AND :last
           ORDER BY m.user_id FOR NO KEY UPDATE OF m),
       numbered AS (SELECT *, (row_number() OVER (ORDER BY user_id))::integer AS position FROM level_ups),
       events AS (
           INSERT INTO outbox (community_id, event_id, member_id, event_type, payload, created_at)
           SELECT n.community_id, (:event_ids)[n.position], n.user_id, 'MemberLeveledUp',
                  jsonb_build_object('member_id', n.user_id, 'community_id', n.community_id, 'old_level', n.old_level,
                                     'new_level', n.new_level, 'new_level_name', n.name),
                  :now
           FROM numbered AS n
           RETURNING community_id, event_id, member_id, sequence),
       new_deliveries AS (
           INSERT INTO deliveries (community_id, event_id, channel_id, member_id, sequence)
           SELECT events.community_id, events.event_id, channels.id, events.member_id, events.sequence
           FROM events CROSS JOIN channels),
       updated AS (
           UPDATE member_points AS m SET current_level = level_ups.new_level, updated_at = :now
           FROM level_ups
           WHERE m.community_id = level_ups.community_id AND m.id = level_ups.id)
       SELECT community_id, user_id, old_level, new_level, is_present FROM level_ups";

    /// The same in a distributed database, without the events: a statement writes one table there.
    struct LevelUpMembersAlone {
        band: Rows<LevelBandRow>,
        community_id: Uuid => member_points::community_id,
        first: Uuid => member_points::user_id,
        last: Uuid => member_points::user_id,
        now: OffsetDateTime => member_points::updated_at,
    } -> NamedLevelUpRow
    = "WITH level_ups AS (
           SELECT m.community_id, m.id, m.user_id, m.is_present, m.current_level AS old_level,
                  band.level AS new_level, band.name
           FROM :band
           JOIN member_points AS m
               ON m.total_points BETWEEN band.lowest AND band.highest AND m.current_level < band.level
           WHERE m.community_id = :community_id AND m.user_id BETWEEN :first AND :last
           ORDER BY m.user_id FOR NO KEY UPDATE OF m),
       updated AS (
           UPDATE member_points AS m SET current_level = level_ups.new_level, updated_at = :now
           FROM level_ups
           WHERE m.community_id = :community_id AND m.id = level_ups.id)
       SELECT name, community_id, user_id, old_level, new_level, is_present FROM level_ups ORDER BY user_id";
}

impl From<LevelBand<'_>> for LevelBandRow {
    fn from(LevelBand { definition, lowest, highest }: LevelBand<'_>) -> Self {
        Self {
            level: i16::from(definition.level().get()),
            name: definition.name().as_str().to_owned(),
            lowest: lowest.get(),
            highest: highest.get(),
        }
    }
}

impl TryFrom<LevelUpRow> for LevelUp {
    type Error = StoreError;

    fn try_from(row: LevelUpRow) -> Result<Self, StoreError> {
        let LevelUpRow { community_id, user_id, old_level, new_level, is_present } = row;
        let key = [community_id, user_id];
        let level =
            |number| LevelNumber::new(i64::from(number)).map_err(misread!(member_points::current_level, key));
        Ok(Self {
            user_id: UserId::new(user_id),
            old_level: level(old_level)?,
            new_level: level(new_level)?,
            is_present,
        })
    }
}

impl PgTx {
    /// Levels members up, and writes each one's event.
    async fn level_up_and_append(
        &mut self,
        level_up: LevelUpMembersAlone,
        event_ids: Vec<Uuid>,
        now: OffsetDateTime,
    ) -> Result<Vec<LevelUp>, StoreError> {
        let community_id = level_up.community_id;
        let (mut level_ups, mut events) = (Vec::new(), Vec::new());
        for (NamedLevelUpRow { name, level_up }, id) in self.rows(level_up).await?.into_iter().zip(event_ids)
        {
            let level_up = LevelUp::try_from(level_up)?;
            let event = DomainEvent::MemberLeveledUp(MemberLeveledUp {
                member_id: level_up.user_id,
                community_id: CommunityId::new(community_id),
                old_level: level_up.old_level,
                new_level: level_up.new_level,
                new_level_name: LevelName::parse(&name).map_err(corrupt)?,
            });
            events.push(OutboxEvent { id, event });
            level_ups.push(level_up);
        }
        self.append_events(&events, now).await?;
        Ok(level_ups)
    }
}

impl RecalculationRepository for PgTx {
    async fn is_recalculating(&mut self, community_id: CommunityId) -> Result<bool, StoreError> {
        let is_there = diesel::select(exists(
            recalculations::table.filter(recalculations::community_id.eq(community_id.as_uuid())),
        ));
        Ok(self.first(is_there).await?.unwrap_or(false))
    }

    async fn insert_recalculation(
        &mut self,
        community_id: CommunityId,
        id: Uuid,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let recalculation = (
            recalculations::community_id.eq(community_id.as_uuid()),
            recalculations::id.eq(id),
            recalculations::next_user_id.eq(Uuid::nil()),
            recalculations::created_at.eq(now),
            recalculations::updated_at.eq(now),
        );
        self.execute(diesel::insert_into(recalculations::table).values(recalculation));
        Ok(())
    }

    async fn lock_recalculation(&mut self, community_id: CommunityId) -> Result<Option<UserId>, StoreError> {
        let next = recalculations::table
            .filter(recalculations::community_id.eq(community_id.as_uuid()))
            .select(recalculations::next_user_id)
            .for_no_key_update();
        Ok(self.first(next).await?.map(UserId::new))
    }

    async fn level_up_members(
        &mut self,
        levels: &LevelConfiguration,
        first: UserId,
        event_ids: Vec<Uuid>,
        now: OffsetDateTime,
    ) -> Result<LevelUps, StoreError> {
        let community_id = levels.community_id().as_uuid();
        let first = first.as_uuid();
        let others = i64::try_from(event_ids.len().saturating_sub(1)).map_err(corrupt)?;
        // The last member of a chunk that is full; no row when the chunk is the last one.
        let last = member_points::table
            .filter(member_points::community_id.eq(community_id))
            .filter(member_points::user_id.ge(first))
            .order(member_points::user_id)
            .select(member_points::user_id)
            .offset(others)
            .limit(1);
        let last: Option<Uuid> = self.first(last).await?;
        let band = levels.bands().collect();
        let end = last.unwrap_or(Uuid::max());
        let level_ups = if self.is_distributed() {
            let level_up = LevelUpMembersAlone { band, community_id, first, last: end, now };
            self.level_up_and_append(level_up, event_ids, now).await?
        } else {
            self.has_events();
            self.read(LevelUpMembers { band, community_id, first, last: end, event_ids, now }).await?
        };
        // The next one after the last, by the order of UUIDs; nobody comes after the greatest of all.
        let next = last.and_then(|user_id| user_id.as_u128().checked_add(1));
        Ok(LevelUps { level_ups, next: next.map(|next| UserId::new(Uuid::from_u128(next))) })
    }

    async fn save_recalculation(
        &mut self,
        community_id: CommunityId,
        next: UserId,
        looked_at: usize,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let update = UpdateRecalculation {
            community_id: community_id.as_uuid(),
            next_user_id: next.as_uuid(),
            looked_at: i64::try_from(looked_at).map_err(corrupt)?,
            now,
        };
        self.run(update);
        Ok(())
    }

    async fn delete_recalculation(&mut self, community_id: CommunityId) -> Result<(), StoreError> {
        let recalculation =
            recalculations::table.filter(recalculations::community_id.eq(community_id.as_uuid()));
        self.execute(diesel::delete(recalculation));
        Ok(())
    }
}
