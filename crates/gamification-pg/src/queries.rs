//! Reads: one round trip each, what the caller may see included.

mod community;
mod exports;
mod history;
mod leaderboards;
mod rules;

#[cfg(test)]
pub(crate) use community::declared as declared_community;
#[cfg(test)]
pub(crate) use exports::declared as declared_exports;
#[cfg(test)]
pub(crate) use history::declared as declared_history;
#[cfg(test)]
pub(crate) use leaderboards::declared as declared_leaderboards;
#[cfg(test)]
pub(crate) use rules::declared as declared_rules;

use std::collections::HashMap;

use diesel::{
    ExpressionMethods, QueryDsl,
    sql_types::{BigInt, Integer},
};
use gamification_app::{
    Reader,
    ports::{
        BesideOwn, CommunityView, CourseGate, CourseQueries, LevelQueries, LevelSpread, MemberQueries,
        MembersWithin, Membership, MembershipQueries, PointBandQueries, PointBands, RecalculationProgress,
        RecalculationQueries, SchemaQueries, StoreError,
    },
};
use gamification_domain::{
    CommunityId, CourseId, DirectoryText, LevelDistribution, LevelNumber, MemberKey, MemberStanding, Points,
    UserId,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    PgStore,
    error::{corrupt, misread, store_error},
    known_levels::{KnownLevels, LevelsRow, levels_unless_known},
    migrations::{applied_version, newest_version},
    repositories::{LevelCountRow, membership, membership_of, select_role, standing},
    schema::{
        community_members, course_level_requirements, courses, level_configurations, level_counts,
        member_points, recalculations,
    },
    statement::{Nested, OrNull, Plain, Records, record, statements},
};

record! {
    struct OwnRow: Read {
        total_points: i32 => member_points::total_points,
        current_level: i16 => member_points::current_level,
    }
}

record! {
    /// The start of a read: the levels of a community that is known, and the caller in it. Every known community has
    /// levels, and everybody it ever had has points.
    struct CommunityViewRow: Read {
        role: Option<String> => OrNull<community_members::role>,
        own: Option<OwnRow> => OrNull<Nested<OwnRow>>,
        levels: LevelsRow => Nested<LevelsRow>,
    }
}

record! {
    /// A course, and the level that it asks for.
    struct CourseGateRow: Read {
        course_id: Uuid => courses::course_id,
        title: Option<String> => courses::title,
        minimum_level: Option<i16> => OrNull<course_level_requirements::minimum_level>,
    }
}

record! {
    /// How far leveling up a community's members has come.
    struct RecalculationRow: Read {
        community_id: Uuid => recalculations::community_id,
        members_done: i64 => recalculations::members_done,
        members_total: Option<i64> => recalculations::members_total,
    }
}

record! {
    /// Present members at one stored level with totals in one band.
    struct MembersWithinRow: Read {
        version: i32 => level_configurations::version,
        community_id: Uuid => member_points::community_id,
        current_level: i16 => member_points::current_level,
        band: i32 => Plain<Integer>,
        members: i64 => Plain<BigInt>,
        sample: Vec<Uuid> => [member_points::user_id],
    }
}

