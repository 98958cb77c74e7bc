//! The names by which members are found.

use std::future::Future;

use gamification_domain::MemberKey;

use super::StoreError;

/// The names by which members are found.
pub trait MemberNames: Send + Sync + 'static {
    /// Makes them for at most so many members who have none, since they were in the directory before there were such
    /// names. Gives whether there may be more.
    fn name_members(&self, limit: u16) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Takes those of some members away, so that they are made anew.
    fn unname_members(&self, members: &[MemberKey]) -> impl Future<Output = Result<(), StoreError>> + Send;
}
