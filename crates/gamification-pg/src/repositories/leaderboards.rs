//! The projection of leaderboards: entries by member, and sections of boards.

mod statements;

use std::collections::BTreeSet;

use gamification_app::ports::{
    CommunityRange, DirectoryMember, EntryChange, LEADERBOARD_LAYOUT, LeaderboardProgress,
    LeaderboardRepository, LeaderboardStep, LockedLeaderboards, StoreError, TransactionNumber, WindowSums,
};
use gamification_domain::{
    CommunityId, DirectoryText, LeaderboardEligibility, MemberKey, UserId, WindowStarts,
};
use uuid::Uuid;

#[cfg(test)]
pub(crate) use self::statements::declared;
use self::statements::{
    ChangeEntries, CommunityKeyRow, DeleteEntries, DirectoryMemberRow, DivideSections, EarnedRow,
    EnsureSections, EntryChangeRow, ForgetNumbersToCome, InsertEntries, LockProgress, MergeSections,
    ProgressRow, SaveProgress, SelectDirectoryMembers, SelectEarned, SelectMembersOfStep, SelectStep,
    SelectUndecided, StepRow, TryLockProgress, UndecidedRow,
};
use crate::{
    PgTx,
    connection::DISTRIBUTED_SESSION,
    error::{corrupt, misread, unavailable},
};

/// A section with more members is divided: its members are counted for each rank in it.
const MAX_SECTION: i64 = 1_000;
/// Two neighbours with fewer together become one, which is far from being divided again.
const MAX_MERGED_SECTION: i64 = MAX_SECTION / 2;

/// Nobody waits for this work: a step may take longer than a request, and what a crash of the database takes away is done
/// again from where the boards were.
const PROJECTION_SESSION: &str = "
    SET LOCAL statement_timeout = '10min';
    SET LOCAL synchronous_commit = off;
    SET LOCAL work_mem = '32MB';
";

/// The whole ledger is summed at once, as an audit does it.
const BUILD_SESSION: &str = "
    SET LOCAL statement_timeout = '1h';
    SET LOCAL work_mem = '64MB';
    SET LOCAL plan_cache_mode = auto;
    SET LOCAL enable_seqscan = on;
    SET LOCAL enable_hashjoin = on;
";

/// Ends the settings of [`BUILD_SESSION`] but for those that do no harm.
const AFTER_BUILD: &str = "
    SET LOCAL plan_cache_mode = force_generic_plan;
    SET LOCAL enable_seqscan = off;
    SET LOCAL enable_hashjoin = off;
";

impl ProgressRow {
    /// Where there are boards at all. A number that no transaction has had yet is of another installation.
    fn progress(&self) -> Option<LeaderboardProgress> {
        let position = self.xid.filter(|xid| self.is_ours && *xid <= self.none_begun)?;
        Some(LeaderboardProgress {
            position: TransactionNumber(position),
            starts: WindowStarts { seven_day: self.seven_day_start?, thirty_day: self.thirty_day_start? },
            complete_until: self.complete_until?,
            next_complete: self.next_xid.map(TransactionNumber).zip(self.next_complete_until),
        })
    }
}

impl From<ProgressRow> for LockedLeaderboards {
    fn from(row: ProgressRow) -> Self {
        Self {
            progress: row.progress(),
            all_ended: TransactionNumber(row.all_ended),
            none_begun: TransactionNumber(row.none_begun),
            now: row.now,
        }
    }
}

impl From<EarnedRow> for (MemberKey, WindowSums) {
    fn from(EarnedRow { community_id, user_id, seven_day, thirty_day, all_time }: EarnedRow) -> Self {
        let key = (CommunityId::new(community_id), UserId::new(user_id));
        (key, WindowSums { seven_day, thirty_day, all_time })
    }
}

impl TryFrom<DirectoryMemberRow> for DirectoryMember {
    type Error = StoreError;

