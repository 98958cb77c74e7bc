//! The statement that answers many lookups, and what it found.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use diesel::sql_types::Integer;
use gamification_app::{
    Reader,
    ports::{CommunityView, Membership, StoreError},
};
use gamification_domain::{CommunityId, LevelConfiguration, MemberKey, MemberStanding, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{View, shared};
use crate::{
    error::corrupt,
    known_levels::{KnownLevels, LevelsCache, LevelsRow, levels_unless_known},
    repositories::{membership, standing},
    schema::{community_members, level_configurations, member_points},
    statement::{AnyRows, OrNull, Plain, Records, record, statements},
};

record! {
    /// A community, and what is known of its levels.
    pub(super) struct CommunityRow: Written {
        community_id: Uuid => level_configurations::community_id,
        version: Option<i32> => OrNull<level_configurations::version>,
        updated_at: Option<OffsetDateTime> => OrNull<level_configurations::updated_at>,
    }
}

record! {
    /// A user in a community, with their place among those who are asked about: answers have that alone.
    pub(super) struct UserRow: Written {
        place: i32 => Plain<Integer>,
        community_id: Uuid => member_points::community_id,
        user_id: Uuid => member_points::user_id,
    }
}

record! {
    /// A caller who is a member.
    pub(super) struct CallerRow: Read {
        place: i32 => Plain<Integer>,
        role: String => community_members::role,
    }
}

record! {
    pub(super) struct StandingRow: Read {
        place: i32 => Plain<Integer>,
        total_points: i32 => member_points::total_points,
        current_level: i16 => member_points::current_level,
    }
}

statements! {
    /// One statement, so that all of it comes from one moment.
    ///
    /// A present member was in the community; only of others the directory is asked whether they ever were.
    pub(super) struct SelectStandings {
        communities: AnyRows<CommunityRow>,
        callers: AnyRows<UserRow>,
        users: AnyRows<UserRow>,
    } -> (Records<LevelsRow>, Records<CallerRow>, Records<StandingRow>)
    = concat!(
        "SELECT levels.*, callers.*, standings.*
         FROM (SELECT [[array_send(]]array_agg(answer)[[)]] FROM (
             SELECT ", levels_unless_known!("communities.version", "communities.updated_at"), "
             FROM :communities
             JOIN communities AS known ON known.community_id = communities.community_id
             JOIN level_configurations AS levels ON levels.community_id = communities.community_id[[
             WHERE known.community_id = ANY (:communities.communities)
               AND levels.community_id = ANY (:communities.communities)]]
         ) AS answer) AS levels
         CROSS JOIN (SELECT [[array_send(]]array_agg(answer)[[)]] FROM (
             SELECT callers.place, m.role
             FROM :callers
             JOIN community_members AS m ON m.community_id = callers.community_id AND m.user_id = callers.user_id
             WHERE m.is_present[[ AND m.community_id = ANY (:communities.communities)]]
         ) AS answer) AS callers
         CROSS JOIN (SELECT [[array_send(]]array_agg(answer)[[)]] FROM (
             SELECT users.place, p.total_points, p.current_level
             FROM :users
             JOIN member_points AS p ON p.community_id = users.community_id AND p.user_id = users.user_id
             WHERE [[p.community_id = ANY (:communities.communities) AND (]]p.is_present OR EXISTS (
                 SELECT FROM community_members AS m
                 WHERE m.community_id = p.community_id AND m.user_id = p.user_id AND m.presence_change IS NOT NULL[[
                   AND m.community_id = ANY (:communities.communities))]])
         ) AS answer) AS standings"
    );
}

impl From<(CommunityId, Option<&KnownLevels>)> for CommunityRow {
    fn from((community_id, known): (CommunityId, Option<&KnownLevels>)) -> Self {
        let (version, updated_at) = KnownLevels::version(known);
        Self { community_id: community_id.as_uuid(), version, updated_at }
    }
}

impl From<(i32, MemberKey)> for UserRow {
    fn from((place, (community_id, user_id)): (i32, MemberKey)) -> Self {
        Self { place, community_id: community_id.as_uuid(), user_id: user_id.as_uuid() }
    }
}

/// What is asked by all who wait, each thing once.
#[derive(Default)]
pub(super) struct Asked {
    /// With what is known of their levels.
    communities: HashMap<CommunityId, Option<KnownLevels>>,
    callers: Vec<MemberKey>,
    users: Vec<MemberKey>,
}

impl Asked {
    /// By each caller, how users stand.
    pub(super) fn new<'a>(
        lookups: impl Iterator<Item = (CommunityId, Reader, &'a [UserId])>,
        cache: &LevelsCache,
    ) -> Self {
        let mut asked = Self::default();
        let (mut callers, mut users) = (HashSet::new(), HashSet::new());
        for (community_id, reader, of_caller) in lookups {
            asked.communities.entry(community_id).or_insert_with(|| cache.known(community_id));
            let caller = reader.user_id().map(|user_id| (community_id, user_id));
            asked.callers.extend(caller.filter(|caller| callers.insert(*caller)));
            let of_caller = of_caller.iter().map(|user_id| (community_id, *user_id));
            asked.users.extend(of_caller.filter(|user| users.insert(*user)));
        }
        asked
    }

    pub(super) fn statement(&self) -> SelectStandings {
        let rows = |keys: &[MemberKey]| (0..).zip(keys.iter().copied()).collect();
        SelectStandings {
            communities: self.communities.iter().map(|(id, known)| (*id, known.as_ref())).collect(),
            callers: rows(&self.callers),
            users: rows(&self.users),
        }
    }
}

/// What can't be understood is an error of those only who asked for it.
type Understood<T> = Result<T, Arc<StoreError>>;

type Answer = (Records<LevelsRow>, Records<CallerRow>, Records<StandingRow>);

/// The rows that were found, by the keys that were asked for.
#[derive(Default)]
pub(super) struct Found {
    levels: HashMap<CommunityId, Understood<Arc<LevelConfiguration>>>,
    /// Of the callers who are members.
    memberships: HashMap<MemberKey, Understood<Membership>>,
    standings: HashMap<MemberKey, Understood<MemberStanding>>,
}

impl Found {
    /// Sorts a statement's answer by what it was asked.
    ///
    /// # Errors
    /// `Corrupt` when the answer is none to what was asked.
    pub(super) fn add(
        &mut self,
        (levels, callers, standings): Answer,
        Asked { mut communities, callers: all_callers, users }: Asked,
        cache: &LevelsCache,
    ) -> Result<(), StoreError> {
        for row in levels {
            let community_id = CommunityId::new(row.community_id);
            let known = communities.remove(&community_id).flatten();
            self.levels.insert(community_id, cache.resolve(row, known).map_err(Arc::new));
        }
        for CallerRow { place, role } in callers {
            let key = at(&all_callers, place)?;
            let membership = membership(ids(key), Some(role)).map_err(Arc::new);
            self.memberships.insert(key, membership);
        }
        for StandingRow { place, total_points, current_level } in standings {
            let key = at(&users, place)?;
            let standing = standing(key.1, (total_points, current_level), &ids(key)).map_err(Arc::new);
            self.standings.insert(key, standing);
        }
        Ok(())
    }

    /// What one caller asked for.
    pub(super) fn view(
        &self,
        community_id: CommunityId,
        reader: Reader,
        users: &[UserId],
    ) -> Result<View, StoreError> {
        let Some(levels) = self.levels.get(&community_id) else { return Ok(None) };
        let membership = reader.user_id().and_then(|user_id| self.memberships.get(&(community_id, user_id)));
        let membership = membership.map_or(Ok(Membership::NotAMember), understood)?;
        let asked = users.iter().filter_map(|user_id| self.standings.get(&(community_id, *user_id)));
        let asked: Result<Vec<MemberStanding>, StoreError> = asked.map(understood).collect();
        Ok(Some(CommunityView { membership, levels: understood(levels)?, asked: asked? }))
    }
}

fn at(keys: &[MemberKey], place: i32) -> Result<MemberKey, StoreError> {
    let key = usize::try_from(place).ok().and_then(|place| keys.get(place));
    key.copied().ok_or_else(|| corrupt("an answer to what was not asked"))
}

fn ids((community_id, user_id): MemberKey) -> [Uuid; 2] {
    [community_id.as_uuid(), user_id.as_uuid()]
}

fn understood<T: Clone>(found: &Understood<T>) -> Result<T, StoreError> {
    found.clone().map_err(|error| shared(&error))
}
