//! Members who were there before an upgrade are found by name.

use std::time::Duration;

use super::Job;
use crate::{
    commands::name_members,
    ports::{MemberNames as Names, StoreError},
};

/// Makes the names by which members are found, of those whom the directory had before it kept such names: once, after the
/// upgrade to the first version that does.
pub struct MemberNames<S> {
    store: S,
}

impl<S> MemberNames<S> {
    /// Names the members of a store.
    #[must_use]
    pub const fn new(store: S) -> Self {
        Self { store }
    }
}

impl<S: Names> Job for MemberNames<S> {
    const NAME: &'static str = "making names that members are found by";
    const PERIOD: Duration = Duration::from_secs(60);

    async fn run_once(&mut self) -> Result<(), StoreError> {
        name_members(&self.store).await
    }
}