    fn try_from(row: DirectoryMemberRow) -> Result<Self, StoreError> {
        let DirectoryMemberRow {
            community_id,
            user_id,
            display_name,
            is_present,
            is_listed,
            role,
            exclude_admins,
        } = row;
        let display_name = display_name.map(|name| DirectoryText::parse(&name)).transpose();
        // A text that names no role makes nobody an admin, and holds up nobody's boards.
        let role = role.parse().unwrap_or_default();
        let eligibility =
            LeaderboardEligibility { is_present, is_listed, role, excludes_admins: exclude_admins };
        Ok(Self {
            key: (CommunityId::new(community_id), UserId::new(user_id)),
            display_name: display_name
                .map_err(misread!(community_members::display_name, [community_id, user_id]))?,
            is_listed: eligibility.is_eligible(),
        })
    }
}

impl From<&EntryChange> for EntryChangeRow {
    fn from(EntryChange { key: (community_id, user_id), sums, listing }: &EntryChange) -> Self {
        let WindowSums { seven_day, thirty_day, all_time } = *sums;
        Self {
            community_id: community_id.as_uuid(),
            user_id: user_id.as_uuid(),
            sort_name: listing.as_ref().map(|(sort_name, _)| sort_name.as_bytes().to_owned()),
            is_listed: listing.as_ref().map(|(_, is_listed)| *is_listed),
            seven_day,
            thirty_day,
            all_time,
        }
    }
}

impl From<CommunityId> for CommunityKeyRow {
    fn from(community_id: CommunityId) -> Self {
        Self { community_id: community_id.as_uuid() }
    }
}

impl PgTx {
    /// In a distributed database, nothing of a transaction is taken in before it has ended on each machine.
    async fn ended_everywhere(
        &mut self,
        locked: LockedLeaderboards,
    ) -> Result<LockedLeaderboards, StoreError> {
        if !self.is_distributed() {
            return Ok(locked);
        }
        let LockedLeaderboards { all_ended, .. } = locked;
        match self.row(SelectUndecided {}).await? {
            Some(UndecidedRow { is_known: true, oldest }) => {
                let all_ended = oldest.map_or(all_ended, |oldest| all_ended.min(TransactionNumber(oldest)));
                // What is in the boards has ended; names of prepared transactions may come again after a restart.
                let position = locked.progress.as_ref().map(|progress| progress.position);
                let all_ended = position.map_or(all_ended, |position| all_ended.max(position));
                Ok(LockedLeaderboards { all_ended, ..locked })
            }
            _ => Err(unavailable("a machine can't be asked for what it has prepared")),
        }
    }
}

impl LeaderboardRepository for PgTx {
    async fn try_lock_leaderboards(&mut self) -> Result<Option<LockedLeaderboards>, StoreError> {
        self.batch_later(PROJECTION_SESSION);
        let locked = self.row(TryLockProgress { layout: LEADERBOARD_LAYOUT }).await?;
        match locked {
            Some(locked) => self.ended_everywhere(locked.into()).await.map(Some),
            None => Ok(None),
        }
    }

    async fn lock_leaderboards(&mut self) -> Result<LockedLeaderboards, StoreError> {
        self.batch_later(PROJECTION_SESSION);
        let locked = self.row(LockProgress { layout: LEADERBOARD_LAYOUT }).await?;
        let locked = locked.ok_or_else(|| corrupt("leaderboard_progress has no row"))?;
        self.ended_everywhere(locked.into()).await
    }

    async fn next_leaderboard_step(
        &mut self,
        aim: LeaderboardStep,
        limit: i64,
    ) -> Result<LeaderboardStep, StoreError> {
        let LeaderboardStep { transactions: (since, until), starts: (before, after) } = aim;
        let select = SelectStep {
            since: since.0,
            aim: until.0,
            seven_day_since: before.seven_day,
            seven_day_aim: after.seven_day,
            thirty_day_since: before.thirty_day,
            thirty_day_aim: after.thirty_day,
            limit,
        };
        let row = self.row(select).await?.ok_or_else(|| corrupt("a step has no end"))?;
        let StepRow { until, seven_day_until, thirty_day_until } = row;
        let after = WindowStarts { seven_day: seven_day_until, thirty_day: thirty_day_until };
        Ok(LeaderboardStep { transactions: (since, TransactionNumber(until)), starts: (before, after) })
    }

