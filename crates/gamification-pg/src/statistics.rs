//! What operators are told of everything that is stored, and of the way to it.

use diesel::sql_types::{BigInt, SmallInt};
use diesel_async::RunQueryDsl;
use gamification_app::ports::{Statistics, StoreError};
use gamification_domain::LevelNumber;

use crate::{
    PgStore,
    error::{corrupt, store_error},
    statement::statement,
};

statement! {
    /// Nine rows of sums over a row for each community and level: cheap next to counting members.
    SelectMembersByLevel {} -> (SmallInt, BigInt)
    "SELECT level, SUM(members)::bigint FROM level_counts GROUP BY level"
}

impl Statistics for PgStore {
    async fn members_by_level(&self) -> Result<Vec<(LevelNumber, u64)>, StoreError> {
        let mut connection = self.connection().await?;
        let rows: Vec<(i16, i64)> =
            SelectMembersByLevel {}.load(&mut *connection).await.map_err(store_error)?;
        let row = |(level, members): (i16, i64)| {
            let level = LevelNumber::new(i64::from(level)).map_err(corrupt)?;
            Ok((level, u64::try_from(members).map_err(corrupt)?))
        };
        rows.into_iter().map(row).collect()
    }
}

/// How busy a pool of connections is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUsage {
    /// The most connections it may open.
    pub limit: usize,
    /// How many are open.
    pub size: usize,
    /// How many of them are used.
    pub in_use: usize,
    /// How many of them are free.
    pub idle: usize,
    /// How many wait for one.
    pub waiting: usize,
}

impl PgStore {
    /// How busy the pool is at this moment.
    #[must_use]
    pub fn pool_usage(&self) -> PoolUsage {
        let status = self.pool_status();
        PoolUsage {
            limit: status.max_size,
            size: status.size,
            in_use: status.size.saturating_sub(status.available),
            idle: status.available,
            waiting: status.waiting,
        }
    }
}