/// A [`CommunityViewRow`] with the records that subselects answer; no row when the community is not known.
///
/// Nobody is compared with NULL in Citus: a table that is known to give nothing is in no shard for it, and then the statement
/// is in none. The nil UUID is nobody's.
macro_rules! community_view {
    ($answer:expr $(, $more:expr)?) => {
        concat!(
            "SELECT caller.role, own.total_points, own.current_level,
                    ",
            levels_unless_known!(":known_version", ":known_at"),
            ", answers.*",
            $(community_view!(@column $more),)?
            "
             FROM communities AS known
             JOIN level_configurations AS levels ON levels.community_id = :community_id
             LEFT JOIN community_members AS caller
                 ON caller.community_id = :community_id AND caller.user_id = [[COALESCE(]]:caller_id[[, '00000000-0000-0000-0000-000000000000'::uuid)]] AND caller.is_present
             LEFT JOIN member_points AS own
                 ON own.community_id = :community_id AND own.user_id = [[COALESCE(]]:caller_id[[, '00000000-0000-0000-0000-000000000000'::uuid)]]
             CROSS JOIN LATERAL (SELECT [[array_send(]]array_agg(answer)[[)]] FROM (",
            $answer,
            ") AS answer) AS answers",
            $(" CROSS JOIN LATERAL (SELECT [[array_send(]]array_agg(answer)[[)]] FROM (", $more, ") AS answer) AS more",)?
            "
             WHERE known.community_id = :community_id"
        )
    };
    (@column $more:expr) => {
        ", more.*"
    };
}

use community_view;

/// The listed courses of the community with what they ask for; `$which` narrows them.
macro_rules! course_gates {
    ($which:literal) => {
        concat!(
            "SELECT c.course_id, c.title, r.minimum_level
             FROM courses AS c
             LEFT JOIN course_level_requirements AS r
                 ON r.community_id = c.community_id AND r.course_id = c.course_id
             WHERE c.community_id = :community_id AND c.is_listed ",
            $which,
            " ORDER BY c.course_id"
        )
    };
}

statements! {
    struct SelectLevelDistribution {
        community_id: Uuid => level_counts::community_id,
        caller_id: Option<Uuid> => OrNull<member_points::user_id>,
        known_version: Option<i32> => OrNull<level_configurations::version>,
        known_at: Option<OffsetDateTime> => OrNull<level_configurations::updated_at>,
    } -> (CommunityViewRow, Records<LevelCountRow>, Records<RecalculationRow>)
    = community_view!(
        "SELECT c.community_id, c.level, c.members FROM level_counts AS c WHERE c.community_id = :community_id",
        "SELECT r.community_id, r.members_done, r.members_total
         FROM recalculations AS r WHERE r.community_id = :community_id"
    );

    struct SelectCourseGates {
        community_id: Uuid => courses::community_id,
        caller_id: Uuid => member_points::user_id,
        known_version: Option<i32> => OrNull<level_configurations::version>,
        known_at: Option<OffsetDateTime> => OrNull<level_configurations::updated_at>,
        course_ids: Vec<Uuid> => [courses::course_id],
    } -> (CommunityViewRow, Records<CourseGateRow>)
    = community_view!(course_gates!("AND c.course_id = ANY (:course_ids)"));

    struct SelectAllCourseGates {
        community_id: Uuid => courses::community_id,
        caller_id: Uuid => member_points::user_id,
        known_version: Option<i32> => OrNull<level_configurations::version>,
        known_at: Option<OffsetDateTime> => OrNull<level_configurations::updated_at>,
    } -> (CommunityViewRow, Records<CourseGateRow>)
    = community_view!(course_gates!(""));

    /// Which level a band's members have is not asked here: that is the domain's to say.
    struct SelectMembersWithin {
        community_id: Uuid => member_points::community_id,
        cuts: Vec<i32> => [member_points::total_points],
        sample: i32 => Plain<Integer>,
    } -> MembersWithinRow
    = "SELECT levels.version, levels.community_id, within.current_level, within.band, within.members, within.sample
       FROM level_configurations AS levels
       CROSS JOIN (
           SELECT m.current_level, width_bucket(m.total_points, :cuts) AS band, COUNT(*) AS members,
                  (array_agg(m.user_id))[1 : :sample] AS sample
           FROM member_points AS m
           WHERE m.community_id = :community_id AND m.is_present
           GROUP BY m.current_level, band) AS within
       WHERE levels.community_id = :community_id";
}

/// With the version of the levels at the moment of the read.
impl TryFrom<MembersWithinRow> for (u32, MembersWithin) {
    type Error = StoreError;

    fn try_from(row: MembersWithinRow) -> Result<Self, StoreError> {
        let MembersWithinRow { version, community_id, current_level, band, members, sample } = row;
        let key = [community_id];
        let version = u32::try_from(version).map_err(misread!(level_configurations::version, key))?;
        let current_level = LevelNumber::new(i64::from(current_level));
        let members = MembersWithin {
            current_level: current_level.map_err(misread!(member_points::current_level, key))?,
            // PostgreSQL counts from 1; before the first, which is 0 points, there is nobody.
            band: usize::try_from(band - 1).map_err(corrupt)?,
            members: u32::try_from(members).map_err(corrupt)?,
            sample: sample.into_iter().map(UserId::new).collect(),
        };
        Ok((version, members))
    }
}

impl PointBandQueries for PgStore {
    async fn members_within(
        &self,
        community_id: CommunityId,
        from: &[Points],
        sample: usize,
    ) -> Result<PointBands, StoreError> {
        let cuts = from.iter().map(|points| points.get()).collect();
        let sample = i32::try_from(sample).map_err(corrupt)?;
        let select = SelectMembersWithin { community_id: community_id.as_uuid(), cuts, sample };
        let rows: Vec<(u32, MembersWithin)> = self.read(select).await?;
        Ok(PointBands {
            version: rows.first().map(|(version, _)| *version),
            bands: rows.into_iter().map(|(_, members)| members).collect(),
        })
    }

    async fn display_names(
        &self,
        community_id: CommunityId,
        users: &[UserId],
    ) -> Result<HashMap<UserId, DirectoryText>, StoreError> {
        let community_id = community_id.as_uuid();
        let users: Vec<Uuid> = users.iter().map(|user_id| user_id.as_uuid()).collect();
        let named = community_members::table
            .filter(community_members::community_id.eq(community_id))
            .filter(community_members::user_id.eq_any(users))
            .select((community_members::user_id, community_members::display_name));
        let rows: Vec<(Uuid, Option<String>)> = self.load(named).await?;
        let name = |(user_id, name): (Uuid, Option<String>)| {
            let name = DirectoryText::parse(&name?)
                .map_err(misread!(community_members::display_name, [community_id, user_id]));
            Some(name.map(|name| (UserId::new(user_id), name)))
        };
        rows.into_iter().filter_map(name).collect()
    }
}

impl PgStore {
    /// What was asked for, as the caller may see it, with what was `known` of the levels when it was asked for.
    fn view<T>(
        &self,
        CommunityViewRow { role, own, levels }: CommunityViewRow,
        caller_id: Option<Uuid>,
        known: Option<KnownLevels>,
        asked: T,
    ) -> Result<CommunityView<BesideOwn<T>>, StoreError> {
        // Of a caller who is no user, nothing is found.
        let caller_id = caller_id.unwrap_or_default();
        let key = [levels.community_id, caller_id];
        let own = own.map(|OwnRow { total_points, current_level }| {
            standing(UserId::new(caller_id), (total_points, current_level), &key)
        });
        Ok(CommunityView {
            membership: membership(key, role)?,
            levels: self.levels().resolve(levels, known)?,
            asked: BesideOwn { own: own.transpose()?, asked },
        })
    }
}

impl RecalculationRow {
    /// Before the first chunk is done nobody has counted those to look at, who are the present members at least.
    fn progress(self, distribution: &LevelDistribution) -> Result<RecalculationProgress, StoreError> {
        let Self { community_id, members_done, members_total } = self;
        let key = [community_id];
        let done = u64::try_from(members_done).map_err(misread!(recalculations::members_done, key))?;
        let of = match members_total {
            Some(total) => u64::try_from(total).map_err(misread!(recalculations::members_total, key))?,
            None => distribution.members(),
        };
        // Members who came since are looked at too.
        Ok(RecalculationProgress { done, of: of.max(done) })
    }
}

impl CourseGateRow {
    fn in_community(self, community_id: Uuid) -> Result<CourseGate, StoreError> {
        let Self { course_id, title, minimum_level } = self;
        let key = [community_id, course_id];
        let title = title.map(|title| DirectoryText::parse(&title)).transpose();
        let minimum_level = minimum_level.map(|level| LevelNumber::new(i64::from(level))).transpose();
        Ok(CourseGate {
            course_id: CourseId::new(course_id),
            title: title.map_err(misread!(courses::title, key))?,
            minimum_level: minimum_level.map_err(misread!(course_level_requirements::minimum_level, key))?,
        })
    }
}

impl MembershipQueries for PgStore {
    async fn membership(&self, user: MemberKey) -> Result<Option<Membership>, StoreError> {
        membership_of(user, self.first(select_role(user)).await?)
    }
}

impl MemberQueries for PgStore {
    async fn member_standings(
        &self,
        community_id: CommunityId,
        reader: Reader,
        users: &[UserId],
    ) -> Result<Option<CommunityView<Vec<MemberStanding>>>, StoreError> {
        let read = |store: &Self| {
            let (lookups, users) = (store.lookups().clone(), users.to_vec());
            async move { lookups.member_standings(community_id, reader, users).await }
        };
        // Several members are badges; one member's level, and what is decided by it, is never a moment old.
        if users.len() > 1 {
            self.read_nearby(reader, read, |found| found.len() >= users.len()).await
        } else {
            read(self).await
        }
    }
}

impl LevelQueries for PgStore {
    // Not from a standby: the level of who asks is in it, and the version of the levels that an admin changes next.
    async fn level_distribution(
        &self,
        community_id: CommunityId,
        reader: Reader,
    ) -> Result<Option<CommunityView<BesideOwn<LevelSpread>>>, StoreError> {
        let known = self.levels().known(community_id);
        let (known_version, known_at) = KnownLevels::version(known.as_ref());
        let (community_id, caller_id) = (community_id.as_uuid(), reader.user_id().map(UserId::as_uuid));
        let select = SelectLevelDistribution { community_id, caller_id, known_version, known_at };
        let Some((view, counts, recalculations)) = self.row(select).await? else { return Ok(None) };
        let mut distribution = LevelDistribution::default();
        for LevelCountRow { community_id, level, members } in counts {
            let key = [community_id];
            let level = LevelNumber::new(i64::from(level)).map_err(misread!(level_counts::level, key))?;
            distribution.set(level, u32::try_from(members).map_err(misread!(level_counts::members, key))?);
        }
        let recalculation = recalculations.into_iter().next().map(|row| row.progress(&distribution));
        let spread = LevelSpread { distribution, recalculation: recalculation.transpose()? };
        self.view(view, caller_id, known, spread).map(Some)
    }
}

impl CourseQueries for PgStore {
    async fn course_gates(
        &self,
        (community_id, caller_id): MemberKey,
        courses: Option<&[CourseId]>,
    ) -> Result<Option<CommunityView<BesideOwn<Vec<CourseGate>>>>, StoreError> {
        let known = self.levels().known(community_id);
        let (known_version, known_at) = KnownLevels::version(known.as_ref());
        let (community_id, caller_id) = (community_id.as_uuid(), caller_id.as_uuid());
        let row = match courses {
            Some(courses) => {
                let course_ids = courses.iter().map(|course| course.as_uuid()).collect();
                let select =
                    SelectCourseGates { community_id, caller_id, known_version, known_at, course_ids };
                self.row(select).await?
            }
            None => {
                self.row(SelectAllCourseGates { community_id, caller_id, known_version, known_at }).await?
            }
        };
        let Some((view, gates)) = row else { return Ok(None) };
        let gates: Result<Vec<CourseGate>, StoreError> =
            gates.into_iter().map(|gate| gate.in_community(community_id)).collect();
        self.view(view, Some(caller_id), known, gates?).map(Some)
    }
}

impl RecalculationQueries for PgStore {
    async fn idle_recalculations(&self, idle_since: OffsetDateTime) -> Result<Vec<CommunityId>, StoreError> {
        let idle = recalculations::table
            .filter(recalculations::updated_at.le(idle_since))
            .select(recalculations::community_id);
        let communities: Vec<Uuid> = self.load(idle).await?;
        Ok(communities.into_iter().map(CommunityId::new).collect())
    }
}

impl SchemaQueries for PgStore {
    async fn schema_is_current(&self) -> Result<bool, StoreError> {
        let mut session = self.session().await?;
        let applied = applied_version(&mut session).await;
        session.give_back();
        Ok(is_current(applied.map_err(store_error)?.as_deref(), &newest_version().map_err(corrupt)?))
    }
}

/// A newer schema is fine: a server of the next version may have migrated while this one still runs.
fn is_current(applied: Option<&str>, newest: &str) -> bool {
    applied >= Some(newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_current_when_it_is_at_least_the_one_that_was_built_in() {
        assert!(is_current(Some("2026-11-24-000011"), "2026-11-24-000011"));
        assert!(is_current(Some("2026-12-01-000012"), "2026-11-24-000011"), "of the next version");
        assert!(!is_current(Some("2026-11-22-000010"), "2026-11-24-000011"), "of the version before");
        assert!(!is_current(None, "2026-11-24-000011"), "an empty database");
    }
}
