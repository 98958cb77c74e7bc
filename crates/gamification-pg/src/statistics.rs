//! Numbers of what is stored, and of the connections to it, for operators.

use diesel::{
    QueryDsl,
    sql_types::{BigInt, Text},
};
use diesel_async::SimpleAsyncConnection;
use gamification_app::ports::{PlannerStatistics, Statistics, StoreError};
use gamification_domain::LevelNumber;
use time::OffsetDateTime;

use crate::{
    PgStore,
    error::{corrupt, misread, store_error},
    schema::{leaderboard_progress, level_counts},
    sending,
    statement::{Plain, record, statements},
};

record! {
    /// How many members are at a level.
    struct LevelMembersRow: Read {
        level: i16 => level_counts::level,
        members: i64 => Plain<BigInt>,
    }
}

record! {
    /// A table that has grown.
    struct GrownTableRow: Read {
        name: String => Plain<Text>,
    }
}

statements! {
    /// Our own tables with ten times the rows that they had when they were last analyzed, or vacuumed, and a thousand at
    /// least: what has fewer is read in no time, whatever the plan. Only rows that are committed are counted: ANALYZE does
    /// not see those of a transaction that still fills a table, and would hold its full pages for empty.
    struct SelectGrownTables {} -> GrownTableRow
    = "SELECT c.relname::text AS name FROM pg_class AS c
       WHERE c.relnamespace = to_regnamespace(current_schema()) AND c.relkind = 'r' AND pg_has_role(c.relowner, 'USAGE')
         AND pg_stat_get_live_tuples(c.oid) > GREATEST(c.reltuples * 10, 1000)";

    /// Nine rows of sums over a row for each community and level: cheap next to counting members.
    struct SelectMembersByLevel {} -> LevelMembersRow
    = "SELECT level, SUM(members)::bigint AS members FROM level_counts GROUP BY level";
}

impl TryFrom<LevelMembersRow> for (LevelNumber, u64) {
    type Error = StoreError;

    fn try_from(LevelMembersRow { level, members }: LevelMembersRow) -> Result<Self, StoreError> {
        let level = LevelNumber::new(i64::from(level)).map_err(misread!(level_counts::level, []))?;
        Ok((level, u64::try_from(members).map_err(corrupt)?))
    }
}

/// What the name of a table may be in a statement of its own: it comes from the catalog.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl PlannerStatistics for PgStore {
    async fn analyze_grown_tables(&self) -> Result<(), StoreError> {
        let is_distributed = self.is_distributed().await?;
        let mut session = self.session().await?;
        let grown: Vec<GrownTableRow> =
            sending::rows(&mut session, is_distributed, SelectGrownTables {}).await?;
        for GrownTableRow { name } in grown {
            let analyze = format!("ANALYZE (SKIP_LOCKED) {}", quoted(&name));
            session.batch_execute(&analyze).await.map_err(store_error)?;
        }
        session.give_back();
        Ok(())
    }
}

impl Statistics for PgStore {
    async fn members_by_level(&self) -> Result<Vec<(LevelNumber, u64)>, StoreError> {
        self.read(SelectMembersByLevel {}).await
    }

    async fn leaderboards_complete_until(&self) -> Result<Option<OffsetDateTime>, StoreError> {
        let progress = leaderboard_progress::table.select(leaderboard_progress::complete_until);
        let complete_until: Option<Option<OffsetDateTime>> = self.first(progress).await?;
        Ok(complete_until.flatten())
    }
}
