//! Is the caller an admin? Asked before what they sent is looked at; commands check again in their transaction.

use gamification_domain::MemberKey;

use crate::{access, ports::Queries, queries::ReadError};

/// Lets admins of the community through.
///
/// # Errors
/// [`ReadError`], the first that applies.
pub async fn authorize_admin(queries: &impl Queries, caller: MemberKey) -> Result<(), ReadError> {
    Ok(access::admin(queries.membership(caller).await?)?)
}
