//! Tables that have grown many times over are analyzed anew.

use std::time::Duration;

use super::Job;
use crate::ports::{PlannerStatistics, StoreError};

/// Lets the database look again at tables that are many times as large as when it last did.
///
/// A statement is planned once for a connection, by what is known of its tables then. On a table that is all but empty the
/// cheapest plan reads all of it, and stays so while a first import or a restored backup fills it. PostgreSQL looks for
/// itself once a minute; until then such plans take longer with every row.
pub struct TableGrowth<S> {
    statistics: S,
}

impl<S> TableGrowth<S> {
    /// Has the tables of a store analyzed.
    #[must_use]
    pub const fn new(statistics: S) -> Self {
        Self { statistics }
    }
}

impl<S: PlannerStatistics> Job for TableGrowth<S> {
    const NAME: &'static str = "analyzing tables that have grown";
    const PERIOD: Duration = Duration::from_secs(1);

    async fn run_once(&mut self) -> Result<(), StoreError> {
        self.statistics.analyze_grown_tables().await
    }
}
