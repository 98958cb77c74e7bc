//! Is the caller an admin? Asked before anybody looks at what they sent; commands check again in their transaction.

use gamification_domain::MemberKey;

use crate::{
    access::{self, AccessDenied},
    ports::{Queries, StoreError},
};

/// Why the caller is turned away.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizeAdminError {
    /// The caller may not.
    #[error(transparent)]
    AccessDenied(#[from] AccessDenied),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Lets admins of the community through.
///
/// # Errors
/// [`AuthorizeAdminError`], the first that applies.
pub async fn authorize_admin(queries: &impl Queries, caller: MemberKey) -> Result<(), AuthorizeAdminError> {
    Ok(access::admin(queries.membership(caller).await?)?)
}