    async fn earned_in_step(
        &mut self,
        step: LeaderboardStep,
    ) -> Result<Vec<(MemberKey, WindowSums)>, StoreError> {
        let LeaderboardStep { transactions: (since, until), starts: (before, after) } = step;
        let select = SelectEarned {
            since: since.0,
            until: until.0,
            seven_day_since: before.seven_day,
            seven_day_until: after.seven_day,
            thirty_day_since: before.thirty_day,
            thirty_day_until: after.thirty_day,
        };
        Ok(self.rows(select).await?.into_iter().map(Into::into).collect())
    }

    async fn members_in_step(
        &mut self,
        step: LeaderboardStep,
        (community_id, user_id): MemberKey,
        limit: i64,
    ) -> Result<Vec<DirectoryMember>, StoreError> {
        let (since, until) = step.transactions;
        let (community_id, user_id) = (community_id.as_uuid(), user_id.as_uuid());
        let select = SelectMembersOfStep { since: since.0, until: until.0, community_id, user_id, limit };
        self.read(select).await
    }

    async fn change_leaderboard_entries(&mut self, changes: &[EntryChange]) -> Result<(), StoreError> {
        let communities: BTreeSet<CommunityId> = changes.iter().map(|change| change.key.0).collect();
        let ids: Vec<Uuid> = communities.iter().map(|community| community.as_uuid()).collect();
        self.run(EnsureSections { new: communities.into_iter().collect() });
        self.run(ChangeEntries { change: changes.into() });
        let mut to_divide = ids.clone();
        while !to_divide.is_empty() {
            let divided = self.rows(DivideSections { communities: to_divide, max: MAX_SECTION }).await?;
            to_divide = divided.into_iter().map(|CommunityKeyRow { community_id }| community_id).collect();
        }
        self.run(MergeSections { communities: ids, max: MAX_MERGED_SECTION });
        Ok(())
    }

    async fn reset_leaderboards(
        &mut self,
        (first, last): CommunityRange,
        position: TransactionNumber,
        starts: WindowStarts,
    ) -> Result<(), StoreError> {
        let (first, last) = (first.as_uuid(), last.as_uuid());
        self.batch_later(BUILD_SESSION);
        self.run(ForgetNumbersToCome {});
        self.run(DeleteEntries { first, last });
        self.run(InsertEntries {
            first,
            last,
            position: position.0,
            seven_day_start: starts.seven_day,
            thirty_day_start: starts.thirty_day,
        });
        self.batch(AFTER_BUILD).await?;
        if self.is_distributed() { self.batch(DISTRIBUTED_SESSION).await } else { Ok(()) }
    }

    async fn directory_members(
        &mut self,
        (community_id, user_id): MemberKey,
        last: CommunityId,
        limit: i64,
    ) -> Result<Vec<DirectoryMember>, StoreError> {
        let select = SelectDirectoryMembers {
            community_id: community_id.as_uuid(),
            user_id: user_id.as_uuid(),
            last: last.as_uuid(),
            limit,
        };
        self.read(select).await
    }

    async fn save_leaderboard_progress(&mut self, progress: &LeaderboardProgress) -> Result<(), StoreError> {
        let LeaderboardProgress { position, starts, complete_until, next_complete } = *progress;
        self.run(SaveProgress {
            xid: position.0,
            seven_day_start: starts.seven_day,
            thirty_day_start: starts.thirty_day,
            complete_until,
            next_xid: next_complete.map(|(number, _)| number.0),
            next_complete_until: next_complete.map(|(_, moment)| moment),
            layout: LEADERBOARD_LAYOUT,
        });
        Ok(())
    }
}
