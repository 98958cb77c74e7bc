//! What is left of erased users' ids is replaced.

use std::time::Duration;

use super::Job;
use crate::{
    Clock,
    commands::sweep_erasures,
    ports::{Queries, Store, StoreError},
};

/// Sweeps communities where users were erased, right after that, and where a killed process has left a sweep unfinished.
pub struct Erasures<S, C> {
    store: S,
    clock: C,
}

impl<S, C> Erasures<S, C> {
    /// Sweeps the communities of a store.
    #[must_use]
    pub const fn new(store: S, clock: C) -> Self {
        Self { store, clock }
    }
}

impl<S: Store + Queries, C: Clock> Job for Erasures<S, C> {
    const NAME: &'static str = "sweeping after erasures";
    /// A look is a read of a table that is all but always empty.
    const PERIOD: Duration = Duration::from_secs(1);

    async fn run_once(&mut self) -> Result<(), StoreError> {
        sweep_erasures(&self.store, &self.clock).await
    }
}
