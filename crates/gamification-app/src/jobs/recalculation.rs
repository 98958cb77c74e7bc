//! Changes of thresholds that a killed process has left unfinished are carried out.

use std::time::Duration;

use super::Job;
use crate::{
    Clock, IdGenerator,
    commands::resume_recalculations,
    ports::{Queries, Store, StoreError},
};

/// When no transaction has worked on a recalculation for so long, the process that began it is gone: a chunk takes far
/// less.
const IDLE: Duration = Duration::from_secs(5);

/// Resumes recalculations that no process works on any more.
pub struct Recalculation<S, E> {
    store: S,
    system: E,
}

impl<S, E> Recalculation<S, E> {
    /// Resumes the recalculations of a store.
    #[must_use]
    pub const fn new(store: S, system: E) -> Self {
        Self { store, system }
    }
}

impl<S: Store + Queries, E: Clock + IdGenerator> Job for Recalculation<S, E> {
    const NAME: &'static str = "resuming recalculations";
    const PERIOD: Duration = IDLE;

    async fn run_once(&mut self) -> Result<(), StoreError> {
        resume_recalculations(&self.store, &self.system, self.system.now() - IDLE).await
    }
}
