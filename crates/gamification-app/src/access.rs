//! Who may do what: checked by every command and query in the same order.

use gamification_domain::{MemberPoints, Role};

use crate::ports::{CommunityView, Membership};

/// Why a caller is turned away, in the order it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessDenied {
    /// No event named this community.
    #[error("Community not found")]
    CommunityNotFound,
    /// The caller is not a member of the community, or not any more.
    #[error("Only members of the community may do this")]
    NotAMember,
    /// The caller is a member without the role `ADMIN`.
    #[error("Only admins of the community may do this")]
    NotAnAdmin,
}

/// Lets members in, with their own points.
pub(crate) fn member<T>(
    view: Option<CommunityView<T>>,
) -> Result<(MemberPoints, CommunityView<T>), AccessDenied> {
    let mut view = view.ok_or(AccessDenied::CommunityNotFound)?;
    match (view.membership, view.own.take()) {
        (Membership::Member(_), Some(own)) => Ok((own, view)),
        _ => Err(AccessDenied::NotAMember),
    }
}

/// Lets admins in.
///
/// # Errors
/// [`AccessDenied`], the first that applies.
pub(crate) fn admin(membership: Membership) -> Result<(), AccessDenied> {
    match membership {
        Membership::CommunityUnknown => Err(AccessDenied::CommunityNotFound),
        Membership::NotAMember => Err(AccessDenied::NotAMember),
        Membership::Member(Role::Admin) => Ok(()),
        Membership::Member(Role::Member | Role::Moderator) => Err(AccessDenied::NotAnAdmin),
    }
}
