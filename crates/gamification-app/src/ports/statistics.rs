//! Numbers about everything that is stored, for operators.

use std::future::Future;

use gamification_domain::LevelNumber;
use time::OffsetDateTime;

use super::StoreError;

/// What the database knows of its tables when it plans statements.
pub trait PlannerStatistics: Send + Sync + 'static {
    /// Has tables analyzed that are many times as large as when they last were. Statements that are planned already are
    /// planned anew then, in all processes.
    fn analyze_grown_tables(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Numbers over all communities, for metrics.
pub trait Statistics: Send + Sync + 'static {
    /// How many present members each level has; levels that no member ever had may be missing.
    fn members_by_level(&self) -> impl Future<Output = Result<Vec<(LevelNumber, u64)>, StoreError>> + Send;

    /// The moment that leaderboards are complete until; `None` while they have never been built.
    fn leaderboards_complete_until(
        &self,
    ) -> impl Future<Output = Result<Option<OffsetDateTime>, StoreError>> + Send;
}
